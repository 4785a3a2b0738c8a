//! Proxies, as the environment names them.
//!
//! `http_proxy`, `https_proxy` and `all_proxy` name one for a scheme or for both, `no_proxy` says for
//! whom there is none. Lower case wins over upper case. `HTTP_PROXY` in upper case is not read: to a
//! CGI program that is a header of its visitor. A proxy that cannot be used is an error only for a
//! URL that would go through it.
//!
//! Nothing here connects.

mod exceptions;

use std::env;

use url::Url;

use crate::error::{FetchErrorKind, Trouble, without_credentials};
use crate::origin::Origin;
use crate::request::Credentials;

use exceptions::Exceptions;

/// Which URL goes through which proxy. The default has none.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<String>,
    https: Option<String>,
    except: Exceptions,
}

/// An HTTP proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    pub(crate) origin: Origin,
    pub(crate) user: Option<Credentials>,
}

impl Proxies {
    /// What the environment of this process says.
    pub fn of_the_environment() -> Proxies {
        Proxies::of(|name| env::var(name).ok())
    }

    /// What these variables say.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Proxies {
        let set = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| variable(name));
            // Set to nothing, a variable hides the upper case one.
            values.next().filter(|value| !value.trim().is_empty())
        };
        let all = set(&["all_proxy", "ALL_PROXY"]);
        Proxies {
            http: set(&["http_proxy"]).or_else(|| all.clone()),
            https: set(&["https_proxy", "HTTPS_PROXY"]).or(all),
            except: Exceptions::parse(&set(&["no_proxy", "NO_PROXY"]).unwrap_or_default()),
        }
    }

    /// One for every URL: `http://user:password@host:port`, or less of it.
    pub fn all(proxy: &str) -> Proxies {
        let proxy = Some(proxy.to_owned());
        Proxies { http: proxy.clone(), https: proxy, except: Exceptions::default() }
    }

    /// The proxy before `origin`.
    pub(crate) fn before(&self, origin: &Origin) -> Result<Option<Proxy>, Trouble> {
        let named = if origin.secure { &self.https } else { &self.http };
        match named {
            Some(named) if !self.except.has(origin) => Proxy::parse(named).map(Some),
            _ => Ok(None),
        }
    }
}

impl Proxy {
    fn parse(text: &str) -> Result<Proxy, Trouble> {
        let text = text.trim();
        let invalid = |why: String| Trouble::new(FetchErrorKind::Invalid, why);
        let whole = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let unread = "its proxy is not one like http://host:port";
        let url = Url::parse(&whole).map_err(|_| invalid(unread.to_owned()))?;
        if url.scheme() != "http" {
            let shown = without_credentials(&url);
            return Err(invalid(format!("its proxy must be one that speaks http, not {shown}")));
        }
        let origin = Origin::of(&url)?;
        Ok(Proxy { origin, user: Credentials::of(&url) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], url: &str) -> Result<Option<String>, String> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let origin = Origin::of(&url.parse().unwrap()).unwrap();
        match Proxies::of(lookup).before(&origin) {
            Ok(proxy) => Ok(proxy.map(|proxy| proxy.origin.to_string())),
            Err(trouble) => Err(trouble.why),
        }
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let p = "http://p:3128";
        let table = [
            (&[("http_proxy", "p:3128")][..], "http://h/", Some(p)),
            (&[("http_proxy", "p:3128")], "https://h/", None),
            (&[("HTTP_PROXY", "p:3128")], "http://h/", None),
            (&[("https_proxy", "http://u:x@p:3128/")], "https://h/", Some(p)),
            (&[("HTTPS_PROXY", "p:3128")], "https://h/", Some(p)),
            (&[("https_proxy", ""), ("HTTPS_PROXY", "p:3128")], "https://h/", None),
            (&[("https_proxy", "p:1"), ("HTTPS_PROXY", "p:2")], "https://h/", Some("http://p:1")),
            (&[("ALL_PROXY", "p:3128")], "http://h/", Some(p)),
            (&[("all_proxy", "p:3128"), ("http_proxy", "q")], "http://h/", Some("http://q")),
            (&[("all_proxy", "p:3128"), ("no_proxy", "h")], "http://h/", None),
            (&[("http_proxy", "[::1]:3128")], "http://h/", Some("http://[::1]:3128")),
        ];
        for (variables, url, proxy) in table {
            assert_eq!(of(variables, url), Ok(proxy.map(str::to_owned)), "{variables:?} {url}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_without_its_password() {
        let socks = &[("all_proxy", "socks5://u:secret@p:1080")];
        let why = "its proxy must be one that speaks http, not socks5://p:1080";
        assert_eq!(of(socks, "http://h/"), Err(why.to_owned()));
        let unread = "its proxy is not one like http://host:port".to_owned();
        assert_eq!(of(&[("http_proxy", "u:secret@p:x")], "http://h/"), Err(unread));
    }
}
