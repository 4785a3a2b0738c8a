//! A chat server in a few lines, at a free port of localhost until it is killed.
//!
//! `cargo run --release -p coax-chat --example serve`

#![allow(clippy::print_stdout, reason = "a tool for people at a terminal")]

use std::rc::Rc;

use coax_addr::{Endpoint, ServiceTable};
use coax_chat::{Memory, Serve, Settings};
use coax_net::{Listen, SystemResolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = std::env::args().nth(1).unwrap_or_else(|| "localhost:0".to_owned());
    let endpoint = Endpoint::parse(&place, &ServiceTable::iana())?;
    let listener = Listen::default().on(&endpoint, &SystemResolver::default()).await?;
    listener.addresses().for_each(|address| println!("listening on {address}"));
    let settings = Settings { flood_burst: 0, sendq: 64 << 20, ..Settings::default() };
    let folder = std::env::args().nth(2).map(std::path::PathBuf::from);
    let memory = Memory::open(folder.as_deref(), 8, 1)?;
    let serve = Serve {
        tls: None,
        known: memory.known()?,
        memory: Rc::new(memory),
        reread: Box::new(|| Ok(Settings::default())),
        tell: Rc::new(|told| println!("{told:?}")),
        settings,
        tls: None,
    };
    serve.run(vec![listener], std::future::pending).await;
    Ok(())
}
