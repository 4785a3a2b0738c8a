//! What happens because time passed.
//!
//! A connection that never registers ends; one from which nothing comes is asked, and ends when it
//! does not answer. A whole server is looked at in microseconds, so there is no timer for each.
//!
//! Nothing here looks at a clock.

use super::Hub;
use super::client::{ClientId, Way};
use super::effects::Effects;
use super::note::Cause;
use super::time::Time;

/// Proxies in front of a page end a connection on which nothing was said for a minute (nginx:
/// `proxy_read_timeout 60s`), some after half of it.
const WEB_PING_SECONDS: u64 = 25;

/// What is due for one client.
enum Due {
    Unregistered,
    Ask,
    Silent,
}

impl Hub {
    pub(super) fn tick(&mut self, now: Time, effects: &mut Effects) {
        self.forget_lives(now, effects);
        self.keep_again(now, effects);
        self.keep_time(now, effects);
        let due = self.clients.all().filter_map(|who| Some((who, self.due(now, who)?)));
        for (who, due) in due.collect::<Vec<_>>() {
            let mut turn = self.turn(now, who, effects);
            match due {
                Due::Unregistered => turn.close(Cause::Unregistered, "Registration timed out"),
                Due::Silent => turn.close(Cause::Silent, "Ping timeout"),
                Due::Ask => {
                    turn.me_mut().pinged = now;
                    let server = turn.hub.settings.server_name.clone();
                    turn.bare(who, "PING", &server);
                }
            }
        }
    }

    fn due(&self, now: Time, who: ClientId) -> Option<Due> {
        let client = self.clients.get(who);
        let settings = &self.settings;
        if !client.is_registered() {
            let late = now.since(client.since) > settings.registration_seconds * 1000;
            return late.then_some(Due::Unregistered);
        }
        if client.pinged != Time::default() {
            let patience = settings.ping_seconds + settings.ping_grace_seconds;
            // One that was asked early has no less time than the others.
            let silent = now.since(client.pinged) > settings.ping_grace_seconds * 1000
                && now.since(client.heard) > patience * 1000;
            return silent.then_some(Due::Silent);
        }
        let quiet = match client.origin.way {
            Way::WebSocket => settings.ping_seconds.min(WEB_PING_SECONDS),
            Way::Irc | Way::Plain => settings.ping_seconds,
        };
        (now.since(client.heard) > quiet * 1000).then_some(Due::Ask)
    }
}
