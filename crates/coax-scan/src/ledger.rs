//! What was handed out so far, and what is therefore left.
//!
//! Threads say of each question how it was settled, together with the verdicts themselves, so the
//! book is true whatever is still on its way: what the reader has not been given is left. It
//! remembers the gaps alone, which are never many more than the probes under way.
//!
//! Nothing here knows where a book is kept.

use std::collections::BTreeSet;

use crate::questions::Questions;
use crate::{HostGroup, Rest, State, Tally};

/// How far a scan has come: what was handed out, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// What a scan that goes on from here has to ask.
    pub rest: Rest,
    /// What was handed out, and the probes sent so far.
    pub tally: Tally,
}

/// A position and the state of its port; `None` where its host is a tarpit.
pub(crate) type Settled = (u64, Option<State>);

/// The book of one scan.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Nothing from here on was settled.
    next: u64,
    /// Nor was this before it.
    missing: BTreeSet<u64>,
    /// Whose ports the positions are, where hosts are looked for.
    groups: Vec<HostGroup>,
    tally: Tally,
}

impl Ledger {
    /// `groups` are those of the scan before.
    pub(crate) fn of(questions: &Questions, groups: Vec<HostGroup>) -> Ledger {
        let Rest { next, again, .. } = questions.rest();
        let tally = Tally { total: questions.len(), ..Tally::default() };
        Ledger { next, missing: again.into_iter().collect(), groups, tally }
    }

    /// More hosts were found.
    pub(crate) fn found(&mut self, group: HostGroup) {
        self.groups.push(group);
    }

    /// So many more hosts are silent, each with so many ports.
    pub(crate) fn silent(&mut self, hosts: u64, ports: u64) {
        self.tally.count_silent(hosts, ports);
    }

    pub(crate) fn take(&mut self, settled: &[Settled]) {
        for &(position, state) in settled {
            if position >= self.next {
                self.missing.extend(self.next..position);
                self.next = position + 1;
            } else {
                self.missing.remove(&position);
            }
            self.tally.count(state);
        }
    }

    /// `sent` is the number of probes so far. Who is silent is for the caller to add.
    pub(crate) fn checkpoint(&self, sent: u64) -> Checkpoint {
        let again = self.missing.iter().copied().collect();
        let (next, groups) = (self.next, self.groups.clone());
        let rest = Rest { next, again, groups, ..Rest::default() };
        Checkpoint { rest, tally: Tally { sent, ..self.tally } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Order;
    use crate::questions::tests::{from, taken};
    use crate::questions::{Question, Share};
    use std::collections::HashSet;

    const PLAN: (Order, &str, &str) = (Order::Random { seed: 3 }, "10.0.0.0/26", "1-10");

    fn questions(rest: Rest) -> Questions {
        from(PLAN.0, PLAN.1, PLAN.2, rest).unwrap()
    }

    fn rest(next: u64, again: &[u64]) -> Rest {
        Rest { next, again: again.to_vec(), ..Rest::default() }
    }

    /// Two threads take `turns` questions; every fifth has no verdict in the end.
    fn ask(questions: &Questions, turns: usize) -> (Vec<Question>, Checkpoint) {
        let mut shares = [Share::default(), Share::default()];
        let (mut ledger, mut done) = (Ledger::of(questions, Vec::new()), Vec::new());
        for turn in 0..turns {
            let Some(question) = taken(questions, &mut shares[turn % 2]) else { continue };
            if turn % 5 == 0 && turns < 1000 {
                continue;
            }
            ledger.take(&[(question.position, Some(State::Closed))]);
            done.push(question);
        }
        (done, ledger.checkpoint(0))
    }

    #[test]
    fn a_scan_that_was_stopped_goes_on_with_what_is_left_and_asks_nothing_twice() {
        let (mut verdicts, mut rest) = (HashSet::new(), Rest::default());
        for turns in [100, 7, 200, 1000, 1000] {
            let (done, checkpoint) = ask(&questions(rest), turns);
            assert_eq!(checkpoint.tally.closed, done.len() as u64);
            for question in done {
                assert!(verdicts.insert(question.to), "{} twice", question.to);
            }
            rest = checkpoint.rest;
            assert_eq!(verdicts.len() as u64 + questions(rest.clone()).len(), 640);
        }
        assert_eq!((verdicts.len(), rest), (640, Rest { next: 640, ..Rest::default() }));
    }

    #[test]
    fn only_gaps_are_remembered_and_a_port_that_is_not_asked_is_none() {
        let mut ledger = Ledger::of(&questions(rest(4, &[1, 3])), Vec::new());
        ledger.take(&[(7, Some(State::Open)), (4, None), (3, Some(State::Filtered))]);
        let Checkpoint { rest, tally } = ledger.checkpoint(9);
        assert_eq!(rest, self::rest(8, &[1, 5, 6]));
        let Tally { total, probed, open, filtered, skipped, sent, .. } = tally;
        assert_eq!((total, probed, open, filtered, skipped, sent), (638, 2, 1, 1, 1, 9));
    }
}
