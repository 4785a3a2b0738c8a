//! Making a connection along a route: dial, tunnel, TLS.
//!
//! One deadline holds over all of it. Each phase writes down when it was over, also if a later one
//! fails. Dropping the future closes what was half done.
//!
//! Nothing here knows what will be asked for.

use std::time::Duration;

use coax_addr::Endpoint;
use coax_net::{Dial, Dialed, Stream};
use tokio::time::{Instant, timeout_at};

use crate::client::Shared;
use crate::error::{FetchErrorKind, Trouble};
use crate::h1::{Io, Wire};
use crate::origin::Origin;
use crate::response::Hop;
use crate::route::Route;

/// When the request was sent off: what all times are counted from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(pub(crate) Instant);

impl Clock {
    pub(crate) fn now(self) -> Duration {
        self.0.elapsed()
    }
}

/// A connection along `route`; `hop` learns how it came about.
pub(crate) async fn connect(
    shared: &Shared,
    route: &Route,
    clock: Clock,
    hop: &mut Hop,
) -> Result<Wire, Trouble> {
    let Route::Direct(origin) = route;
    let until = Instant::now() + shared.options.timeout;
    let stream = dial(shared, &origin.endpoint(), clock, hop).await?;
    let peer = stream.peer().clone();
    let io = match origin.secure {
        true => secure(shared, stream, origin, until, clock, hop).await?,
        false => Io::Plain(stream),
    };
    Ok(Wire::new(io, peer))
}

async fn dial(
    shared: &Shared,
    endpoint: &Endpoint,
    clock: Clock,
    hop: &mut Hop,
) -> Result<Stream, Trouble> {
    let options = &shared.options;
    let dial = Dial {
        wanted: options.wanted,
        timeout: Some(options.timeout),
        ..Dial::new(&*options.resolver)
    };
    let dialed = dial.connect(endpoint).await;
    let report = match &dialed {
        Ok(dialed) => &dialed.report,
        Err(error) => error.report(),
    };
    hop.phases.named = report.resolved_in.map(|took| hop.phases.started + took);
    let Dialed { socket, peer, .. } = dialed.map_err(|error| Trouble::from(&error))?;
    hop.phases.connected = Some(clock.now());
    hop.peer = Some(peer.clone());
    Stream::new(socket, peer).map_err(|error| Trouble::from(&error))
}

async fn secure(
    shared: &Shared,
    stream: Stream,
    origin: &Origin,
    until: Instant,
    clock: Clock,
    hop: &mut Hop,
) -> Result<Io, Trouble> {
    let shaken = timeout_at(until, shared.tls.connect(stream, &origin.name())).await;
    let silent = "it does not answer the TLS handshake";
    let stream = shaken
        .map_err(|_| Trouble::new(FetchErrorKind::Timeout, silent))?
        .map_err(|error| Trouble::from(&error))?;
    hop.phases.secured = Some(clock.now());
    Ok(Io::Secure(Box::new(stream)))
}
