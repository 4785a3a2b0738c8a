//! Numbers on the command line: whole, at least one where nothing is meant to be none, and refused in words.
//!
//! Nothing here knows what is counted.

use std::fmt::Display;
use std::str::FromStr;

/// Reads a number from 1 to the largest that `N` holds.
pub(crate) fn parse<N: Bounds>(text: &str) -> Result<N, String> {
    within(text, N::ONE, N::LARGEST)
}

/// Reads a number from 0 to the largest that `N` holds.
pub(crate) fn or_none<N: Bounds>(text: &str) -> Result<N, String> {
    within(text, N::ZERO, N::LARGEST)
}

/// Reads a number from 1 to `most`.
pub(crate) fn up_to<N: Bounds>(most: N) -> impl Fn(&str) -> Result<N, String> + Clone {
    move |text| within(text, N::ONE, most)
}

fn within<N: Bounds>(text: &str, least: N, most: N) -> Result<N, String> {
    let number = text.parse::<N>().ok().filter(|number| *number >= least && *number <= most);
    number.ok_or_else(|| format!("it is a number from {least} to {most}"))
}

/// Numbers that flags take.
pub(crate) trait Bounds:
    FromStr + PartialOrd + Display + Copy + Send + Sync + 'static
{
    const ZERO: Self;
    const ONE: Self;
    const LARGEST: Self;
}

macro_rules! bounds {
    ($($number:ty)*) => {
        $(impl Bounds for $number {
            const ZERO: $number = 0;
            const ONE: $number = 1;
            const LARGEST: $number = <$number>::MAX;
        })*
    };
}

bounds!(u16 u32 u64 usize);

#[cfg(test)]
mod tests {
    use super::{parse, up_to};

    #[test]
    fn a_count_is_one_or_more() {
        assert_eq!(parse::<u32>("1"), Ok(1));
        assert_eq!(up_to(16_u16)("16"), Ok(16));
        for text in ["0", "-1", "", "x", "1.5", "4294967296"] {
            let why = "it is a number from 1 to 4294967295";
            assert_eq!(parse::<u32>(text).unwrap_err(), why, "{text}");
        }
        assert!(up_to(16_u16)("17").is_err());
    }
}
