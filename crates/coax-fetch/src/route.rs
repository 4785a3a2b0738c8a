//! The way to a page: straight to its origin, or through something before it.
//!
//! Two requests may share a connection exactly when their routes are equal.
//!
//! Nothing here connects.

use crate::origin::Origin;

/// The way to a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// To its origin.
    Direct(Origin),
}
