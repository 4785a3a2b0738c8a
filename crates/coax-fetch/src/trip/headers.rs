//! The headers a request goes out with.
//!
//! What the caller wrote stands instead of what every request has. What is secret goes to the origin
//! it was meant for, and nowhere a redirect leads.
//!
//! Nothing here knows HTTP/1.1 from HTTP/2.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE,
    Entry, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION, RANGE, TRANSFER_ENCODING,
    USER_AGENT,
};
use http::{HeaderMap, Method};

use super::Trip;
use crate::credentials::who;
use crate::decode::OFFERED;
use crate::error::{FetchErrorKind, Trouble};
use crate::redirect::Ask;
use crate::route::Route;

/// For the first origin alone.
const SECRET: [HeaderName; 3] = [AUTHORIZATION, COOKIE, HOST];

/// Say something of a body that goes along no more.
const OF_BODY: [HeaderName; 4] =
    [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING];

impl Trip<'_> {
    /// Whether codings are offered. Of a coded body a range means nothing.
    pub(super) fn decodes(&self) -> bool {
        self.request.decode && !self.request.headers.contains_key(RANGE)
    }

    pub(super) fn headers(&self, ask: &Ask, route: &Route) -> Result<HeaderMap, Trouble> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, text(&ask.origin.authority())?);
        headers.insert(USER_AGENT, text(&self.shared.options.user_agent)?);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let codings = if self.decodes() { OFFERED } else { "identity" };
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(codings));
        self.add_given(&mut headers, ask, route);
        self.add_cookies(&mut headers, ask);
        self.add_login(&mut headers, ask);
        self.add_length(&mut headers, ask);
        if let Some(user) = route.forwards().and_then(|proxy| proxy.user.as_ref()) {
            headers.insert(PROXY_AUTHORIZATION, user.basic());
        }
        Ok(headers)
    }

    fn add_given(&self, headers: &mut HeaderMap, ask: &Ask, route: &Route) {
        let given = &self.request.headers;
        let stays = |name: &&HeaderName| {
            (ask.at_home || !SECRET.contains(name))
                && (ask.with_body || !OF_BODY.contains(name))
                && (route.forwards().is_some() || **name != PROXY_AUTHORIZATION)
                // How a request is sent is not the caller's to say: it would not be true.
                && **name != TRANSFER_ENCODING
                && **name != CONTENT_LENGTH
        };
        for name in given.keys().filter(stays) {
            headers.remove(name);
            for value in given.get_all(name) {
                headers.append(name, value.clone());
            }
        }
    }

    /// Those of the servers beside those of the caller.
    fn add_cookies(&self, headers: &mut HeaderMap, ask: &Ask) {
        let Some(kept) = self.shared.cookies.of(&ask.origin, &ask.url) else { return };
        let given = headers.get(COOKIE).map(|given| [given.as_bytes(), b"; "].concat());
        let all = [given.unwrap_or_default(), kept.into_bytes()].concat();
        if let Ok(mut value) = HeaderValue::from_bytes(&all) {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
    }

    fn add_login(&self, headers: &mut HeaderMap, ask: &Ask) {
        let netrc = self.shared.options.netrc.as_deref();
        let login = match ask.at_home {
            true => who(self.request.user.as_ref(), &self.request.url, netrc),
            // A redirect may lead anywhere: only a machine that is named gets its login there.
            false => netrc
                .and_then(|netrc| netrc.find(ask.url.host_str().unwrap_or_default(), None, false)),
        };
        if let (Some(login), Entry::Vacant(place)) = (login, headers.entry(AUTHORIZATION)) {
            place.insert(login.basic());
        }
    }

    fn add_length(&self, headers: &mut HeaderMap, ask: &Ask) {
        let body = self.request.body.as_ref().filter(|_| ask.with_body);
        let due = matches!(ask.method, Method::POST | Method::PUT | Method::PATCH);
        if body.is_some() || due {
            headers.insert(CONTENT_LENGTH, body.map_or(0, bytes::Bytes::len).into());
        }
    }
}

fn text(text: &str) -> Result<HeaderValue, Trouble> {
    let bad = || Trouble::new(FetchErrorKind::Invalid, "a header cannot hold such text");
    HeaderValue::from_str(text).map_err(|_| bad())
}
