//! Patience with wrong passwords: after some, one has to wait, and longer each time.
//!
//! It is counted for the address and for the account. An attempt costs when it begins and is paid
//! back when it was right, so a hundred at the same time are a hundred. An attempt that comes too
//! early is refused and costs nothing, so nobody can keep an account shut for ever; and an address
//! from which the owner signed in before does not wait for what strangers did to the account.
//!
//! Nothing here sees a password.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::clients::fold;
use super::note::{Means, Note};
use super::time::Time;
use super::turn::Turn;

/// Most that are remembered; the least guilty are forgotten first.
const MOST: usize = 2048;

/// The longest wait because of an account, in milliseconds: its owner may be the one who waits.
const LONGEST_FOR_ACCOUNT: u64 = 60_000;

/// The longest wait because of an address.
const LONGEST_FOR_ADDRESS: u64 = 15 * 60_000;

/// Half of what was wrong is forgiven each time that so much passes without another.
const FORGIVING: u64 = 30 * 60_000;

/// How many addresses of an account's owner are known.
const HOMES: usize = 4;

/// One address may be wrong so many times more often than one account: many may share it.
const PER_ADDRESS: u32 = 3;

/// What was wrong, and when last.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    times: u32,
    last: Time,
}

/// Who gave wrong passwords, and for what.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    addresses: BTreeMap<Box<str>, Wrong>,
    accounts: BTreeMap<Box<str>, Wrong>,
    /// From where an account's owner came in before.
    homes: BTreeMap<Box<str>, VecDeque<Box<str>>>,
}

impl Patience {
    /// Begins an attempt: it is charged.
    ///
    /// # Errors
    ///
    /// How many milliseconds are to pass first. Nothing is charged then.
    pub(crate) fn begin(
        &mut self,
        now: Time,
        free: u32,
        address: &str,
        account: &str,
    ) -> Result<(), u64> {
        if free == 0 {
            return Ok(());
        }
        let (home, place) = (self.is_home(address, account), neighbourhood(address));
        let of_address = self.addresses.get(&*place).map_or(0, |wrong| {
            wrong.wait(now, free.saturating_mul(PER_ADDRESS), LONGEST_FOR_ADDRESS)
        });
        let of_account = self.accounts.get(account).filter(|_| !home);
        let of_account = of_account.map_or(0, |it| it.wait(now, free, LONGEST_FOR_ACCOUNT));
        match of_address.max(of_account) {
            0 => {
                charge(&mut self.addresses, &place, now);
                charge(&mut self.accounts, account, now);
                Ok(())
            }
            wait => Err(wait),
        }
    }

    /// It was the right password: what the attempt cost is paid back.
    pub(crate) fn was_right(&mut self, address: &str, account: &str) {
        pay_back(&mut self.addresses, &neighbourhood(address));
        pay_back(&mut self.accounts, account);
        if self.homes.len() >= MOST && !self.homes.contains_key(account) {
            self.homes.pop_first();
        }
        let homes = self.homes.entry(account.into()).or_default();
        homes.retain(|home| **home != *address);
        homes.push_front(address.into());
        homes.truncate(HOMES);
    }

    fn is_home(&self, address: &str, account: &str) -> bool {
        let homes = self.homes.get(account).into_iter().flatten();
        homes.into_iter().any(|home| **home == *address)
    }
}

impl Turn<'_> {
    /// Begins an attempt with a password. The answer to one that comes too early is how many seconds
    /// are to pass first.
    pub(crate) fn may_try(&mut self, means: Means, account: &str) -> Result<(), u64> {
        let (key, address) = (self.tried_for(means, account), self.me().origin.address.clone());
        let free = self.hub.settings.wrong_passwords;
        self.hub.patience.begin(self.now, free, &address, &key).map_err(|wait| {
            let wait = wait.div_ceil(1000);
            let who = self.person_about(account);
            self.hub.counts.tries[means as usize][2] += 1;
            self.note(Note::NotSignedIn { who, means, wait });
            wait
        })
    }

    /// The attempt was right.
    pub(crate) fn tried_rightly(&mut self, means: Means, account: &str) {
        let key = self.tried_for(means, account);
        let address = self.me().origin.address.clone();
        self.hub.counts.tries[means as usize][0] += 1;
        self.hub.patience.was_right(&address, &key);
    }

    /// The attempt was wrong.
    pub(crate) fn tried_wrongly(&mut self, means: Means, account: &str) {
        let who = self.person_about(account);
        self.hub.counts.tries[means as usize][1] += 1;
        self.note(Note::NotSignedIn { who, means, wait: 0 });
    }

    /// What it is counted for: all nicks of an account are one.
    fn tried_for(&self, means: Means, account: &str) -> Box<str> {
        match means {
            // No account has a space in it.
            Means::Oper => format!("oper {account}").into(),
            Means::Sasl | Means::NickServ => {
                let owner = self.hub.accounts.owner(account);
                fold(owner.map_or(account, |owner| &owner.name.shown))
            }
        }
    }
}

impl Wrong {
    /// How many are not forgiven yet.
    fn left(self, now: Time) -> u32 {
        let halvings = now.since(self.last) / FORGIVING;
        self.times.checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX)).unwrap_or(0)
    }

    /// How long one has to wait: a second after the free ones, twice as long after each more.
    fn wait(self, now: Time, free: u32, longest: u64) -> u64 {
        let Some(over) = self.left(now).checked_sub(free) else { return 0 };
        let pause = 1000_u64.checked_shl(over.min(32)).map_or(longest, |it| it.min(longest));
        pause.saturating_sub(now.since(self.last))
    }
}

fn charge(table: &mut BTreeMap<Box<str>, Wrong>, key: &str, now: Time) {
    if table.len() >= MOST && !table.contains_key(key) {
        let least = table.iter().min_by_key(|(_, it)| (it.left(now), it.last));
        let least = least.map(|(key, _)| key.clone());
        least.and_then(|key| table.remove(&key));
    }
    let wrong = table.entry(key.into()).or_insert(Wrong { times: 0, last: now });
    *wrong = Wrong { times: wrong.left(now).saturating_add(1), last: now };
}

fn pay_back(table: &mut BTreeMap<Box<str>, Wrong>, key: &str) {
    let Some(wrong) = table.get_mut(key) else { return };
    wrong.times = wrong.times.saturating_sub(1);
    if wrong.times == 0 {
        table.remove(key);
    }
}

/// Whoever has one address of IPv6 has all that begin with the same 64 bits.
fn neighbourhood(address: &str) -> Box<str> {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::").into()
        }
        _ => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Patience};
    use crate::hub::Time;

    const FREE: u32 = 5;

    /// Tries wrong passwords as fast as it may, and counts those that were looked at.
    fn guesses(patience: &mut Patience, address: &str, account: &str, until: u64) -> usize {
        (0..until)
            .step_by(500)
            .filter(|at| patience.begin(Time(*at), FREE, address, account).is_ok())
            .count()
    }

    #[test]
    fn a_guesser_is_slowed_down_and_never_shut_out() {
        let mut patience = Patience::default();
        let day = 24 * 60 * 60_000;
        let tried = guesses(&mut patience, "192.0.2.1", "ada", day);
        assert!((50..200).contains(&tried), "{tried} in a day");
        // Others know nothing of it.
        assert_eq!(patience.begin(Time(day), FREE, "192.0.2.2", "bob"), Ok(()));
    }

    #[test]
    fn many_addresses_against_one_account_are_slowed_down_as_well() {
        let mut patience = Patience::default();
        let tried = (0..3600_u64)
            .filter(|second| {
                let address = format!("192.0.2.{}", second % 250);
                patience.begin(Time(second * 1000), FREE, &address, "ada").is_ok()
            })
            .count();
        assert!((60..80).contains(&tried), "{tried} in an hour");
    }

    #[test]
    fn the_owner_does_not_wait_where_they_were_before() {
        let mut patience = Patience::default();
        assert_eq!(patience.begin(Time(0), FREE, "198.51.100.7", "ada"), Ok(()));
        patience.was_right("198.51.100.7", "ada");
        for attempt in 0..20 {
            let _ = patience.begin(Time(1), FREE, &format!("192.0.2.{attempt}"), "ada");
        }
        let elsewhere = patience.begin(Time(2), FREE, "203.0.113.1", "ada");
        assert!(elsewhere.is_err_and(|wait| wait <= 60_000), "and not for long");
        assert_eq!(patience.begin(Time(2), FREE, "198.51.100.7", "ada"), Ok(()));
    }

    #[test]
    fn right_passwords_cost_nothing() {
        let mut patience = Patience::default();
        for at in 0..1000 {
            assert_eq!(patience.begin(Time(at), FREE, "192.0.2.1", "ada"), Ok(()));
            patience.was_right("192.0.2.1", "ada");
        }
    }

    #[test]
    fn one_network_of_ipv6_is_one_address() {
        let mut patience = Patience::default();
        let tried = (0..100).filter(|last| {
            let (address, account) = (format!("2001:db8::{last:x}"), format!("account{last}"));
            patience.begin(Time(0), FREE, &address, &account).is_ok()
        });
        assert_eq!(tried.count(), 15);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_guilty_stay() {
        let mut patience = Patience::default();
        for _ in 0..20 {
            let _ = patience.begin(Time(0), FREE, "192.0.2.1", "ada");
        }
        for number in 0..2 * MOST {
            let _ = patience.begin(Time(1), FREE, &format!("host{number}"), &format!("n{number}"));
            patience.was_right(&format!("host{number}"), &format!("right{number}"));
        }
        assert!(patience.accounts.len() <= MOST && patience.addresses.len() <= MOST);
        assert!(patience.homes.len() <= MOST);
        assert!(patience.begin(Time(2), FREE, "192.0.2.9", "ada").is_err());
    }

    #[test]
    fn nothing_is_counted_when_it_is_switched_off() {
        let mut patience = Patience::default();
        assert!((0..100).all(|at| patience.begin(Time(at), 0, "192.0.2.1", "ada").is_ok()));
    }
}
