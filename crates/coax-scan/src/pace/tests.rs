//! The pace without a network.

use super::*;

const MS: Duration = Duration::from_millis(1);

fn at(text: &str) -> Question {
    Question { to: text.parse().unwrap(), protocol: Protocol::Tcp, position: 0 }
}

#[test]
fn the_wait_follows_the_host_that_answers_and_grows_with_each_second_attempt() {
    let mut pace = Pace::new(Limits::default());
    let (near, far) = (at("10.0.0.1:80"), at("10.0.0.2:80"));
    for host in [near, far] {
        pace.begun(host);
        let waits = [0, 1, 2, 6].map(|attempt| pace.wait(host, attempt).as_millis());
        assert_eq!(waits, [500, 500, 1000, 1000], "as long as the timeout in the end");
    }
    (0..20).for_each(|_| pace.answered(near, MS, 0));
    (0..99).for_each(|_| pace.answered(far, 300 * MS, 0));
    let waits: Vec<u128> = (0..7).map(|attempt| pace.wait(near, attempt).as_millis()).collect();
    assert_eq!(waits, [100, 100, 200, 200, 400, 400, 400]);
    assert!(pace.wait(far, 0) >= 300 * MS && pace.wait(far, 0) < 330 * MS);
    assert_eq!(pace.wait(far, 6), 1000 * MS, "never longer than the timeout");
}

#[test]
fn the_ports_of_a_host_share_its_window_and_other_hosts_have_theirs() {
    let mut pace = Pace::new(Limits::default());
    let first = pace.everyone.size();
    (0..64).for_each(|_| pace.everyone.answered(0));
    (0..first).for_each(|_| pace.begun(at("10.0.0.1:1")));
    assert!(!pace.has_room(at("10.0.0.1:2")));
    assert!(pace.has_room(at("10.0.0.2:2")));
    pace.ended(at("10.0.0.1:1"));
    assert!(pace.has_room(at("10.0.0.1:2")));
}

#[test]
fn unanswered_probes_do_not_shrink_the_window_of_a_host_that_answers() {
    let mut pace = Pace::new(Limits::default());
    let host = at("10.0.0.1:1");
    pace.begun(host);
    (0..200).for_each(|_| pace.answered(host, MS, 0));
    let before = pace.hosts[&key(host)];
    (0..5000).for_each(|_| pace.timed_out(host));
    assert_eq!(pace.hosts[&key(host)].has_room(), before.has_room());
    assert_eq!(pace.retries(host), Limits::default().retries);
}

#[test]
fn a_silent_host_is_asked_less_until_it_answers_and_a_reluctant_one_more() {
    let mut pace = Pace::new(Limits::default());
    let host = at("10.0.0.1:1");
    pace.begun(host);
    (0..100).for_each(|_| pace.timed_out(host));
    assert_eq!(pace.retries(host), 2);
    pace.answered(host, MS, 0);
    assert_eq!(pace.retries(host), 6);
    (0..7).for_each(|_| pace.answered(host, MS, 2));
    assert_eq!((pace.retries(host), pace.wait(host, 6)), (6, 400 * MS), "it may be chance");
    pace.answered(host, MS, 2);
    assert_eq!((pace.retries(host), pace.wait(host, 6)), (18, 1000 * MS));
    (0..100).for_each(|_| pace.answered(host, MS, 0));
    assert_eq!(pace.retries(host), 6, "eight of a hundred is what a poor link loses");
}

#[test]
fn hosts_without_probes_under_way_are_forgotten() {
    let mut pace = Pace::new(Limits::default());
    for number in 0..100_000_u32 {
        let to = SocketAddr::from((number.to_be_bytes(), 80));
        let host = Question { to, ..at("0.0.0.0:80") };
        pace.begun(host);
        pace.answered(host, MS, 0);
        if number % 100 != 0 {
            pace.ended(host);
        }
    }
    assert!(pace.hosts.len() <= HOSTS, "{}", pace.hosts.len());
    assert!(pace.hosts.contains_key(&key(at("0.0.0.0:0"))), "one with probes is kept");
    assert_eq!(pace.under_way, 1000);
}

#[test]
fn a_question_put_aside_gives_its_room_to_others_and_its_host_is_not_forgotten() {
    let start = Instant::now();
    let mut pace = Pace::new(Limits::default());
    let port = Question { protocol: Protocol::Udp, ..at("10.0.0.1:1") };
    pace.begun(port);
    assert!(pace.is_telling(port, start), "it has not said a word yet");
    pace.told_by_icmp(port, start, false);
    pace.begun(port);
    assert!(!pace.is_telling(port, start));
    assert!(pace.is_telling(at("10.0.0.1:1"), start), "TCP is another matter");
    let later = pace.park(port, start);
    assert!(later > start + 1000 * MS);
    pace.ended(port);
    assert_eq!(pace.under_way, 0);
    (0..2 * HOSTS as u32).for_each(|number| {
        let host = Question { to: (number.to_be_bytes(), 80).into(), ..port };
        pace.begun(host);
        pace.ended(host);
    });
    assert_eq!(pace.place(port, later), Ok(later));
    assert_eq!((pace.under_way, pace.sparing(port).unwrap().parked), (1, 0));
}

#[test]
fn a_host_further_away_than_the_first_guess_is_not_taken_for_lossy() {
    let mut pace = Pace::new(Limits::default());
    let (far, lossy) = (at("10.0.0.1:1"), at("10.0.0.2:1"));
    for host in [far, lossy] {
        (0..100).for_each(|_| pace.begun(host));
    }
    (0..100).for_each(|_| pace.answered(far, 700 * MS, 2));
    (0..100).for_each(|_| pace.answered(lossy, 70 * MS, 2));
    assert_eq!((pace.retries(far), pace.retries(lossy)), (6, 18));
    (0..100).for_each(|_| pace.answered(far, 700 * MS, 2));
    assert_eq!(pace.retries(far), 18, "once it is known how far it is, what is lost is lost");
}
