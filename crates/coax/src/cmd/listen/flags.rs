//! Flags that would do nothing beside the others are refused, with the reason. Those that do nothing
//! over a kind of endpoint are refused before, for every verb.
//!
//! Who gives a flag expects something of it; silence would be a wrong answer.
//!
//! Nothing here looks at what a flag's value is.

use coax_addr::Endpoint;
use coax_net::Framing;

use super::Args;
use crate::cmd::connect::is_datagram;
use crate::failure::{Exit, Failure};

/// A flag, and whether it was given.
type Given = (&'static str, bool);

/// Refuses the first flag that would do nothing.
pub(super) fn check(args: &Args, endpoint: &Endpoint) -> Result<(), Failure> {
    if !args.is_many() {
        refuse(&[("--max", args.max.is_some())], "needs --keep-open: else one alone is served")?;
    }
    if !args.is_many() || args.echo || args.exec.is_some() {
        let given = [("--drop-after", args.drop_after.is_some())];
        refuse(&given, "is for what many hear: --broker, or --keep-open without --echo or --exec")?;
    }
    if args.echo {
        refuse(&of_bytes(args, endpoint), "does nothing with --echo: bytes go back as they came")?;
    }
    if args.echo || args.exec.is_some() {
        let by = if args.echo { "--echo" } else { "--exec" };
        refuse(&of_local_ends(args), &format!("does nothing with {by}: no local input or output"))?;
    }
    if args.broker {
        refuse(&[("--send-only", args.session.send_only)], "does nothing with --broker")?;
    }
    Ok(())
}

fn of_bytes(args: &Args, endpoint: &Endpoint) -> [Given; 4] {
    let framed = args.session.framing.is_some_and(|framing| framing != Framing::Raw);
    [
        ("--framing", framed),
        ("--crlf", args.session.crlf),
        // Datagrams go through our hands and can be shown.
        ("--hex", args.session.hex && !is_datagram(endpoint)),
        ("--read-size", args.session.read_size.is_some()),
    ]
}

fn of_local_ends(args: &Args) -> [Given; 3] {
    [
        ("--output", args.session.output().is_some()),
        ("--send-only", args.session.send_only),
        ("--recv-only", args.session.recv_only),
    ]
}

fn refuse(given: &[Given], why: &str) -> Result<(), Failure> {
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Failure::new(Exit::Usage, format!("{flag} {why}"))),
        None => Ok(()),
    }
}
