//! The way to a page: straight to its origin, or through something before it.
//!
//! Two requests may share a connection exactly when their routes are equal.
//!
//! Nothing here connects.

use crate::client::ClientOptions;
use crate::error::Trouble;
use crate::origin::Origin;
use crate::proxies::Proxy;

/// The way to a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// To its origin.
    Direct(Origin),
    /// To a proxy that fetches pages of any origin, in the clear.
    Forward(Proxy),
    /// Through a proxy to the origin, which alone understands what is said.
    Tunnel(Proxy, Origin),
    /// To the one socket that stands for every origin.
    Unix(Origin),
}

impl Route {
    pub(crate) fn to(origin: &Origin, options: &ClientOptions) -> Result<Route, Trouble> {
        if options.unix.is_some() {
            return Ok(Route::Unix(origin.clone()));
        }
        Ok(match options.proxies.before(origin)? {
            None => Route::Direct(origin.clone()),
            Some(proxy) if origin.secure => Route::Tunnel(proxy, origin.clone()),
            Some(proxy) => Route::Forward(proxy),
        })
    }

    /// The proxy that is spoken to.
    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        match self {
            Route::Forward(proxy) | Route::Tunnel(proxy, _) => Some(proxy),
            Route::Direct(_) | Route::Unix(_) => None,
        }
    }

    /// The proxy, if it is to be told the whole URL.
    pub(crate) fn forwards(&self) -> Option<&Proxy> {
        match self {
            Route::Forward(proxy) => Some(proxy),
            _ => None,
        }
    }

    /// Whether TLS is spoken at its end.
    pub(crate) fn is_secure(&self) -> bool {
        match self {
            Route::Direct(origin) | Route::Tunnel(_, origin) | Route::Unix(origin) => origin.secure,
            Route::Forward(_) => false,
        }
    }
}
