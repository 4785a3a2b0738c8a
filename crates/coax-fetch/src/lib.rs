//! Bringing a URL to whoever asked for it.
//!
//! A [`Client`] sends a [`Request`] and gives a [`Response`], whose [`Body`] comes in pieces as they
//! arrive. A body is whole when it says so: one that was cut short is an error, never a quiet end.
//! Every attempt and every redirect is a [`Hop`] with its phases, whether it worked or not.
//!
//! Nothing here prints or writes files.
//!
//! ```no_run
//! # async fn page() -> Result<(), coax_fetch::FetchError> {
//! use coax_fetch::{Client, ClientOptions, Request};
//!
//! let client = Client::new(ClientOptions::default())?;
//! let mut response = client.send(&Request::get("http://localhost/".parse().unwrap())).await?;
//! while let Some(piece) = response.body.chunk().await? {
//!     println!("{} bytes", piece.len());
//! }
//! # Ok(())
//! # }
//! ```

mod body;
mod client;
mod connect;
mod connection;
mod credentials;
mod decode;
mod error;
mod h1;
mod h2;
mod io;
mod netrc;
mod origin;
mod patience;
mod pool;
mod proxies;
mod redirect;
mod request;
mod response;
mod route;
mod trip;

pub use body::Body;
pub use client::{Client, ClientOptions, HttpVersion};
pub use error::{FetchError, FetchErrorKind};
pub use netrc::Netrc;
pub use proxies::Proxies;
pub use request::{Credentials, Request};
pub use response::{Hop, HopOutcome, Phases, Response};

/// Addresses of pages.
pub use url::Url;
/// Small types of HTTP: methods, statuses, versions, headers.
pub use {bytes::Bytes, http};
