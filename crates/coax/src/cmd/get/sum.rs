//! What `--sha256` says a file must be: digits, or a list that is somewhere.
//!
//! A list is read before anything is fetched, so that a wrong one costs nothing.
//!
//! Nothing here computes a sum.

use std::path::Path;

use coax_fetch::{Client, Request, Sha256, Sum, Sums};

use super::{address, input};
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
    if let Some(name) = other_sum(text.as_bytes()) {
        let why = format!("that is a sum of {name}, and only SHA-256 is compared");
        return Err(Failure::new(Exit::Usage, why).hint("64 hexadecimal digits, or a SHA256SUMS"));
    }
    let list = match text.contains("://") {
        true => fetch(text, client).await?,
        false => input::read(Path::new(text))?,
    };
    let sums = Sums::parse(&String::from_utf8_lossy(&list));
    match sums.is_empty() {
        true => {
            let shown = coax_addr::shown(text);
            let why = match other_sum(&list) {
                Some(name) => format!("'{shown}' holds {name} sums, and only SHA-256 is compared"),
                None => format!("'{shown}' holds no SHA-256 sum"),
            };
            Err(Failure::new(Exit::Usage, why).hint("64 hexadecimal digits, or a SHA256SUMS"))
        }
        false => Ok(Sum::Listed(sums)),
    }
}

/// What other kind of sum begins the first line that has one.
fn other_sum(list: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(list);
    let words = text.lines().flat_map(|line| line.split([' ', '\t', ':', '=']));
    words.filter(|word| word.bytes().all(|byte| byte.is_ascii_hexdigit())).find_map(|word| {
        match word.len() {
            32 => Some("MD5"),
            40 => Some("SHA-1"),
            96 => Some("SHA-384"),
            128 => Some("SHA-512"),
            _ => None,
        }
    })
}

async fn fetch(text: &str, client: &Client) -> Result<Vec<u8>, Failure> {
    let url = address::url(text)?;
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
