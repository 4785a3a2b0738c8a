//! People who come through web servers: a gateway says whom it brings, and no proxy finds the line silent.

use coax_chat::hub::{ClientId, Input, Origin, Way};

use crate::bench::Bench;

const SETTINGS: &str = "[listen]\nwebirc = { \"10.0.0.1\" = \"open sesame\", \"127.0.0.1\" = \"here\" }\n\
                        [limits]\nper-address = 2";

fn arrive(bench: &mut Bench, address: &str) -> ClientId {
    let (host, address) = (address.to_owned(), address.to_owned());
    bench.arrive_as(Origin { host, address, ..Origin::default() })
}

fn come_in(bench: &mut Bench, who: ClientId, nick: &str) -> String {
    bench.say(who, &format!("NICK {nick}"));
    bench.say(who, "USER u 0 * :u");
    bench.hear(who).join("\n")
}

#[test]
fn a_gateway_says_whom_it_brings() {
    let mut bench = Bench::new(SETTINGS);
    let ada = bench.plain("ada");
    bench.say(ada, "OPER root secret");
    for (nick, address, shown) in [
        ("bob", "192.0.2.7", "192.0.2.7"),
        ("eve", "::ffff:192.0.2.8", "192.0.2.8"),
        ("six", "0::2", "0::2"),
    ] {
        let who = arrive(&mut bench, "10.0.0.1");
        bench.say(who, "WEBIRC :open sesame");
        bench.say(who, &format!("WEBIRC x gate host.example {address}"));
        let closed = bench.hear(who).join("\n");
        assert!(
            closed.contains("461") && closed.contains("Wrong password of a gateway"),
            "{closed}"
        );
        let who = arrive(&mut bench, "127.0.0.1");
        bench.say(who, &format!("WEBIRC here gate host.example {address} :secure"));
        let welcome = come_in(&mut bench, who, nick);
        assert!(welcome.contains(&format!("{nick}!~u@{shown}")), "{welcome}");
    }
    bench.say(ada, "KLINE *@192.0.2.7 :go");
    let ended =
        |bench: &mut Bench, nick: &str| bench.ask(ada, &format!("ISON {nick}"))[0].ends_with(':');
    assert!(ended(&mut bench, "bob") && !ended(&mut bench, "eve"), "one person is kept out");
}

#[test]
fn only_a_gateway_may_say_so() {
    let mut bench = Bench::new(SETTINGS);
    for (from, line, why) in [
        ("192.0.2.1", "WEBIRC here gate h 192.0.2.7", "You are no gateway"),
        ("10.0.0.1", "WEBIRC here gate h 192.0.2.7", "Wrong password of a gateway"),
        ("127.0.0.1", "WEBIRC here gate h nowhere", "names no address"),
    ] {
        let who = arrive(&mut bench, from);
        bench.say(who, line);
        let heard = bench.hear(who).join("\n");
        assert!(heard.contains(why), "{line}: {heard}");
        assert!(!come_in(&mut bench, who, "eve").contains("001"), "and that is the end");
    }
}

#[test]
fn who_guesses_the_password_of_a_gateway_is_slowed() {
    let mut bench = Bench::new(SETTINGS);
    let guess = |bench: &mut Bench, from: &str, password: &str| {
        let who = arrive(bench, from);
        bench.say(who, &format!("WEBIRC {password} gate h 192.0.2.7"));
        bench.hear(who).join("\n")
    };
    let answers = (0..30).map(|number| guess(&mut bench, "10.0.0.1", &format!("wrong{number}")));
    let answers = answers.collect::<Vec<_>>();
    assert!(answers[0].contains("Wrong password of a gateway"), "{}", answers[0]);
    assert!(answers[29].contains("Too many wrong passwords"), "{}", answers[29]);
    assert_eq!(guess(&mut bench, "127.0.0.1", "here"), "", "another gateway does not wait");
}

#[test]
fn the_limit_of_an_address_is_that_of_whom_the_gateway_brings() {
    let mut bench = Bench::new(SETTINGS);
    let brought = |bench: &mut Bench, number: u32, address: &str| {
        let who = arrive(bench, "127.0.0.1");
        bench.say(who, &format!("WEBIRC here gate h {address}"));
        come_in(bench, who, &format!("n{number}")).contains("001")
    };
    let first = (0..3).map(|number| brought(&mut bench, number, "192.0.2.7")).collect::<Vec<_>>();
    assert_eq!(first, [true, true, false]);
    assert!(brought(&mut bench, 4, "192.0.2.8"));
}

#[test]
fn a_page_is_asked_before_a_proxy_thinks_its_line_is_idle() {
    let mut bench = Bench::new("");
    let page = bench.arrive_as(Origin { way: Way::WebSocket, ..Origin::default() });
    let irc = bench.arrive_as(Origin::default());
    for (who, nick) in [(page, "page"), (irc, "irc")] {
        come_in(&mut bench, who, nick);
    }
    bench.now += 26_000;
    bench.apply(Input::Tick);
    assert_eq!((bench.hear(page), bench.hear(irc)), (vec!["PING coax.chat".to_owned()], vec![]));
    // It has as long to answer as the others.
    bench.now += 120_000;
    bench.apply(Input::Tick);
    assert!(bench.hear(page).is_empty(), "and is still there");
    bench.now += 5_000;
    bench.apply(Input::Tick);
    assert!(bench.hear(page).join("").contains("Ping timeout"));
}
