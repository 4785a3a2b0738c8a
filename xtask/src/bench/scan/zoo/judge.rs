//! What scanners say of services, and how much of it is true.
//!
//! A name counts as said without a doubt where the scanner itself does not mark it as a guess.
//!
//! Nothing here runs a scanner.

use serde_json::Value;

/// What is at a port.
pub(super) struct Truth {
    pub(super) resident: &'static str,
    pub(super) port: u16,
    pub(super) udp: bool,
    /// The names that are right.
    pub(super) names: Vec<&'static str>,
    /// A word of the product, where the protocol tells it.
    pub(super) product: Option<&'static str>,
}

/// What a scanner says is at a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) port: u16,
    pub(super) name: String,
    /// Whether it is no guess.
    pub(super) sure: bool,
    pub(super) product: String,
}

/// How true it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Doubtful,
    Wrong,
}

pub(super) type Reading = fn(&str) -> Vec<Heard>;

impl Truth {
    /// From `u53 domain|dns Knot`.
    pub(super) fn read(resident: &'static str, row: &'static str) -> Option<Truth> {
        let mut words = row.split(' ');
        let (port, names, product) = (words.next()?, words.next()?, words.next()?);
        let udp = port.starts_with('u');
        let port = port.trim_start_matches('u').parse().ok()?;
        let names = names.split('|').collect();
        let product = Some(product).filter(|word| *word != "-");
        Some(Truth { resident, port, udp, names, product })
    }

    pub(super) fn judge(&self, heard: Option<&Heard>) -> Verdict {
        match heard {
            Some(heard) if !heard.sure || heard.name.is_empty() => Verdict::Doubtful,
            Some(heard) if self.is_named(&heard.name) => Verdict::Right,
            Some(_) => Verdict::Wrong,
            None => Verdict::Doubtful,
        }
    }

    /// A scanner may give the product for a name.
    fn is_named(&self, name: &str) -> bool {
        let product = self.product.map(str::to_lowercase);
        let starts = product.is_some_and(|product| name.to_lowercase().starts_with(&product));
        self.names.contains(&name) || starts
    }

    pub(super) fn has_product(&self, heard: Option<&Heard>) -> bool {
        let told = heard.map(|it| it.product.to_lowercase()).unwrap_or_default();
        self.product.is_some_and(|word| told.contains(&word.to_lowercase()))
    }

    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.port, if self.udp { "udp" } else { "tcp" })
    }
}

impl Heard {
    pub(super) fn in_words(&self) -> String {
        let mark = if self.sure { "" } else { "?" };
        format!("{}{mark} {}", self.name, self.product).trim().to_owned()
    }
}

/// `coax scan --json`.
pub(super) fn events(text: &str) -> Vec<Heard> {
    let mut all: Vec<Heard> = text.lines().filter_map(event).collect();
    all.sort_by_key(|it| it.port);
    all
}

fn event(line: &str) -> Option<Heard> {
    let event: Value = serde_json::from_str(line).ok()?;
    let port = u16::try_from(event["port"].as_u64()?).ok()?;
    let identity = &event["identity"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = ["product", "extra", "host"].map(|name| word(&identity[name]));
    let product = told.join(" ").trim().to_owned();
    let sure = identity["identified"].as_bool().unwrap_or_default();
    Some(Heard { port, name: word(&event["service"]), sure, product })
}

/// `nmap -oX -`.
pub(super) fn xml(text: &str) -> Vec<Heard> {
    text.split("<port ").skip(1).filter_map(port).collect()
}

fn port(text: &str) -> Option<Heard> {
    let text = text.split("</port>").next()?;
    let port = value(text, "portid")?.parse().ok()?;
    let service = text.split("<service ").nth(1)?.split("/>").next()?;
    let word = |name| value(service, name).unwrap_or_default().to_owned();
    let product = format!("{} {}", word("product"), word("extrainfo"));
    let sure = value(service, "method") == Some("probed") && value(service, "conf") == Some("10");
    // Asked and not answered: nmap says that somebody closes.
    let name = word("name");
    let sure = sure && name != "tcpwrapped";
    Some(Heard { port, name, sure, product: product.trim().to_owned() })
}

fn value<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mark = format!("{name}=\"");
    let start = tag.find(&mark)? + mark.len();
    tag[start..].split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_neither_right_nor_wrong() {
        let truth = Truth::read("knot", "u53 domain|dns Knot").unwrap();
        let heard = |name: &str, sure| Heard {
            port: 53,
            name: name.to_owned(),
            sure,
            product: "Knot DNS 3.2".to_owned(),
        };
        assert_eq!(truth.judge(Some(&heard("domain", true))), Verdict::Right);
        assert_eq!(truth.judge(Some(&heard("domain", false))), Verdict::Doubtful);
        assert_eq!(truth.judge(Some(&heard("http", false))), Verdict::Doubtful);
        assert_eq!(truth.judge(Some(&heard("http", true))), Verdict::Wrong);
        assert_eq!(truth.judge(None), Verdict::Doubtful);
        assert!(truth.has_product(Some(&heard("domain", true))) && !truth.has_product(None));
    }

    #[test]
    fn both_scanners_are_read() {
        let line = r#"{"event":"port","port":22,"service":"ssh","identity":{"identified":true,"product":"OpenSSH_9"}}"#;
        let from_coax = events(line);
        let tag = r#"<port protocol="tcp" portid="22"><state/><service name="ssh" product="OpenSSH" method="probed" conf="10"/></port>"#;
        let from_nmap = xml(tag);
        for heard in [&from_coax[0], &from_nmap[0]] {
            assert!(heard.port == 22 && heard.name == "ssh" && heard.sure, "{heard:?}");
        }
    }
}
