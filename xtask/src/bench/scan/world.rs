//! Two namespaces joined by a cable, with a truth to be found out.
//!
//! The far one has open ports, closed ones that are answered with a reset, and filtered ones whose
//! probes are dropped. The cable may lose packets at random, each way at the end that receives, so
//! that no sender is told.
//!
//! Nothing here scans.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use super::answer::State;
use super::space::Space;

/// The cable's ends.
const NEAR: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub(super) const FAR: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// Ports that have a truth: 1 to this.
pub(super) const PORTS: u16 = 10_000;
/// Of these, open.
pub(super) const OPEN: u16 = 40;

/// The two namespaces, and the listeners of the far one.
pub(super) struct World {
    pub(super) near: Space,
    pub(super) far: Space,
    listeners: Listeners,
}

/// What listens. Nobody accepts during a turn: the kernel makes connections without that.
pub(super) struct Listeners(Vec<TcpListener>);

impl World {
    /// A world whose cable loses `loss` packets of 100 each way.
    pub(super) fn new(loss: u8) -> Result<World, String> {
        let (near, far) = (Space::new()?, Space::new()?);
        near.call("ip", &format!("link add near type veth peer name far netns {}", far.id()))?;
        for (space, name, address) in [(&near, "near", NEAR), (&far, "far", FAR)] {
            space.call("ip", &format!("address add {address}/24 dev {name}"))?;
            space.call("ip", &format!("link set {name} up"))?;
            space.tell("nft", "-f -", &loses(name, loss))?;
        }
        far.tell("nft", "-f -", &filter())?;
        let open = (1..=PORTS).filter(|&port| truth(port) == State::Open);
        let places = open.map(|port| (FAR, port).into()).collect::<Vec<_>>();
        let listeners = far.inside(|| Listeners::open(&places))?;
        Ok(World { near, far, listeners })
    }

    /// Between two turns.
    pub(super) fn tidy(&self) {
        self.listeners.drain();
    }
}

/// What a port of the far end is: every second hundred is filtered, and of the other fifty
/// hundreds, forty have one open port, each at another place.
pub(super) fn truth(port: u16) -> State {
    let (hundred, place) = ((port - 1) / 100, (port - 1) % 100);
    match hundred % 2 == 1 {
        true => State::Filtered,
        false if hundred / 2 < OPEN && place == hundred * 37 % 100 => State::Open,
        false => State::Closed,
    }
}

/// The same for one who knows addresses.
pub(super) fn truth_at(place: SocketAddr) -> State {
    match place.ip() == IpAddr::from(FAR) && (1..=PORTS).contains(&place.port()) {
        true => truth(place.port()),
        false => State::Closed,
    }
}

fn loses(name: &str, percent: u8) -> String {
    format!(
        "table ip cable {{\n chain lose {{\n  type filter hook prerouting priority -300\n  \
         iifname \"{name}\" numgen random mod 100 < {percent} drop\n }}\n}}\n"
    )
}

fn filter() -> String {
    let hundreds = (1..=PORTS).filter(|port| port % 100 == 1 && truth(*port) == State::Filtered);
    let ranges = hundreds.map(|first| format!("{first}-{}", first + 99)).collect::<Vec<_>>();
    format!(
        "table ip wall {{\n chain filter {{\n  type filter hook input priority 0\n  \
         tcp dport {{ {} }} drop\n }}\n}}\n",
        ranges.join(", ")
    )
}

impl Listeners {
    /// Listens at `places`, in the namespace of this thread.
    pub(super) fn open(places: &[SocketAddr]) -> Result<Listeners, String> {
        let listen = |place: &SocketAddr| {
            let listener = TcpListener::bind(place)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listeners = places.iter().map(listen).collect::<std::io::Result<_>>();
        Ok(Listeners(listeners.map_err(|error| format!("cannot listen: {error}"))?))
    }

    /// Ends what was connected, so that the next turn finds room.
    pub(super) fn drain(&self) {
        for listener in &self.0 {
            loop {
                match listener.accept() {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // A caller that has left already is one less.
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_ports_are_open_and_five_thousand_filtered() {
        let count = |state| (1..=PORTS).filter(|&port| truth(port) == state).count();
        let counts = [State::Open, State::Closed, State::Filtered].map(count);
        assert_eq!(counts, [40, 4960, 5000]);
    }
}
