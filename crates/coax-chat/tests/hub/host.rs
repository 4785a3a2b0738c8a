//! Hosts that change, and who is told how.

use coax_chat::hub::ClientId;

use crate::bench::Bench;

const CHANGE: &str = ":ada!~u@host CHGHOST ~u user/ada";

/// `oper`, an operator who is in no channel, and `ada` in #one and #two.
fn two() -> (Bench, ClientId, ClientId) {
    let mut bench = Bench::new("");
    let (oper, ada) = (bench.plain("oper"), bench.signed_in("ada"));
    bench.say(oper, "OPER root secret");
    bench.say(ada, "JOIN #one,#two");
    (bench, oper, ada)
}

fn with(bench: &mut Bench, nick: &str, caps: &str) -> ClientId {
    let who = bench.plain(nick);
    bench.say(who, &format!("CAP REQ :{caps}"));
    bench.say(who, "JOIN #one,#two");
    bench.hear(who);
    who
}

#[test]
fn who_knows_it_is_told_and_the_others_see_a_return() {
    let (mut bench, oper, ada) = two();
    let knows = with(&mut bench, "knows", "chghost");
    let old = with(&mut bench, "old", "multi-prefix");
    let extended = with(&mut bench, "extended", "extended-join away-notify server-time");
    bench.say(ada, "MODE #two +v ada");
    bench.say(ada, "AWAY :tea");
    for who in [ada, knows, old, extended] {
        bench.hear(who);
    }
    assert_eq!(
        bench.ask(oper, "CHGHOST ada user/ada"),
        [":coax.chat NOTICE oper :That is ada!~u@user/ada now"]
    );
    assert_eq!(bench.hear(knows), [CHANGE], "once, though they share two channels");
    assert_eq!(bench.hear(ada), [":coax.chat 396 ada user/ada :is now your displayed host"]);
    let joins = |suffix: &str, away: &[&str]| {
        let mut lines = vec![":ada!~u@host QUIT :Changing host".to_owned()];
        for (channel, modes) in [("#one", "+o ada"), ("#two", "+ov ada ada")] {
            lines.push(format!(":ada!~u@user/ada JOIN {channel}{suffix}"));
            lines.push(format!(":coax.chat MODE {channel} {modes}"));
            lines.extend(away.iter().map(|&line| line.to_owned()));
        }
        lines
    };
    assert_eq!(bench.hear(old), joins("", &[]));
    assert_eq!(bench.hear(extended), joins(" ada :Real Name", &[":ada!~u@user/ada AWAY :tea"]));
    bench.say(ada, "PRIVMSG #one :hello");
    assert_eq!(bench.hear(old), [":ada!~u@user/ada PRIVMSG #one :hello"]);
    assert_eq!(bench.ask(oper, "CHGHOST ada user/ada").len(), 1);
    assert_eq!(bench.hear(knows).len(), 1, "no change is no news: only what ada said");
}

#[test]
fn the_changed_one_is_told_as_the_others_are() {
    let (mut bench, oper, ada) = two();
    bench.say(ada, "CAP REQ :chghost");
    bench.hear(ada);
    bench.say(oper, "CHGHOST ada ~lovelace user/ada");
    let told = bench.hear(ada);
    assert!(told[0].ends_with(":ada!~u@host CHGHOST ~lovelace user/ada"), "{told:?}");
    assert!(told[1].contains(" 396 ada user/ada "), "{told:?}");
}

#[test]
fn watchers_are_told_who_share_no_channel() {
    let (mut bench, oper, _) = two();
    let watcher = bench.plain("watcher");
    bench.say(watcher, "CAP REQ :chghost extended-monitor");
    bench.say(watcher, "MONITOR + ada");
    bench.hear(watcher);
    bench.say(oper, "CHGHOST ada user/ada");
    assert_eq!(bench.hear(watcher), [CHANGE]);
    let deaf = bench.plain("deaf");
    bench.say(deaf, "CAP REQ :extended-monitor");
    bench.say(deaf, "MONITOR + ada");
    bench.hear(deaf);
    bench.say(oper, "CHGHOST ada user/else");
    assert_eq!(bench.hear(deaf), [""; 0], "who saw nobody leave sees nobody come");
}

#[test]
fn only_operators_change_the_hosts_of_others_and_only_to_hosts() {
    let (mut bench, oper, ada) = two();
    assert!(bench.ask(ada, "CHGHOST ada user/ada")[0].contains(" 481 "));
    assert!(bench.ask(ada, "HS SET ada user/ada")[0].contains("Only operators"));
    for line in ["CHGHOST ada a@b", "CHGHOST ada :a b", "HS SET ada a!b", "CHGHOST ada u!x host2"] {
        assert!(bench.ask(oper, line).last().unwrap().contains("That is no "), "{line}");
    }
    assert!(bench.ask(oper, "CHGHOST nobody host2")[0].contains(" 401 "));
    assert!(bench.ask(oper, "HS SET nobody host2")[0].contains("No such account"));
    assert!(bench.ask(oper, "CHGHOST ada")[0].contains(" 461 "));
}

#[test]
fn a_ban_holds_whatever_host_is_shown() {
    let (mut bench, oper, ada) = two();
    let boss = bench.modern("boss");
    bench.say(boss, "JOIN #door");
    bench.say(boss, "MODE #door +b *!*@host");
    bench.say(oper, "CHGHOST ada user/ada");
    assert!(bench.ask(ada, "JOIN #door")[0].contains(" 474 "));
    bench.say(boss, "MODE #door -b+b *!*@host *!*@user/*");
    assert!(bench.ask(ada, "JOIN #door")[0].contains(" 474 "), "and one on what is shown");
}

#[test]
fn an_accounts_host_is_shown_from_signing_in_to_signing_out() {
    let (mut bench, oper, ada) = two();
    let knows = with(&mut bench, "knows", "chghost");
    let said = bench.ask(oper, "HS SET Ada user/ada");
    assert!(said.last().unwrap().ends_with("ada shows user/ada"), "{said:?}");
    assert_eq!(bench.hear(knows), [CHANGE], "at once, for those who are signed in");
    bench.say(ada, "HS OFF");
    assert_eq!(bench.hear(knows), [":ada!~u@user/ada CHGHOST ~u host"]);
    bench.say(ada, "HostServ ON");
    bench.say(ada, "PRIVMSG HostServ :on");
    assert_eq!(bench.hear(knows), [CHANGE]);
    bench.say(ada, "NS LOGOUT");
    assert_eq!(bench.hear(knows), [":ada!~u@user/ada CHGHOST ~u host"]);
    bench.say(ada, "NS IDENTIFY ada sesame");
    assert_eq!(bench.hear(knows), [CHANGE]);
    let mut bench = bench.restarted("");
    let knows = with(&mut bench, "knows", "chghost");
    let ada = bench.signed_in("ada");
    bench.say(ada, "JOIN #one");
    assert_eq!(bench.hear(knows), [":ada!~u@user/ada JOIN #one"], "from the beginning");
    let oper = bench.plain("oper");
    bench.say(oper, "OPER root secret");
    assert!(bench.ask(oper, "HS LIST")[0].ends_with(":ada user/ada"));
    bench.say(oper, "HS DEL ada");
    assert_eq!(bench.hear(knows), [":ada!~u@user/ada CHGHOST ~u host"]);
    bench.say(oper, "HS SET ada user/ada");
    bench.say(ada, "NS DROP ada");
    assert!(bench.ask(oper, "HS LIST")[0].ends_with(":End of hosts"), "it goes with the account");
    assert!(bench.store.reader().shelf("hosts").unwrap().is_empty());
}
