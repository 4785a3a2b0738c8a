//! Where an answer sends the client instead (RFC 9110 §15.4).
//!
//! What is secret stays with the origin it was meant for: whoever has left it once never tells it
//! again on this way. Encryption is not given up unless that was asked for.
//!
//! Nothing here sends anything.

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::error::{FetchErrorKind, Trouble, without_credentials};
use crate::origin::Origin;

/// What is asked for now, somewhere on the way from the first URL to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) origin: Origin,
    /// Whether the request's body and what describes it go along.
    pub(crate) with_body: bool,
    /// Whether all the way led through the first origin alone: then its secrets may go along.
    pub(crate) at_home: bool,
}

impl Ask {
    /// The beginning of a way.
    pub(crate) fn first(method: &Method, url: &Url, zone: Option<&str>) -> Result<Ask, Trouble> {
        let origin = Origin::of(url)?.on(zone.map(str::to_owned));
        Ok(Ask { method: method.clone(), url: url.clone(), origin, with_body: true, at_home: true })
    }

    /// Where the answer sends the client; `None` if it is an answer.
    pub(crate) fn next(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        may_downgrade: bool,
    ) -> Result<Option<Ask>, Trouble> {
        let Some(method) = method_after(status, &self.method) else { return Ok(None) };
        let Some(location) = headers.get(LOCATION) else { return Ok(None) };
        // Servers write UTF-8 where only ASCII is allowed.
        let location = String::from_utf8_lossy(location.as_bytes());
        let refused = |why: String| Trouble::new(FetchErrorKind::Redirects, why);
        let mut url = self.url.join(&location).map_err(|_| {
            let shown: String = location.chars().take(80).collect();
            refused(format!("it redirects to what is not a URL: '{}'", shown.escape_debug()))
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(format!(
                "it redirects to {}, which is neither http nor https",
                without_credentials(&url)
            )));
        }
        if self.origin.secure && url.scheme() == "http" && !may_downgrade {
            return Err(refused(format!(
                "it redirects to {}, which is not encrypted",
                without_credentials(&url)
            )));
        }
        strip(&mut url);
        let origin = Origin::of(&url).map_err(|trouble| refused(trouble.why))?;
        // The same address is on the same network card.
        let zone = self.origin.zone.clone().filter(|_| origin.host == self.origin.host);
        let origin = origin.on(zone);
        let at_home = self.at_home && origin == self.origin;
        let with_body = self.with_body && method == self.method;
        Ok(Some(Ask { method, url, origin, with_body, at_home }))
    }
}

/// A server does not choose who the client says it is.
pub(crate) fn strip(url: &mut Url) {
    // Only a URL without a host refuses, and it has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
}

/// With what to ask again. Clients have always turned POST into GET for 301 and 302.
fn method_after(status: StatusCode, method: &Method) -> Option<Method> {
    match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if method == Method::POST => {
            Some(Method::GET)
        }
        StatusCode::SEE_OTHER if method != Method::HEAD => Some(Method::GET),
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::SEE_OTHER
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => Some(method.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(from: &str, method: Method, status: u16, to: &str) -> Result<Option<Ask>, String> {
        let ask = Ask::first(&method, &from.parse().unwrap(), None).unwrap();
        let headers = HeaderMap::from_iter([(LOCATION, to.parse().unwrap())]);
        let status = StatusCode::from_u16(status).unwrap();
        ask.next(status, &headers, false).map_err(|trouble| trouble.why)
    }

    #[test]
    fn each_status_says_with_what_to_ask_again() {
        let table = [
            (301, "GET", Some("GET")),
            (301, "POST", Some("GET")),
            (301, "PUT", Some("PUT")),
            (302, "POST", Some("GET")),
            (302, "HEAD", Some("HEAD")),
            (303, "POST", Some("GET")),
            (303, "PUT", Some("GET")),
            (303, "HEAD", Some("HEAD")),
            (307, "POST", Some("POST")),
            (308, "DELETE", Some("DELETE")),
            (300, "GET", None),
            (304, "GET", None),
            (200, "GET", None),
        ];
        for (status, method, then) in table {
            let found = next("http://h/a", method.parse().unwrap(), status, "b").unwrap();
            let found = found.as_ref().map(|ask| (ask.method.as_str(), ask.with_body));
            assert_eq!(found, then.map(|then| (then, then == method)), "{status} {method}");
        }
    }

    #[test]
    fn a_location_is_relative_to_where_it_was_said() {
        let table = [
            ("http://h/a/b?c", "d", "http://h/a/d", true),
            ("http://h/a/b", "/d?e#f", "http://h/d?e", true),
            ("http://h:80/", "http://H/x", "http://h/x", true),
            ("http://h/", "//other/x", "http://other/x", false),
            ("http://h/", "http://h:81/", "http://h:81/", false),
            ("http://h/", "https://h/", "https://h/", false),
            ("http://h/", "http://me:secret@h/", "http://h/", true),
        ];
        for (from, to, then, at_home) in table {
            let ask = next(from, Method::GET, 302, to).unwrap().unwrap();
            assert_eq!((ask.url.as_str(), ask.at_home), (then, at_home), "{from} {to}");
        }
    }

    #[test]
    fn what_has_left_home_never_comes_back() {
        let home = Ask::first(&Method::GET, &"http://h/".parse().unwrap(), None).unwrap();
        let to = |ask: &Ask, to: &str| {
            let headers = HeaderMap::from_iter([(LOCATION, to.parse().unwrap())]);
            ask.next(StatusCode::FOUND, &headers, false).unwrap().unwrap()
        };
        let away = to(&home, "http://other/");
        assert!(!to(&away, "http://h/").at_home);
    }

    #[test]
    fn a_way_that_must_not_be_gone_is_refused() {
        let table = [
            ("https://h/", "http://h/", "it redirects to http://h/, which is not encrypted"),
            (
                "http://h/",
                "ftp://u:p@h/x",
                "it redirects to ftp://h/x, which is neither http nor https",
            ),
            (
                "http://h/",
                "file:///etc/passwd",
                "it redirects to file:///etc/passwd, which is neither http nor https",
            ),
            ("http://h/", "http://", "it redirects to what is not a URL: 'http://'"),
        ];
        for (from, to, why) in table {
            assert_eq!(next(from, Method::GET, 302, to), Err(why.to_owned()));
        }
    }
}
