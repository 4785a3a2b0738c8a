//! Many connections at once.
//!
//! A connection that fails concerns itself; running out of descriptors makes newcomers wait, and
//! is said once. Only the machine's own failures, a signal or the deadline end the server.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use coax_net::{Endings, Framing, Listener, SocketError, SocketErrorKind, Stream, echo};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{Args, exec, one};
use crate::duration;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::{Closed, Connected, SessionArgs, Signals, verdict};

/// How soon a connection is tried again when descriptors ran out.
const AGAIN: Duration = Duration::from_millis(100);

/// Echo or a command for each, apart from all others.
pub(super) async fn each_alone(
    listener: &Listener,
    args: &Args,
    signals: Signals,
    out: &Out,
) -> Result<(), Failure> {
    let framing = args.session.framing_for(listener.kind());
    let task = |id, stream| alone(id, stream, args.clone(), framing, *out);
    many(listener, args, signals, out, std::future::pending(), task).await
}

async fn alone(
    id: u64,
    stream: Stream,
    args: Args,
    framing: Framing,
    out: Out,
) -> Result<(), Failure> {
    out.report(&Connected::of(Some(id), &stream))?;
    one::greet(&stream, &args, framing).await;
    let peer = stream.peer().to_string();
    let never = std::future::pending();
    let ending = match &args.exec {
        Some(command) => exec::run(stream, id, command, &args.session, never).await?,
        None => echo(stream, per_connection(&args.session), never).await,
    };
    out.report(&Closed::of(Some(id), &peer, &ending))?;
    verdict(ending, &peer, &args.session)
}

/// The deadline is the server's; the idle time is each connection's.
pub(super) fn per_connection(session: &SessionArgs) -> Endings {
    Endings { deadline: None, ..session.endings(false) }
}

/// Accepts until `over`, a signal or the deadline; `task` serves each connection.
pub(super) async fn many<F, T>(
    listener: &Listener,
    args: &Args,
    mut signals: Signals,
    out: &Out,
    over: impl Future<Output = Result<(), Failure>>,
    mut task: F,
) -> Result<(), Failure>
where
    F: FnMut(u64, Stream) -> T,
    T: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let most = args.max.map_or(usize::MAX, |max| max as usize);
    let mut tasks = JoinSet::new();
    let mut queue = Queue::default();
    let (mut over, mut late) = (pin!(over), pin!(late(args.session.deadline)));
    loop {
        tokio::select! {
            accepted = queue.next(listener, args, out), if tasks.len() < most => {
                if let Some((id, stream)) = accepted? {
                    tasks.spawn(task(id, stream));
                }
            }
            Some(done) = tasks.join_next() => after(done, out)?,
            done = &mut over => return done,
            () = signals.any() => return Err(signals.failure()),
            () = &mut late => return Ok(()),
        }
    }
}

async fn late(deadline: Option<Duration>) {
    match deadline {
        Some(deadline) => sleep_until(Instant::now() + deadline).await,
        None => std::future::pending().await,
    }
}

/// Who comes next.
#[derive(Default)]
struct Queue {
    served: u64,
    said_full: bool,
}

impl Queue {
    /// The next connection and its number; `None` when descriptors ran out just now.
    async fn next(
        &mut self,
        listener: &Listener,
        args: &Args,
        out: &Out,
    ) -> Result<Option<(u64, Stream)>, Failure> {
        let accepted = match args.timeout.filter(|_| self.served == 0) {
            Some(limit) => timeout(limit, listener.accept()).await.map_err(|_| nobody(limit))?,
            None => listener.accept().await,
        };
        match accepted {
            Ok(stream) => {
                self.served += 1;
                self.said_full = false;
                Ok(Some((self.served, stream)))
            }
            Err(error) if is_shortage(&error) => {
                if !std::mem::replace(&mut self.said_full, true) {
                    out.talk(&format!("coax: {error}; newcomers wait"));
                }
                sleep(AGAIN).await;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn is_shortage(error: &SocketError) -> bool {
    matches!(error.kind(), SocketErrorKind::TooManyDescriptors | SocketErrorKind::OutOfMemory)
}

pub(super) fn nobody(limit: Duration) -> Failure {
    let limit = duration::words(limit);
    Failure::new(Exit::Network, format!("nobody connected within {limit}"))
}

/// One connection's failure is said with `-v`; the machine's ends the server.
fn after(done: Result<Result<(), Failure>, JoinError>, out: &Out) -> Result<(), Failure> {
    match done {
        Ok(Ok(())) => {}
        Ok(Err(failure)) if failure.is_ours() => return Err(failure),
        Ok(Err(failure)) if out.is_verbose() => out.talk(&format!("coax: {}", failure.message)),
        Ok(Err(_)) => {}
        Err(error) => out.talk(&format!("coax: a connection ended by our mistake: {error}")),
    }
    Ok(())
}
