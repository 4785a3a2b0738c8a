//! Which ports: `22,80-90,http,https,top:100,-`.

/// A set of port numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSet {}

/// Why a text is not a port set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSetError {}
