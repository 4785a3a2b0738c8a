//! One throttle for everything that can be guessed: passwords of accounts, of operators, of the
//! server, of gateways, and keys of channels.
//!
//! The guesser is slowed, not the house. A guess is counted three times: for one name from one place,
//! for the place, and for the name wherever it is tried. Many people share a place, so one name counts
//! there a few times at most: a bot with an old password slows itself and not its neighbours. Where a
//! name was got right before, neither its place nor other places can make it wait.
//!
//! A guess costs when it begins and is paid back when it was right, so a hundred at the same time are
//! a hundred. One that comes too early is refused and costs nothing, so no name can be kept shut.
//!
//! Nothing here sees a password.

mod homes;
mod table;

use std::net::IpAddr;

use coax_store::Put;

use super::clients::fold;
use super::cloak::cloak;
use super::input::Keep;
use super::note::{Means, Note};
use super::time::Time;
use super::turn::Turn;
use homes::Homes;
use table::Table;

pub(crate) use homes::SHELF;

/// The longest wait for one name from one place, in milliseconds.
const LONGEST_FOR_PAIR: u64 = 15 * 60_000;

/// The same where the name was got right before: its owner may be the one who waits.
const LONGEST_AT_HOME: u64 = 60_000;

/// The longest wait because of a name, wherever it is tried: that may be its owner, too.
const LONGEST_FOR_NAME: u64 = 60_000;

/// The longest wait because of a place.
const LONGEST_FOR_PLACE: u64 = 5 * 60_000;

/// A place may be wrong so many times more often than one name from it: many may share it.
const PER_PLACE: u32 = 3;

/// How often one name from a place counts for the place.
const SHARE: u32 = 3;

/// A name may be got wrong so many times more often in all than from one place.
const PER_NAME: u32 = 4;

/// What is guessed, from where, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    /// The kind of secret: each kind has a count of its own for a place.
    kind: &'static str,
    /// Whose secret it is: an account, an operator, a channel.
    name: Box<str>,
    /// Who guesses, where many guess the same secret with good reason.
    who: Box<str>,
    /// Where from.
    place: Box<str>,
    /// The same, as it is kept on disk: nobody reads an address there.
    home: Box<str>,
}

impl Guess {
    fn pair(&self) -> Box<str> {
        format!("{} {} {} {}", self.kind, self.name, self.who, self.place).into()
    }

    fn of_place(&self) -> Box<str> {
        format!("{} {}", self.kind, self.place).into()
    }

    fn of_name(&self) -> Box<str> {
        format!("{} {} {}", self.kind, self.name, self.who).into()
    }

    /// Whether the secret is one person's, who must not be shut out from elsewhere.
    fn is_one_persons(&self) -> bool {
        matches!(self.kind, "account" | "oper")
    }
}

/// Why a guess is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Early {
    /// How many milliseconds are to pass first.
    pub(crate) wait: u64,
    /// Whether this is the first one that has to wait, for a while.
    pub(crate) is_first: bool,
}

/// Who guessed wrong, and what.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    pairs: Table,
    places: Table,
    names: Table,
    homes: Homes,
}

impl Patience {
    /// Takes in what was kept: where which name was got right before.
    pub(crate) fn recall(&mut self, kept: Vec<(String, Vec<u8>)>) {
        self.homes.recall(kept);
    }

    /// Begins a guess: it is charged. `free` are the wrong ones before anybody waits; 0 is all.
    ///
    /// # Errors
    ///
    /// How long it has to wait. Nothing is charged then.
    pub(crate) fn begin(&mut self, now: Time, free: u32, guess: &Guess) -> Result<(), Early> {
        if free == 0 {
            return Ok(());
        }
        let is_home = self.homes.has(&guess.of_name(), &guess.home);
        let longest = if is_home { LONGEST_AT_HOME } else { LONGEST_FOR_PAIR };
        let mut early = self.pairs.early(now, &guess.pair(), free, longest);
        if !is_home {
            let (place, free_there) = (guess.of_place(), free.saturating_mul(PER_PLACE));
            let of_place = self.places.early(now, &place, free_there, LONGEST_FOR_PLACE);
            early = early.max_by_wait(of_place);
        }
        if !is_home && guess.is_one_persons() {
            let (name, free_for_it) = (guess.of_name(), free.saturating_mul(PER_NAME));
            let of_name = self.names.early(now, &name, free_for_it, LONGEST_FOR_NAME);
            early = early.max_by_wait(of_name);
        }
        match early {
            Early { wait: 0, .. } => {
                let times = self.pairs.charge(&guess.pair(), now);
                if times <= SHARE {
                    self.places.charge(&guess.of_place(), now);
                }
                if guess.is_one_persons() {
                    self.names.charge(&guess.of_name(), now);
                }
                Ok(())
            }
            early => Err(early),
        }
    }

    /// It was right, or it was not looked at after all: what it cost is paid back.
    pub(crate) fn pay_back(&mut self, guess: &Guess) {
        if self.pairs.pay_back(&guess.pair()) <= SHARE {
            self.places.pay_back(&guess.of_place());
        }
        self.names.pay_back(&guess.of_name());
    }

    /// Forgets where an account was signed in to: it is gone, and the next one of that name is not it.
    /// What is to be kept then.
    pub(crate) fn forget_account(&mut self, key: &str) -> Option<Put> {
        self.homes.forget(&format!("account {key} "))
    }

    /// It was right: from there, that name does not wait for others. What is to be kept of it, if
    /// that is new.
    pub(crate) fn was_right(&mut self, now: Time, guess: &Guess) -> Option<Put> {
        self.pay_back(guess);
        let is_new = self.homes.note(now, &guess.of_name(), &guess.home);
        (is_new && guess.is_one_persons()).then(|| self.homes.put(&guess.of_name()))
    }
}

impl Early {
    pub(crate) const NOT: Early = Early { wait: 0, is_first: false };

    fn max_by_wait(self, other: Early) -> Early {
        if other.wait > self.wait { other } else { self }
    }
}

impl Turn<'_> {
    /// Begins a guess at a secret: of an account, an operator, a channel. The answer to one that
    /// comes too early is how many seconds are to pass first.
    pub(crate) fn may_try(&mut self, means: Means, name: &str) -> Result<(), u64> {
        let guess = self.guess(means, name);
        let free = self.hub.settings.wrong_passwords;
        self.hub.patience.begin(self.now, free, &guess).map_err(|early| {
            let wait = early.wait.div_ceil(1000);
            let who = self.person_about(name);
            self.hub.counts.tries[means as usize][2] += 1;
            self.note(Note::NotSignedIn { who, means, wait, is_first: early.is_first });
            wait
        })
    }

    /// The guess was right.
    pub(crate) fn tried_rightly(&mut self, means: Means, name: &str) {
        let guess = self.guess(means, name);
        self.hub.counts.tries[means as usize][0] += 1;
        if let Some(put) = self.hub.patience.was_right(self.now, &guess) {
            self.keep(Keep::Shelf(put));
        }
    }

    /// The guess was wrong.
    pub(crate) fn tried_wrongly(&mut self, means: Means, name: &str) {
        let who = self.person_about(name);
        self.hub.counts.tries[means as usize][1] += 1;
        self.note(Note::NotSignedIn { who, means, wait: 0, is_first: false });
    }

    /// This machine could not find out whether the guess was right.
    pub(crate) fn not_tried(&mut self, means: Means, name: &str) {
        let guess = self.guess(means, name);
        self.hub.patience.pay_back(&guess);
    }

    fn guess(&self, means: Means, name: &str) -> Guess {
        let me = self.me();
        let (kind, name, who) = match means {
            Means::Oper => ("oper", name.into(), Box::default()),
            // All nicks of an account are one.
            Means::Sasl | Means::NickServ => {
                let owner = self.hub.accounts.owner(name);
                let key = fold(owner.map_or(name, |owner| &owner.name.shown));
                ("account", key, Box::default())
            }
            Means::Server => ("server", Box::default(), fold(me.nick())),
            Means::WebIrc => ("webirc", fold(name), Box::default()),
            Means::Key => ("key", fold(name), fold(me.account.as_deref().unwrap_or(me.nick()))),
        };
        let place = neighbourhood(&me.origin.address);
        let home = cloak(&place, &self.hub.settings.secret).into();
        Guess { kind, name, who, place, home }
    }
}

/// Whoever has one address of IPv6 has all that begin with the same 64 bits.
pub(crate) fn neighbourhood(address: &str) -> Box<str> {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::").into()
        }
        _ => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Guess, Patience, neighbourhood};
    use crate::hub::Time;

    const FREE: u32 = 5;

    fn guess(kind: &'static str, place: &str, name: &str, who: &str) -> Guess {
        let place = neighbourhood(place);
        Guess { kind, name: name.into(), who: who.into(), home: place.clone(), place }
    }

    fn account(place: &str, name: &str) -> Guess {
        guess("account", place, name, "")
    }

    /// How many wrong guesses are looked at, tried as fast as it may be.
    fn looked_at(
        patience: &mut Patience,
        until: u64,
        every: u64,
        of: impl Fn(u64) -> Guess,
    ) -> usize {
        let times = (0..until).step_by(usize::try_from(every).unwrap());
        times.filter(|at| patience.begin(Time(*at), FREE, &of(*at)).is_ok()).count()
    }

    const HOUR: u64 = 60 * 60_000;

    #[test]
    fn a_guesser_is_slowed_down_and_never_shut_out() {
        let mut patience = Patience::default();
        let tried = looked_at(&mut patience, 24 * HOUR, 500, |_| account("192.0.2.1", "ada"));
        assert!((50..200).contains(&tried), "{tried} in a day");
        // Others know nothing of it.
        assert_eq!(patience.begin(Time(24 * HOUR), FREE, &account("192.0.2.2", "bob")), Ok(()));
    }

    #[test]
    fn who_changes_the_name_all_the_time_is_slowed_down_as_a_place() {
        for (kind, to_name) in [("account", true), ("server", false), ("key", false)] {
            let mut patience = Patience::default();
            let tried = looked_at(&mut patience, HOUR, 500, |at| {
                let other = format!("n{at}");
                let (name, who) = if to_name { (&*other, "") } else { ("", &*other) };
                guess(kind, "192.0.2.1", name, who)
            });
            assert!((20..45).contains(&tried), "{kind}: {tried} in an hour");
        }
    }

    #[test]
    fn a_bot_that_fails_for_ever_slows_its_neighbours_not_at_all() {
        let mut patience = Patience::default();
        let bot = account("192.0.2.1", "bot");
        for at in 0..1000 {
            let _ = patience.begin(Time(at), FREE, &bot);
        }
        for name in ["ada", "bob", "eve"] {
            let theirs = account("192.0.2.1", name);
            assert_eq!(patience.begin(Time(1000), FREE, &theirs), Ok(()), "{name}");
            patience.was_right(Time(1000), &theirs);
        }
    }

    #[test]
    fn who_was_right_before_does_not_wait_for_a_neighbour_who_tries_all_names() {
        let mut patience = Patience::default();
        for of in [account("192.0.2.1", "ada"), guess("server", "192.0.2.1", "", "ada")] {
            assert_eq!(patience.begin(Time(0), FREE, &of), Ok(()));
            patience.was_right(Time(0), &of);
            for number in 0..100 {
                let other = format!("n{number}");
                let neighbour = match of.kind {
                    "account" => account("192.0.2.1", &other),
                    _ => guess("server", "192.0.2.1", "", &other),
                };
                let _ = patience.begin(Time(1), FREE, &neighbour);
            }
            let stranger = Guess { name: "x".into(), who: "x".into(), ..of.clone() };
            assert!(patience.begin(Time(2), FREE, &stranger).is_err(), "the place has to wait");
            assert_eq!(patience.begin(Time(2), FREE, &of), Ok(()), "{}", of.kind);
        }
    }

    #[test]
    fn one_kind_of_secret_does_not_wait_for_another() {
        let mut patience = Patience::default();
        for number in 0..100 {
            let _ = patience.begin(Time(0), FREE, &account("192.0.2.1", &format!("n{number}")));
        }
        assert_eq!(patience.begin(Time(0), FREE, &guess("oper", "192.0.2.1", "root", "")), Ok(()));
    }

    #[test]
    fn many_places_against_one_account_are_slowed_down_as_well() {
        let mut patience = Patience::default();
        let tried = looked_at(&mut patience, HOUR, 1000, |at| {
            account(&format!("192.0.2.{}", at / 1000 % 250), "ada")
        });
        assert!((70..100).contains(&tried), "{tried} in an hour");
    }

    #[test]
    fn the_owner_does_not_wait_where_they_were_before_and_nowhere_for_long() {
        let mut patience = Patience::default();
        let home = account("198.51.100.7", "ada");
        assert_eq!(patience.begin(Time(0), FREE, &home), Ok(()));
        patience.was_right(Time(0), &home);
        for attempt in 0..60 {
            let stranger = account(&format!("192.0.2.{attempt}"), "ada");
            let _ = patience.begin(Time(1), FREE, &stranger);
        }
        let elsewhere = patience.begin(Time(2), FREE, &account("203.0.113.1", "ada"));
        assert!(elsewhere.is_err_and(|early| early.wait <= 60_000), "and not for long");
        assert_eq!(patience.begin(Time(2), FREE, &home), Ok(()));
    }

    #[test]
    fn one_stranger_alone_does_not_make_the_owner_wait() {
        let mut patience = Patience::default();
        for at in 0..600 {
            let _ = patience.begin(Time(at * 1000), FREE, &account("192.0.2.1", "ada"));
        }
        let owner = account("203.0.113.1", "ada");
        assert_eq!(patience.begin(Time(600_001), FREE, &owner), Ok(()));
    }

    #[test]
    fn the_first_one_that_waits_is_told_apart() {
        let mut patience = Patience::default();
        let ada = account("192.0.2.1", "ada");
        let early = (0..20).filter_map(|at| patience.begin(Time(at), FREE, &ada).err());
        let firsts = early.map(|early| early.is_first).collect::<Vec<_>>();
        assert_eq!((firsts[0], firsts[1..].contains(&true)), (true, false));
    }

    #[test]
    fn right_guesses_cost_nothing() {
        let mut patience = Patience::default();
        let ada = account("192.0.2.1", "ada");
        for at in 0..1000 {
            assert_eq!(patience.begin(Time(at), FREE, &ada), Ok(()));
            patience.was_right(Time(at), &ada);
        }
        assert!(patience.pairs.is_empty() && patience.places.is_empty());
    }

    #[test]
    fn one_network_of_ipv6_is_one_place() {
        let mut patience = Patience::default();
        let tried = (0..100).filter(|last| {
            let guess = account(&format!("2001:db8::{last:x}"), &format!("account{last}"));
            patience.begin(Time(0), FREE, &guess).is_ok()
        });
        assert_eq!(tried.count(), 15);
        assert_eq!(&*neighbourhood("::1"), "::1");
    }

    #[test]
    fn what_is_remembered_of_guessers_is_bounded_and_the_guilty_stay() {
        let mut patience = Patience::default();
        for _ in 0..20 {
            let _ = patience.begin(Time(0), FREE, &account("192.0.2.1", "ada"));
        }
        for number in 0..5000 {
            let _ = patience.begin(Time(1), FREE, &account(&format!("host{number}"), "n"));
        }
        assert!(patience.begin(Time(2), FREE, &account("192.0.2.1", "ada")).is_err());
    }

    #[test]
    fn what_was_right_before_is_remembered_by_the_next_server() {
        let mut patience = Patience::default();
        let ada = account("192.0.2.1", "ada");
        let put = patience.was_right(Time(0), &ada).unwrap();
        assert!(patience.was_right(Time(1), &ada).is_none(), "it is known");
        let mut next = Patience::default();
        next.recall(vec![(put.key, put.value.unwrap())]);
        for number in 0..100 {
            let _ = next.begin(Time(1), FREE, &account("192.0.2.1", &format!("n{number}")));
        }
        assert_eq!(next.begin(Time(2), FREE, &ada), Ok(()));
        assert!(next.begin(Time(2), FREE, &account("192.0.2.1", "eve")).is_err());
    }

    #[test]
    fn nothing_is_counted_when_it_is_switched_off() {
        let mut patience = Patience::default();
        let ada = account("192.0.2.1", "ada");
        assert!((0..100).all(|at| patience.begin(Time(at), 0, &ada).is_ok()));
    }
}
