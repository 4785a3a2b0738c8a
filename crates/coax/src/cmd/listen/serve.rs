//! Many connections at once.
//!
//! A connection that fails concerns itself. Only the machine's own failures, a signal or the
//! deadline end the server, and then every connection is ended in order before it does.
//!
//! Nothing here knows how many there may be: see the queue.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use coax_net::{Endings, Framing, How, Listener, Stream, echo};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use super::queue::{self, Queue};
use super::stop::{Stop, Stopper};
use super::voice::Voice;
use super::{Args, exec, one};
use crate::duration::{Deadline, late};
use crate::failure::Failure;
use crate::out::Out;
use crate::session::{Closed, Connected, SessionArgs, Signals, verdict};

/// How long connections may take to end in order: a command that is slow to obey is the slowest.
const FAREWELL: Duration = Duration::from_secs(3);
/// The same once the deadline has come.
const LAST_MOMENT: Duration = Duration::from_millis(70);

/// Echo or a command for each, apart from all others.
pub(super) async fn each_alone(
    listener: &Listener,
    args: &Args,
    signals: Signals,
    out: &Out,
) -> Result<(), Failure> {
    let cost = match args.exec {
        Some(_) => exec::DESCRIPTORS,
        None => 1,
    };
    if args.exec.is_none() {
        queue::widen();
    }
    let framing = args.session.framing_for(listener.kind());
    let voice = Voice::of_events(out)?;
    let queue = Queue::new(listener, args.room(cost), out);
    let task = |id, stream, stop| alone(id, stream, args.clone(), framing, voice.clone(), stop);
    many(queue, args.session.deadline, signals, out, std::future::pending(), task).await
}

async fn alone(
    id: u64,
    stream: Stream,
    args: Args,
    framing: Framing,
    voice: Voice,
    mut stop: Stop,
) -> Result<(), Failure> {
    args.keep_alive(&stream);
    voice.report(&Connected::of(Some(id), &stream)).await?;
    one::greet(&stream, &args, framing).await;
    let peer = stream.peer().to_string();
    let endings = per_connection(&args.session);
    let (ending, finish) = match &args.exec {
        Some(command) => {
            let serving =
                exec::run(stream, id, command, &args.session, framing, endings, stop.asked());
            match serving.await {
                Ok((ending, finish)) => (ending, Some(finish)),
                // Another command may run, and another connection find the descriptors it needs.
                Err(failure) => {
                    voice.talk(&format!("coax: [{id}] {}", failure.message));
                    return Ok(());
                }
            }
        }
        None => (echo(stream, endings, stop.asked()).await, None),
    };
    voice.report(&Closed::of(Some(id), &peer, &ending).command(finish)).await?;
    match ending.how {
        // What a command does not read is not this machine's failure.
        How::Sink(_) | How::Source(_) => Ok(()),
        _ => verdict(ending, &peer, &args.session),
    }
}

/// The deadline is the server's; the idle time is each connection's.
fn per_connection(session: &SessionArgs) -> Endings {
    Endings { deadline: None, ..session.endings(false) }
}

/// Accepts until `over`, a signal or the deadline; `task` serves each connection.
pub(in crate::cmd) async fn many<F, T>(
    mut queue: Queue<'_>,
    deadline: Option<Deadline>,
    mut signals: Signals,
    out: &Out,
    over: impl Future<Output = Result<(), Failure>>,
    mut task: F,
) -> Result<(), Failure>
where
    F: FnMut(u64, Stream, Stop) -> T,
    T: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let stopper = Stopper::new();
    let (mut over, mut late) = (pin!(over), pin!(late(deadline)));
    let mut farewell = FAREWELL;
    let done = loop {
        let came = tokio::select! {
            next = queue.next(tasks.len()) => next.map(|(id, stream)| {
                tasks.spawn(task(id, stream, stopper.ear()));
            }),
            Some(ended) = tasks.join_next() => after(ended, out),
            done = &mut over => break done,
            () = signals.any() => break Err(signals.failure()),
            () = &mut late => {
                farewell = LAST_MOMENT;
                break Ok(());
            }
        };
        if came.is_err() {
            break came;
        }
    };
    stopper.stop();
    let all = async { while tasks.join_next().await.is_some() {} };
    tokio::select! {
        _ = timeout(farewell, all) => {}
        // Asked twice is meant.
        () = signals.any() => {}
    }
    done
}

/// One connection's failure is said with `-v`; the machine's ends the server.
fn after(ended: Result<Result<(), Failure>, JoinError>, out: &Out) -> Result<(), Failure> {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(failure)) if failure.is_ours() => return Err(failure),
        Ok(Err(failure)) if out.is_verbose() => out.talk(&format!("coax: {}", failure.message)),
        Ok(Err(_)) => {}
        Err(error) => out.talk(&format!("coax: a connection ended by our mistake: {error}")),
    }
    Ok(())
}
