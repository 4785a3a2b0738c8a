//! Names that could be taken for somebody else's, and what cannot be seen in a name.

use crate::bench::Bench;

#[test]
fn a_nick_that_looks_like_one_who_is_here_is_refused() {
    let mut bench = Bench::new("");
    let bill = bench.plain("Bill");
    let eve = bench.plain("eve");
    let refused = bench.ask(eve, "NICK BiI1");
    assert_eq!(refused, [":coax.chat 433 eve BiI1 :Nickname looks like Bill, which is taken"]);
    assert!(bench.ask(eve, "NICK ali")[0].contains("NICK :ali"));
    assert!(bench.ask(bill, "NICK BiI1")[0].contains("NICK :BiI1"), "one's own may change");
    assert!(bench.ask(eve, "NICK bill")[0].contains("looks like BiI1"), "the other way round");
    let late = bench.arrive();
    assert_eq!(bench.ask(late, "NICK BILL"), [""; 0], "who has not registered may still sign in");
    assert!(bench.ask(late, "USER u 0 * :r")[0].contains(" 001 "), "ILL does not look like ill");
    let late = bench.arrive();
    bench.say(late, "NICK Bi|l");
    let refused = bench.ask(late, "USER u 0 * :r");
    assert_eq!(refused, [":coax.chat 433 * Bi|l :Nickname looks like BiI1, which is taken"]);
    assert!(bench.ask(late, "NICK dora")[0].contains(" 001 dora "), "and another one will do");
    bench.say(bill, "QUIT");
    assert!(
        bench.ask(eve, "NICK Bi|l")[0].contains("NICK :Bi|l"),
        "whoever left looks like nobody"
    );
}

#[test]
fn a_nick_that_looks_like_an_account_is_its_owners() {
    let mut bench = Bench::new("");
    bench.account("Olivia");
    let eve = bench.plain("eve");
    for nick in ["OIivia", "o1ivia", "O|ivia"] {
        let refused = bench.ask(eve, &format!("NICK {nick}"));
        assert!(refused[0].ends_with("looks like olivia, which is taken"), "{nick}: {refused:?}");
    }
    let olivia = bench.signed_in("Olivia");
    assert!(bench.ask(olivia, "NICK o1ivia")[0].contains("NICK :o1ivia"));
    let mut bench = Bench::new("[accounts]\nreserve-nicks = false");
    bench.account("Olivia");
    let eve = bench.plain("eve");
    assert!(bench.ask(eve, "NICK o1ivia")[0].contains("NICK :o1ivia"), "where nicks are free");
}

#[test]
fn whoever_owns_a_name_gets_it_though_somebody_looks_like_it() {
    let mut bench = Bench::new("[accounts]\nreserve-nicks = false");
    bench.account("bob");
    let eve = bench.plain("B0b");
    let bob = bench.signed_in("bob");
    assert!(bench.ask(bob, "PING x")[0].contains("PONG"), "in, as bob");
    assert!(bench.ask(eve, "NICK b0b")[0].contains("looks like bob"));
    bench.say(eve, "NICK eve");
    assert!(bench.ask(eve, "NICK B0b")[0].contains("looks like bob"));
}

#[test]
fn an_account_does_not_look_like_another() {
    let mut bench = Bench::new("");
    bench.account("bob");
    let (eve, _) = (bench.modern("eve"), bench.plain("linda"));
    bench.say(eve, "CAP REQ draft/account-registration");
    for name in ["B0b", "Iinda", "b\u{43e}b", "b\u{202e}ob", "b\u{200d}ob"] {
        let refused = bench.ask(eve, &format!("REGISTER {name} * enigma-1843"));
        assert!(refused[0].contains("FAIL REGISTER BAD_ACCOUNT_NAME"), "{name}: {refused:?}");
    }
    let made = bench.ask(eve, "REGISTER ali * enigma-1843");
    assert!(made[0].contains("REGISTER SUCCESS ali"), "{made:?}");
}

#[test]
fn names_of_all_scripts_are_one_in_any_case() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.plain("Ünal"), bench.plain("小明"));
    let tokens = bench.ask(ada, "VERSION").join(" ");
    assert!(tokens.contains(" CASEMAPPING=rfc7613 "), "{tokens}");
    bench.say(ada, "JOIN #Straße,#Ünal");
    let joined = bench.ask(bob, "JOIN #STRASSE,#u\u{308}nal");
    assert!(
        joined[0].ends_with("JOIN #Straße") || joined[0].ends_with("JOIN :#Straße"),
        "{joined:?}"
    );
    assert!(joined.iter().any(|line| line.contains(" 366 小明 #Ünal :")), "{joined:?}");
    assert!(bench.ask(bob, "PRIVMSG ÜNAL :hi").is_empty());
    assert!(bench.hear(ada).iter().any(|line| line.ends_with("PRIVMSG Ünal :hi")));
    assert!(bench.ask(bob, "NICK üNAL")[0].contains(" 433 "));
    assert!(bench.ask(ada, "NICK ünal")[0].contains("NICK :ünal"), "one's own may change");
    bench.say(ada, "MODE #ünal +b ünal!*@*");
    assert!(bench.ask(ada, "MODE #ünal +b Ünal!*@*").is_empty(), "it is there already");
    bench.say(ada, "MODE #STRASSE +b Иван!*@*");
    let ivan = bench.plain("иван");
    assert!(bench.ask(ivan, "JOIN #straße")[0].contains(" 474 "));
}

#[test]
fn a_name_of_another_script_does_not_look_like_somebody() {
    let mut bench = Bench::new("");
    bench.plain("ape");
    let eve = bench.plain("eve");
    // Cyrillic through and through.
    let refused = bench.ask(eve, "NICK аре");
    assert!(refused[0].ends_with("Nickname looks like ape, which is taken"), "{refused:?}");
    assert!(bench.ask(eve, "NICK иван")[0].contains("NICK :иван"));
}

#[test]
fn nothing_unseen_is_in_a_name() {
    let mut bench = Bench::new("");
    let eve = bench.plain("eve");
    for nick in ["ad\u{430}", "a\u{202e}b", "a\u{7}b", "a\u{200b}", "\u{ff41}da"] {
        let refused = bench.ask(eve, &format!("NICK {nick}"));
        assert!(
            refused[0].contains(" 432 ") && refused[0].contains(":That cannot be a nick: it "),
            "{refused:?}"
        );
    }
    for channel in ["#a\u{202e}b", "#a\u{7}b", "#a\u{200b}", "#a\u{a0}b", "#\u{2066}"] {
        let refused = bench.ask(eve, &format!("JOIN {channel}"));
        assert!(refused[0].contains(" 403 "), "{channel:?}: {refused:?}");
    }
    let who = bench.arrive();
    bench.say(who, "NICK turned");
    bench.say(who, "USER u 0 * :Ada\u{202e}ecalevoL \u{1b}[2J\u{7}of\u{2069} L");
    let whois = bench.ask(who, "WHOIS turned");
    assert!(whois[0].ends_with(":AdaecalevoL [2Jof L"), "{whois:?}");
    bench.say(who, "SETNAME :\u{2067}\u{1}Ada");
    let whois = bench.ask(who, "WHOIS turned");
    assert!(whois[0].ends_with(":Ada"), "{whois:?}");
    let refused = bench.ask(who, "SETNAME :\u{2067}\u{1}");
    assert!(refused[0].contains("INVALID_REALNAME"), "{refused:?}");
    let who = bench.arrive();
    bench.say(who, "NICK unseen");
    assert!(bench.ask(who, "USER u 0 * :\u{202e}")[0].contains(" 461 "));
}

#[test]
fn nobody_is_called_like_a_service_however_the_name_is_made() {
    let mut bench = Bench::new("");
    let eve = bench.plain("eve");
    for name in ["N1ckServ", "NlckServ", "Chanserv_", "nickserv", "H0stServ", "0perServ"] {
        let told = bench.ask(eve, &format!("NICK {name}")).join("\n");
        assert!(told.contains(" 432 eve "), "{name}: {told}");
        let told = bench.ask(eve, &format!("REGISTER {name} * sesame")).join("\n");
        assert!(told.contains("FAIL REGISTER BAD_ACCOUNT_NAME"), "{name}: {told}");
    }
    let guest = bench.arrive();
    assert!(bench.ask(guest, "NICK N1ckServ").join("\n").contains(" 432 "));
}
