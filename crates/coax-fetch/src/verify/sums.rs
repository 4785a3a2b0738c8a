//! A list of sums as `sha256sum` writes it, or as the BSDs do.
//!
//! `HEX  NAME`, `HEX *NAME`, `SHA256 (NAME) = HEX` or `SHA2-256(NAME)= HEX`, one a line; a single sum
//! alone is for whatever it stands beside. Lines that are none of these are passed over, as such lists
//! are often signed.
//!
//! Nothing here fetches the list.

use super::Sha256;

/// A list of sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    sums: Vec<(String, Sha256)>,
}

impl Sums {
    /// Reads a list.
    pub fn parse(text: &str) -> Sums {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Sums { sums: text.lines().filter_map(line).collect() }
    }

    /// The sum of the file called `name`. A path in the list counts by its last word, where no name
    /// fits as a whole.
    pub fn of(&self, name: &str) -> Option<Sha256> {
        let find = |fits: &dyn Fn(&str) -> bool| {
            self.sums.iter().find(|(listed, _)| fits(listed)).map(|(_, sum)| *sum)
        };
        let last = |listed: &str| listed.rsplit('/').next() == Some(name);
        find(&|listed| listed == name).or_else(|| find(&last)).or_else(|| self.alone())
    }

    /// Whether it lists nothing.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// A single sum without a name.
    fn alone(&self) -> Option<Sha256> {
        match &self.sums[..] {
            [(name, sum)] if name.is_empty() => Some(*sum),
            _ => None,
        }
    }
}

fn line(text: &str) -> Option<(String, Sha256)> {
    let text = text.trim();
    if let Some(tagged) = tagged(text) {
        return Some(tagged);
    }
    // A name with a backslash or a line end in it is escaped, and the line marked so.
    let (escaped, text) = match text.strip_prefix('\\') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (sum, name) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let name = name.trim_start();
    let name = name.strip_prefix('*').unwrap_or(name);
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = match escaped {
        true => name.replace("\\n", "\n").replace("\\\\", "\\"),
        false => name.to_owned(),
    };
    Some((name, sum.parse().ok()?))
}

/// `SHA256 (NAME) = HEX` of the BSDs, and `SHA2-256(NAME)= HEX` of openssl.
fn tagged(text: &str) -> Option<(String, Sha256)> {
    let rest = ["SHA256", "SHA2-256"].iter().find_map(|tag| text.strip_prefix(tag))?;
    let (name, sum) = rest.trim_start().strip_prefix('(')?.rsplit_once(')')?;
    Some((name.to_owned(), sum.trim_start().strip_prefix('=')?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn sum(text: &str, name: &str) -> Option<String> {
        Sums::parse(text).of(name).map(|sum| sum.to_string())
    }

    #[test]
    fn every_usual_form_is_read() {
        for text in [
            format!("{B}  other\n{A}  x.iso\n"),
            format!("{A} *x.iso"),
            format!("{A}  ./x.iso\r\n"),
            format!("SHA256 (x.iso) = {A}"),
            format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{A}  x.iso"),
            format!("{B}  deep/other\n{A}  deep/x.iso\n"),
            A.to_owned(),
            format!("\u{feff}{A}  x.iso\r\n"),
            format!("\u{feff}{A}\r\n"),
            format!("{A}\tx.iso"),
            format!("  {A}  x.iso"),
            format!("SHA2-256(x.iso)= {A}"),
            format!("SHA256(x.iso)= {A}"),
            format!("sha256:{A}  x.iso"),
            format!("sha256:{A}"),
        ] {
            assert_eq!(sum(&text, "x.iso").as_deref(), Some(A), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_not_listed_has_no_sum() {
        assert_eq!(sum(&format!("{A}  y.iso"), "x.iso"), None);
        assert_eq!(sum(&format!("{A}\n{B}"), "x.iso"), None);
        assert!(Sums::parse("<html>").is_empty());
    }

    #[test]
    fn a_whole_name_comes_before_a_last_word() {
        assert_eq!(sum(&format!("{B}  old/x\n{A}  x"), "x").as_deref(), Some(A));
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "(\\\\|SHA256 \\(|\\) = |[a-f0-9]{64}| |\\*|\n|.){0,60}") {
            let _ = Sums::parse(&text).of("x");
        }
    }
}
