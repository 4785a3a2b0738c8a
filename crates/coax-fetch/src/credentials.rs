//! Saying who one is: Basic authentication (RFC 7617) from wherever a login is found.
//!
//! What the caller wrote wins over the URL, the URL over netrc. What is made here is marked
//! sensitive, so that no log shows it.
//!
//! Nothing here decides who may hear it.

use data_encoding::BASE64;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::netrc::Netrc;
use crate::request::Credentials;

impl Credentials {
    /// `user:password`, or a user alone, who has an empty password then.
    pub fn parse(text: &str) -> Credentials {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Credentials { user: user.to_owned(), password: password.to_owned() }
    }

    /// Those in a URL, with `%XX` decoded.
    pub(crate) fn of(url: &Url) -> Option<Credentials> {
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let named = !url.username().is_empty() || url.password().is_some();
        named.then(|| Credentials {
            user: decoded(url.username()),
            password: decoded(url.password().unwrap_or_default()),
        })
    }

    /// As the value of an Authorization header.
    pub(crate) fn basic(&self) -> HeaderValue {
        let plain = format!("{}:{}", self.user, self.password);
        let coded = format!("Basic {}", BASE64.encode(plain.as_bytes()));
        let mut value = HeaderValue::try_from(coded).expect("base64 is printable ASCII");
        value.set_sensitive(true);
        value
    }
}

/// Who asks for `url`; a user without a password gets it from netrc.
pub(crate) fn who(
    given: Option<&Credentials>,
    url: &Url,
    netrc: Option<&Netrc>,
) -> Option<Credentials> {
    if let Some(given) = given {
        return Some(given.clone());
    }
    let own = Credentials::of(url);
    if url.password().is_some() {
        return own;
    }
    let user = own.as_ref().map(|own| own.user.as_str());
    let host = url.host_str().unwrap_or_default();
    netrc.and_then(|netrc| netrc.find(host, user, true)).or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_login_counts() {
        let netrc = Netrc::parse("machine h login me password n1 machine h login you password n2");
        let netrc = netrc.unwrap();
        let table = [
            ("http://h/", None, Some("me:n1")),
            ("http://you@h/", None, Some("you:n2")),
            ("http://they@h/", None, Some("they:")),
            ("http://a%40b:c%3Ad@h/", None, Some("a@b:c:d")),
            ("http://:secret@h/", None, Some(":secret")),
            ("http://other/", None, None),
            ("http://me@h/", Some("x:y:z"), Some("x:y:z")),
            ("http://h/", Some("x"), Some("x:")),
        ];
        for (url, given, found) in table {
            let given = given.map(Credentials::parse);
            let found_now = who(given.as_ref(), &url.parse().unwrap(), Some(&netrc));
            let shown = found_now.map(|it| format!("{}:{}", it.user, it.password));
            assert_eq!(shown.as_deref(), found, "{url}");
        }
    }

    #[test]
    fn basic_is_as_the_rfc_has_it_and_hidden() {
        let value = Credentials::parse("Aladdin:open sesame").basic();
        assert_eq!(value.as_bytes(), b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(value.is_sensitive());
    }
}
