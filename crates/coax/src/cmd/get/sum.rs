//! What `--sha256` says a file must be: digits, or a list that is somewhere.
//!
//! A list is read before anything is fetched, so that a wrong one costs nothing.
//!
//! Nothing here computes a sum.

use std::path::Path;

use coax_fetch::{Client, Request, Sha256, Sum, Sums, Url};

use super::plan;
use crate::failure::{Exit, Failure, exit_of_status};

/// A list of sums of a whole distribution has less.
const LONGEST: usize = 64 << 20;

pub(super) async fn read(text: &str, client: &Client, urls: usize) -> Result<Sum, Failure> {
    if let Ok(sum) = text.parse::<Sha256>() {
        return match urls {
            1 => Ok(Sum::Is(sum)),
            _ => {
                let why = "one SHA-256 cannot be that of several URLs";
                Err(Failure::new(Exit::Usage, why).hint("--sha256 FILE, a list of them"))
            }
        };
    }
    let list = match text.contains("://") {
        true => fetch(text, client).await?,
        false => plan::read(Path::new(text))?,
    };
    let sums = Sums::parse(&String::from_utf8_lossy(&list));
    match sums.is_empty() {
        true => {
            let why = format!("'{text}' holds no SHA-256 sum");
            Err(Failure::new(Exit::Usage, why).hint("64 hexadecimal digits, or a SHA256SUMS"))
        }
        false => Ok(Sum::Listed(sums)),
    }
}

async fn fetch(text: &str, client: &Client) -> Result<Vec<u8>, Failure> {
    let url = Url::parse(text)
        .map_err(|error| Failure::new(Exit::Usage, format!("invalid URL '{text}': {error}")))?;
    let mut response = client.send(&Request::get(url)).await?;
    if !response.status.is_success() {
        let status = response.status.as_u16();
        let why = format!("cannot fetch {}: the server says {status}", response.url);
        return Err(Failure::new(exit_of_status(response.status.as_u16()), why));
    }
    let mut list = Vec::new();
    while let Some(chunk) = response.body.chunk().await? {
        list.extend_from_slice(&chunk);
        if list.len() > LONGEST {
            let why = format!("{} is too long for a list of sums", response.url);
            return Err(Failure::new(Exit::Untrusted, why));
        }
    }
    Ok(list)
}
