//! What nmap says of the same ports, from its XML.

use std::collections::BTreeMap;

use testkit::{Lab, peer_or_skip};

use crate::ground::Family;

/// Each port's state, in coax's words. Host discovery and names are left out, and three levels of
/// verbosity keep ports of one state from being put together. It is patient: this machine may be busy, and a
/// port it gives up on would look filtered. `None` without nmap.
#[track_caller]
pub fn nmap(
    lab: &Lab,
    how: &str,
    family: Family,
    target: &str,
    ports: &str,
) -> Option<BTreeMap<u16, String>> {
    let nmap = peer_or_skip("nmap")?;
    let version = if family == Family::V6 { &["-6"][..] } else { &[] };
    let quick = ["-n", "-Pn", "-T4", "--max-retries", "2", "--min-rtt-timeout", "600ms", "-vvv"];
    let program = lab.ask(nmap).args([how, "-p", ports, "-oX", "-"]).args(quick).args(version);
    Some(states(&program.arg(target).run().exits(0).out()))
}

/// `<port protocol="tcp" portid="80"><state state="open" …`
fn states(xml: &str) -> BTreeMap<u16, String> {
    let ports = xml.split("<port ").skip(1).map(|rest| {
        let port = attribute(rest, " portid=\"").parse::<u16>().unwrap();
        let state = match attribute(rest, "<state state=\"") {
            "open|filtered" => "open-or-filtered",
            state => state,
        };
        (port, state.to_owned())
    });
    ports.collect()
}

fn attribute<'a>(text: &'a str, start: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split('"').next().unwrap_or_default()
}

#[test]
fn the_states_are_read_from_nmaps_own_form() {
    let xml = r#"<ports><extraports state="closed" count="9"/>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/><service name="ssh"/></port>
<port protocol="udp" portid="53"><state state="open|filtered" reason="no-response"/></port>"#;
    let read = states(xml).into_iter().collect::<Vec<_>>();
    assert_eq!(read, [(22, "open".to_owned()), (53, "open-or-filtered".to_owned())]);
}
