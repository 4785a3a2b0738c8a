//! One connection, then done.
//!
//! As soon as it is there nobody else is let in, so that a second client is refused at once
//! instead of waiting in a queue that is never served.
//!
//! How the connection came about is the listener's business, how it ends the session's.

use std::time::Duration;

use coax_net::{Framing, How, Listener, Stream, echo};
use tokio::time::timeout;

use super::{Args, exec};
use crate::duration::{self, Deadline, late};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::{self, Closed, Connected, Signals, verdict};

pub(super) async fn serve(
    listener: Listener,
    args: &Args,
    mut signals: Signals,
    out: &Out,
) -> Result<(), Failure> {
    let kind = listener.kind();
    let stream = tokio::select! {
        stream = first(&listener, args) => stream?,
        () = signals.any() => return Err(signals.failure()),
        () = late(args.session.deadline) => return Err(nobody(args.session.deadline)),
    };
    drop(listener);
    args.keep_alive(&stream);
    out.report(&Connected::of(None, &stream))?;
    let framing = args.session.framing_for(kind);
    tokio::select! {
        () = greet(&stream, args, framing) => {}
        () = signals.any() => return Err(signals.failure()),
        () = late(args.session.deadline) => {}
    }
    if !args.echo && args.exec.is_none() {
        return session::converse(stream, kind, &args.session, &mut signals, out).await;
    }
    let peer = stream.peer().to_string();
    let endings = args.session.endings(false);
    let (ending, finish) = match &args.exec {
        Some(command) => {
            let stop = signals.any();
            let (ending, finish) =
                exec::run(stream, 1, command, &args.session, framing, endings, stop).await?;
            (ending, Some((finish, command)))
        }
        None => (echo(stream, endings, signals.any()).await, None),
    };
    let closed = Closed::of(None, &peer, &ending);
    out.report(&closed.command(finish.map(|(finish, _)| finish)))?;
    if matches!(ending.how, How::Stopped) {
        return Err(signals.failure());
    }
    verdict(ending, &peer, &args.session)?;
    finish.map_or(Ok(()), |(finish, command)| exec::verdict(finish, command))
}

async fn first(listener: &Listener, args: &Args) -> Result<Stream, Failure> {
    let Some(limit) = args.timeout else { return Ok(listener.accept().await?) };
    Ok(timeout(limit, listener.accept()).await.map_err(|_| nobody_within(limit))??)
}

fn nobody(deadline: Option<Deadline>) -> Failure {
    let limit = deadline.map(Deadline::words).unwrap_or_default();
    Failure::new(Exit::Network, format!("nobody connected within {limit}"))
}

pub(super) fn nobody_within(limit: Duration) -> Failure {
    let limit = duration::words(limit);
    Failure::new(Exit::Network, format!("nobody connected within {limit}"))
}

/// Sends the greeting. A peer that is gone already shows it in the session.
pub(super) async fn greet(stream: &Stream, args: &Args, framing: Framing) {
    if let Some(bytes) = greeting(args, framing) {
        let _ = stream.descriptor().write_all(&bytes).await;
    }
}

/// The greeting as a message. Bytes as they come would run into the next ones, so it is a line
/// there, unless it ends as one already.
pub(super) fn greeting(args: &Args, framing: Framing) -> Option<Vec<u8>> {
    let text = args.greet.as_ref()?;
    let framing = match framing {
        Framing::Raw if args.session.crlf => Framing::Crlf,
        Framing::Raw => Framing::Line,
        framing => framing,
    };
    let lines = match framing {
        Framing::Line | Framing::Crlf => {
            text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
        }
        _ => vec![text.as_str()],
    };
    let mut bytes = Vec::new();
    for line in lines {
        framing.encode_text(line.as_bytes(), &mut bytes);
    }
    Some(bytes)
}
