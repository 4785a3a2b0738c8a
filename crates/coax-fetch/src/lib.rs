//! Bringing a URL to whoever asked for it.
//!
//! A [`Client`] sends a [`Request`] and gives a [`Response`], whose [`Body`] comes in pieces as they
//! arrive. A body is whole when it says so: one that was cut short is an error, never a quiet end.
//! Every attempt and every redirect is a [`Hop`] with its phases, whether it worked or not.
//! A [`Download`] brings a URL to a file, whole, and goes on where an earlier run was interrupted.
//!
//! Nothing here prints.
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
mod cookies;
mod credentials;
mod decode;
mod download;
mod error;
mod growth;
mod h1;
mod h2;
mod io;
mod name;
mod netrc;
mod origin;
mod part;
mod patience;
mod pause;
mod pool;
mod proxies;
mod ranges;
mod rate;
mod redirect;
mod request;
mod response;
mod route;
mod trip;
mod validator;
mod verify;

pub use body::Body;
pub use client::{Client, ClientOptions, HttpVersion};
pub use download::{
    Download, DownloadError, DownloadErrorKind, Fetched, Meter, News, Speed, Sum, Target, Watch,
};
pub use error::{FetchError, FetchErrorKind};
pub use name::of_url as name_of_url;
pub use netrc::Netrc;
pub use proxies::Proxies;
pub use rate::Rate;
pub use request::{Credentials, Request};
pub use response::{Hop, HopOutcome, Phases, Response};
pub use verify::{NoSha256, Sha256, Sums};

/// Addresses of pages.
pub use url::{Position, Url};
/// Small types of HTTP: methods, statuses, versions, headers.
pub use {bytes::Bytes, http};
