//! Numbers of bytes on the command line: `500k`, `2G`, or digits alone.
//!
//! A letter is a power of 1024, as curl and wget read it; `kB`, `KiB` and the like are understood.
//!
//! Nothing here knows what is counted.

/// Reads a number of bytes.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let wrong = || "a size is written like 500k, 1M or 2G".to_owned();
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1_u64,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return Err(wrong()),
    };
    let bytes = match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor).ok_or_else(wrong)?,
        Err(_) => (number.parse::<f64>().map_err(|_| wrong())? * factor as f64) as u64,
    };
    if bytes == 0 { Err("a size must be more than nothing".to_owned()) } else { Ok(bytes) }
}

/// `12.3 MiB`, for a person.
pub(super) fn words(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_are_read_in_the_usual_ways() {
        let table = [
            ("1", Some(1)),
            ("500k", Some(512_000)),
            ("1.5M", Some(1_572_864)),
            ("2GiB", Some(2 << 30)),
            ("1 MB", Some(1 << 20)),
            ("0", None),
            ("", None),
            ("-1", None),
            ("1x", None),
            ("1.2.3k", None),
            ("99999999999G", None),
        ];
        for (text, bytes) in table {
            assert_eq!(parse(text).ok(), bytes, "{text}");
        }
    }
}
