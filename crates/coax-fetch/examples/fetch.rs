//! Fetches URLs and throws them away, to measure what fetching itself costs.
//!
//! `cargo run --release -p coax-fetch --example fetch -- [-P PARALLEL] URL…`; it says how many bytes
//! and connections there were.
//!
//! Nothing here is part of coax.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is an example")]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use coax_fetch::{Client, ClientOptions, FetchError, Request, Url};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let parallel = match words.first().map(String::as_str) {
        Some("-P") => words.drain(..2).nth(1).and_then(|it| it.parse().ok()).unwrap_or(1),
        _ => 1,
    };
    match fetch_all(words.into(), parallel).await {
        Ok(bytes) => {
            println!("{bytes} bytes");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn fetch_all(urls: Arc<[String]>, parallel: usize) -> Result<u64, FetchError> {
    let client = Client::new(ClientOptions::default())?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..parallel {
        let (client, urls, next) = (client.clone(), urls.clone(), next.clone());
        workers.spawn(async move {
            let mut bytes = 0;
            while let Some(url) = urls.get(next.fetch_add(1, Ordering::Relaxed)) {
                bytes += fetch(&client, url).await?;
            }
            Ok(bytes)
        });
    }
    let mut bytes = 0;
    for worker in workers.join_all().await {
        bytes += worker?;
    }
    Ok(bytes)
}

async fn fetch(client: &Client, url: &str) -> Result<u64, FetchError> {
    let Ok(url) = Url::parse(url) else { return Ok(0) };
    let mut response = client.send(&Request::get(url)).await?;
    let mut bytes = 0;
    while let Some(piece) = response.body.chunk().await? {
        bytes += piece.len() as u64;
    }
    Ok(bytes)
}
