//! The pace without a network.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// Attempts of which `lost` were in vain.
fn after(lost: u16) -> Tries {
    let mut tries = Tries::default();
    (0..lost).for_each(|_| tries.fail(0));
    tries
}

fn answered(pace: &mut Pace, host: Question, rtt: Duration, lost: u16) {
    pace.answered(host, Some(rtt), &after(lost));
}

/// What it takes where nothing is proof but the number of retries.
fn stubborn() -> Pace {
    Pace::new(Limits { certainty: 100.0, ..Limits::default() })
}

/// How many attempts a port has that is never answered.
fn attempts(pace: &mut Pace, host: Question) -> u16 {
    let mut tries = Tries::default();
    let start = Instant::now();
    for attempt in 0.. {
        let now = start + 200 * MS * attempt;
        pace.leaves(host, &mut tries, now);
        if pace.in_vain(host, &mut tries, true, now + 200 * MS) {
            break;
        }
    }
    tries.in_vain()
}

fn at(text: &str) -> Question {
    Question { to: text.parse().unwrap(), protocol: Protocol::Tcp, position: 0, silent: false }
}

#[test]
fn the_wait_follows_the_host_that_answers_and_grows_with_each_second_attempt() {
    let mut pace = Pace::new(Limits::default());
    let (near, far) = (at("10.0.0.1:80"), at("10.0.0.2:80"));
    let wait = |pace: &Pace, host, lost| pace.wait(host, &after(lost)).as_millis();
    for host in [near, far] {
        pace.begun(host);
        let waits = [0, 1, 2, 6].map(|lost| wait(&pace, host, lost));
        assert_eq!(waits, [500, 500, 1000, 1000], "as long as the timeout in the end");
    }
    (0..20).for_each(|_| answered(&mut pace, near, MS, 0));
    (0..99).for_each(|_| answered(&mut pace, far, 300 * MS, 0));
    let waits: Vec<u128> = (0..7).map(|lost| wait(&pace, near, lost)).collect();
    assert_eq!(waits, [100, 100, 200, 200, 400, 400, 400]);
    assert!((300..330).contains(&wait(&pace, far, 0)));
    assert_eq!(wait(&pace, far, 6), 1000, "never longer than the timeout");
}

#[test]
fn the_ports_of_a_host_share_its_window_and_other_hosts_have_theirs() {
    let mut pace = Pace::new(Limits::default());
    let first = pace.everyone.size();
    (0..64).for_each(|_| pace.everyone.answered(false, 1));
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
    (0..200).for_each(|_| answered(&mut pace, host, MS, 0));
    let before = (pace.hosts[&key(host)].has_room(), pace.everyone.size());
    (0..5000).for_each(|_| assert_eq!(attempts(&mut pace, host), 3));
    assert_eq!((pace.hosts[&key(host)].has_room(), pace.everyone.size()), before);
}

#[test]
fn a_silent_host_is_asked_less_until_it_answers() {
    let mut pace = stubborn();
    let host = at("10.0.0.1:1");
    pace.begun(host);
    (0..14).for_each(|_| assert_eq!(attempts(&mut pace, host), 7));
    attempts(&mut pace, host);
    assert_eq!(attempts(&mut pace, host), 3);
    answered(&mut pace, host, MS, 0);
    assert_eq!(attempts(&mut pace, host), 7);
}

/// A port that was asked four times is asked as often as any other from then on.
#[test]
fn when_a_host_is_found_to_answer_only_so_often_silence_so_far_means_nothing() {
    let mut pace = stubborn();
    let host = at("10.0.0.1:1");
    pace.begun(host);
    let mut tries = after(4);
    pace.leaves(host, &mut tries, Instant::now());
    (0..20).for_each(|_| answered(&mut pace, host, MS, 0));
    (0..7).for_each(|_| answered(&mut pace, host, MS, 2));
    assert_eq!(pace.wait(host, &tries), 400 * MS, "it may be chance");
    answered(&mut pace, host, MS, 2);
    assert!(!pace.in_vain(host, &mut tries, false, Instant::now()));
    assert_eq!(pace.wait(host, &tries), 100 * MS);
    let more = (1..)
        .find(|_| {
            pace.leaves(host, &mut tries, Instant::now());
            pace.in_vain(host, &mut tries, false, Instant::now())
        })
        .unwrap();
    assert_eq!((more, tries.in_vain()), (7, 12));
    assert_eq!(attempts(&mut pace, host), 7, "what is asked now is not asked more often");
}

#[test]
fn whatever_a_host_does_no_port_is_asked_more_than_31_times() {
    let mut pace = Pace::new(Limits::default());
    let host = at("10.0.0.1:1");
    pace.begun(host);
    let mut tries = Tries::default();
    let mut count = 0;
    loop {
        pace.leaves(host, &mut tries, Instant::now());
        count += 1;
        if pace.in_vain(host, &mut tries, false, Instant::now()) {
            break;
        }
        (0..4).for_each(|_| {
            let mut late = Tries::default();
            pace.leaves(host, &mut late, Instant::now());
            pace.in_vain(host, &mut late, false, Instant::now());
            pace.answered(host, Some(MS), &late);
        });
    }
    assert!((20..=31).contains(&count), "{count}");
}

/// What a port is, and what was said of it.
struct Port {
    question: Question,
    is_closed: bool,
    tries: Tries,
    due: Instant,
    is_asked: bool,
}

/// Asks 250 ports, of which five are silent, of a host that sends `per_second` resets and `burst` at
/// once; gives how many were called silent, and the time it took.
fn rationed(per_second: f64, burst: f64) -> (usize, Duration) {
    let start = Instant::now();
    let (mut pace, mut silent, mut now) = (Pace::new(Limits::default()), 0, start);
    let (mut tokens, mut filled) = (burst, start);
    let mut ports: Vec<Port> = (0..250)
        .map(|number| Port {
            question: at(&format!("10.0.0.1:{}", number + 1)),
            is_closed: number >= 5,
            tries: Tries::default(),
            due: start + MS / 50 * number,
            is_asked: false,
        })
        .collect();
    ports.iter().for_each(|port| pace.begun(port.question));
    while let Some(next) = (0..ports.len()).min_by_key(|&number| ports[number].due) {
        let port = &mut ports[next];
        now = port.due;
        if std::mem::take(&mut port.is_asked)
            && pace.in_vain(port.question, &mut port.tries, true, now)
        {
            silent += 1;
            pace.ended(ports.swap_remove(next).question);
            continue;
        }
        if port.tries.in_vain() > 0
            && let Err(later) = pace.turn(port.question, &mut port.tries, now)
        {
            port.due = later;
            continue;
        }
        pace.leaves(port.question, &mut port.tries, now);
        tokens = (tokens + (now - filled).as_secs_f64() * per_second).min(burst);
        filled = now;
        if port.is_closed && tokens >= 1.0 {
            tokens -= 1.0;
            let port = ports.swap_remove(next);
            pace.answered(port.question, Some(MS), &port.tries);
            pace.ended(port.question);
        } else {
            port.due = now + pace.wait(port.question, &port.tries);
            port.is_asked = true;
        }
    }
    (silent, now - start)
}

#[test]
fn of_a_host_that_rations_its_resets_every_port_is_told() {
    for (per_second, burst) in
        [(1000.0, 50.0), (200.0, 20.0), (100.0, 20.0), (50.0, 5.0), (10.0, 10.0)]
    {
        let (silent, time) = rationed(per_second, burst);
        assert_eq!(silent, 5, "at {per_second} a second");
        let least = Duration::from_secs_f64((245.0 - burst) / per_second);
        assert!(time < 3 * least + 4000 * MS, "at {per_second} a second: {time:?}");
    }
}

#[test]
fn where_nobody_is_the_window_of_all_grows() {
    let mut pace = Pace::new(Limits::default());
    let before = pace.everyone.size();
    for number in 0..1000_u32 {
        let host = Question { to: (number.to_be_bytes(), 80).into(), ..at("0.0.0.0:80") };
        pace.begun(host);
        assert_eq!(attempts(&mut pace, host), 7);
        pace.ended(host);
    }
    assert_eq!(pace.everyone.size(), before + 1000);
}

#[test]
fn hosts_without_probes_under_way_are_forgotten() {
    let mut pace = Pace::new(Limits::default());
    for number in 0..100_000_u32 {
        let to = SocketAddr::from((number.to_be_bytes(), 80));
        let host = Question { to, ..at("0.0.0.0:80") };
        pace.begun(host);
        answered(&mut pace, host, MS, 0);
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
    let era = |pace: &Pace, host| pace.hosts[&key(host)].era();
    (0..100).for_each(|_| answered(&mut pace, far, 700 * MS, 2));
    (0..4).for_each(|_| answered(&mut pace, lossy, 70 * MS, 2));
    assert_eq!((era(&pace, far), era(&pace, lossy)), (0, 1));
    (0..100).for_each(|_| answered(&mut pace, far, 700 * MS, 2));
    assert_eq!(era(&pace, far), 1, "once it is known how far it is, what is lost is lost");
}

/// A SYN's answer has no time once it was asked again, so only the first answer tells.
#[test]
fn a_host_that_answered_early_once_has_no_hasty_probes() {
    let mut pace = Pace::new(Limits::default());
    let host = at("10.0.0.1:1");
    (0..100).for_each(|_| pace.begun(host));
    answered(&mut pace, host, MS, 0);
    (0..4).for_each(|_| pace.answered(host, None, &after(1)));
    assert_eq!(pace.hosts[&key(host)].era(), 1);
}
