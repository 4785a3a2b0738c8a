//! Second looks without a network: hosts are played.

use std::collections::{BTreeSet, BinaryHeap};

use super::*;

const MS: Duration = Duration::from_millis(1);
const HOST: [u8; 4] = [10, 0, 0, 1];

/// A ration of so many a second, of which so many may come at once.
struct Bucket {
    per_second: f64,
    burst: f64,
    filled: f64,
    at: Instant,
}

impl Bucket {
    /// An empty one: quick questions came before.
    fn new(per_second: f64, burst: f64, now: Instant) -> Bucket {
        Bucket { per_second, burst, filled: 0.0, at: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let gained = (now - self.at).as_secs_f64() * self.per_second;
        (self.filled, self.at) = ((self.filled + gained).min(self.burst), now);
        let is_full = self.filled >= 1.0;
        self.filled -= f64::from(u8::from(is_full));
        is_full
    }
}

/// What a host does.
struct Played {
    /// Ports that are rationed, and their ration.
    rationed: std::ops::Range<u16>,
    bucket: Bucket,
    /// Of these, every so many answers; and no other does.
    every: u16,
    /// Of a hundred packets, lost.
    loss: f64,
    chance: u64,
}

impl Played {
    fn answers(&mut self, port: u16, now: Instant) -> bool {
        let in_part = self.rationed.contains(&port);
        let passes = in_part && self.bucket.take(now);
        passes && self.is_there(port) && self.random() * 100.0 >= self.loss
    }

    fn is_there(&self, port: u16) -> bool {
        self.rationed.contains(&port) && port.is_multiple_of(self.every)
    }

    fn random(&mut self) -> f64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.chance >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What became of it.
#[derive(Debug)]
struct Outcome {
    missed: usize,
    time: Duration,
    asked: u32,
    found: Vec<Rationed>,
}

fn at(port: u16) -> Question {
    let to = (HOST, port).into();
    Question { to, protocol: Protocol::Tcp, position: u64::from(port), silent: false }
}

/// Looks again at `held`, of which answers take 50 ms and are waited for 100.
fn play(mut host: Played, held: impl Iterator<Item = u16>) -> Outcome {
    let start = host.bucket.at;
    let (mut recheck, mut now, mut asked) = (Recheck::new(1e-6), start, 0);
    let held: BTreeSet<u16> = held.collect();
    held.iter().for_each(|&port| assert!(recheck.hold(at(port), 3, now)));
    recheck.begin(now, true);
    // The earliest first: when, which question, why, and whether it was answered.
    let mut events = BinaryHeap::new();
    let (mut told, mut silent) = (BTreeSet::new(), BTreeSet::new());
    while !recheck.is_empty() {
        while let Some((question, _, again)) = recheck.next(now) {
            asked += 1;
            let answers = host.answers(question.to.port(), now);
            let due = now + if answers { 50 * MS } else { 100 * MS };
            events.push((std::cmp::Reverse(due), question.to.port(), again as u8, answers));
        }
        silent.extend(recheck.take_silent().iter().map(|it| it.to.port()));
        let next = events.peek().map(|event| event.0.0);
        now = match (next, recheck.due()) {
            (Some(event), Some(due)) if due < event => due.max(now),
            (Some(event), _) => event,
            (None, Some(due)) => due.max(now),
            (None, None) => break,
        };
        while let Some(&(std::cmp::Reverse(due), port, again, answers)) = events.peek()
            && due <= now
        {
            events.pop();
            let again = [Again::Sample, Again::Part, Again::Control][usize::from(again)];
            match answers {
                true if recheck.heard(at(port), again, now) => assert!(told.insert(port)),
                true => {}
                false => recheck.unheard(at(port), again, true, now),
            }
        }
        assert!(now < start + 3_600_000 * MS, "no end");
    }
    silent.extend(recheck.take_silent().iter().map(|it| it.to.port()));
    assert_eq!(told.len() + silent.len(), held.len(), "each has one verdict");
    let missed = silent.iter().filter(|&&port| host.is_there(port)).count();
    Outcome { missed, time: now - start, asked, found: recheck.take_found() }
}

fn host(rationed: std::ops::Range<u16>, per_second: f64, burst: f64, every: u16) -> Played {
    let bucket = Bucket::new(per_second, burst, Instant::now());
    Played { rationed, bucket, every, loss: 1.0, chance: u64::from(every) + per_second as u64 }
}

#[test]
fn every_port_of_a_rationed_part_is_told_as_fast_as_it_answers() {
    for (per_second, burst) in [(5.0, 5.0), (10.0, 5.0), (10.0, 1.0), (20.0, 20.0), (50.0, 5.0)] {
        let outcome = play(host(21_000..21_100, per_second, burst, 1), 21_000..21_100);
        let least = (100.0 - burst) / per_second;
        assert_eq!(outcome.missed, 0, "{per_second} {burst}: {outcome:?}");
        let time = outcome.time.as_secs_f64();
        println!("{per_second} {burst}: {time:.1} of {least:.1}, {outcome:?}");
        assert!(time < 1.25 * least + 3.0, "{per_second}: {outcome:?}");
    }
}

#[test]
fn a_part_between_ports_that_never_answer_is_found() {
    for (per_second, burst) in [(5.0, 5.0), (10.0, 5.0), (50.0, 5.0)] {
        let outcome = play(host(21_000..21_100, per_second, burst, 1), 20_500..21_500);
        println!("{per_second} {burst}: {outcome:?}");
        assert_eq!(outcome.missed, 0, "{per_second} {burst}: {outcome:?}");
        let time = outcome.time.as_secs_f64();
        assert!(time < 250.0 / per_second + 3.0, "{per_second}: {outcome:?}");
    }
}

#[test]
fn silence_is_looked_at_for_a_second_and_a_half_and_asked_little() {
    for count in [16, 500, 5000, 60_000] {
        let outcome = play(host(0..0, 1.0, 1.0, 1), 1..=count);
        assert!(outcome.time < 1500 * MS, "{count}: {outcome:?}");
        let most = u32::from(count / 16 + 1).max(40);
        assert!(outcome.asked <= most, "{count}: {outcome:?}");
        assert_eq!(outcome.found, []);
    }
}

#[test]
fn half_of_a_part_may_be_silent() {
    let outcome = play(host(21_000..21_100, 10.0, 5.0, 2), 21_000..21_100);
    println!("{outcome:?}");
    assert_eq!(outcome.missed, 0, "{outcome:?}");
    assert!(outcome.time < 80_000 * MS, "{outcome:?}");
}
