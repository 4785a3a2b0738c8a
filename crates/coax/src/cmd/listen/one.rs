//! One connection, then done.
//!
//! As soon as it is there nobody else is let in, so that a second client is refused at once
//! instead of waiting in a queue that is never served.

use coax_net::{Framing, How, Listener, Stream, echo};
use tokio::time::timeout;

use super::{Args, exec, serve};
use crate::failure::Failure;
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
    };
    drop(listener);
    out.report(&Connected::of(None, &stream))?;
    greet(&stream, args, args.session.framing_for(kind)).await;
    if !args.echo && args.exec.is_none() {
        return session::converse(stream, kind, &args.session, &mut signals, out).await;
    }
    let peer = stream.peer().to_string();
    let ending = match &args.exec {
        Some(command) => exec::run(stream, 1, command, &args.session, signals.any()).await?,
        None => echo(stream, args.session.endings(false), signals.any()).await,
    };
    out.report(&Closed::of(None, &peer, &ending))?;
    match ending.how {
        How::Stopped => Err(signals.failure()),
        _ => verdict(ending, &peer, &args.session),
    }
}

async fn first(listener: &Listener, args: &Args) -> Result<Stream, Failure> {
    let Some(limit) = args.timeout else { return Ok(listener.accept().await?) };
    Ok(timeout(limit, listener.accept()).await.map_err(|_| serve::nobody(limit))??)
}

/// Sends the greeting as a message. A peer that is gone already shows it in the session.
pub(super) async fn greet(stream: &Stream, args: &Args, framing: Framing) {
    let Some(text) = &args.greet else { return };
    // Bytes as they come would run into the next ones; a greeting is a line.
    let framing = if framing == Framing::Raw { Framing::Line } else { framing };
    let mut bytes = Vec::new();
    if framing.encode(text.as_bytes(), &mut bytes).is_err() {
        bytes = text.clone().into_bytes();
    }
    let _ = stream.descriptor().write_all(&bytes).await;
}
