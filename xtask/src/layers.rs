//! Arrows point down only.
//!
//! Each crate says in its manifest which floor it stands on and, in one sentence, what it is for.
//! A crate may depend on lower floors alone; two crates of one floor do not know each other.
//!
//! Dependencies of tests may point anywhere: they ship with nobody.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::run::{cargo, output};

/// Refuses a crate without floor, a sentence that is two, and an arrow that does not point down.
pub(crate) fn check() -> Result<(), String> {
    let metadata = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_slice(&metadata).map_err(|error| error.to_string())?;
    let crates = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let wrong = faults(crates);
    match wrong.is_empty() {
        true => {
            println!("layers: {} crates, every arrow points down", crates.len());
            Ok(())
        }
        false => Err(format!("layers:\n  {}", wrong.join("\n  "))),
    }
}

fn faults(crates: &[Value]) -> Vec<String> {
    let floors = crates.iter().map(|it| (name(it), floor(it))).collect::<BTreeMap<_, _>>();
    crates
        .iter()
        .flat_map(|it| own_faults(it).into_iter().chain(arrow_faults(it, &floors)))
        .collect()
}

fn own_faults(it: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let (name, sentence) = (name(it), it["description"].as_str().unwrap_or_default());
    if floor(it).is_none() {
        faults.push(format!("{name}: no [package.metadata.coax] floor"));
    }
    if !sentence.ends_with('.') || sentence.matches(". ").count() > 0 {
        faults.push(format!("{name}: its description is not one sentence: '{sentence}'"));
    }
    if sentence.contains(" and ") {
        faults.push(format!(
            "{name}: its description has an 'and', so it is two crates: '{sentence}'"
        ));
    }
    faults
}

fn arrow_faults(it: &Value, floors: &BTreeMap<&str, Option<u64>>) -> Vec<String> {
    let (from, here) = (name(it), floor(it));
    let arrows = it["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    arrows
        .filter(|arrow| arrow["kind"].is_null())
        .filter_map(|arrow| floors.get_key_value(name(arrow)))
        .filter(|(_, there)| **there >= here)
        .map(|(to, there)| {
            let show = |floor: Option<u64>| floor.map_or("none".to_owned(), |it| it.to_string());
            format!(
                "{from} (floor {}) must not depend on {to} (floor {})",
                show(here),
                show(*there)
            )
        })
        .collect()
}

fn name(it: &Value) -> &str {
    it["name"].as_str().unwrap_or_default()
}

fn floor(it: &Value) -> Option<u64> {
    it["metadata"]["coax"]["floor"].as_u64()
}

#[cfg(test)]
mod tests {
    use super::faults;
    use serde_json::{Value, json};

    fn piece(name: &str, floor: u64, on: &[(&str, Option<&str>)]) -> Value {
        let on = on.iter().map(|(name, kind)| json!({"name": name, "kind": kind}));
        json!({
            "name": name,
            "description": "Does one thing.",
            "metadata": {"coax": {"floor": floor}},
            "dependencies": on.collect::<Vec<_>>(),
        })
    }

    #[test]
    fn an_arrow_that_points_down_is_fine() {
        let net = piece("net", 1, &[("addr", None), ("serde", None)]);
        assert_eq!(faults(&[piece("addr", 0, &[]), net]), [""; 0]);
    }

    #[test]
    fn an_arrow_up_or_sideways_is_named_with_both_floors() {
        let addr = piece("addr", 0, &[("net", None)]);
        let net = piece("net", 1, &[("tls", None)]);
        let wrong = faults(&[addr, net, piece("tls", 1, &[])]);
        assert_eq!(
            wrong,
            [
                "addr (floor 0) must not depend on net (floor 1)",
                "net (floor 1) must not depend on tls (floor 1)",
            ]
        );
    }

    #[test]
    fn tests_may_depend_on_anything() {
        let addr = piece("addr", 0, &[("kit", Some("dev"))]);
        assert_eq!(faults(&[addr, piece("kit", 5, &[])]), [""; 0]);
    }

    #[test]
    fn a_crate_without_floor_or_with_two_tasks_is_named() {
        let mut odd = piece("odd", 0, &[]);
        odd["metadata"] = Value::Null;
        odd["description"] = json!("Reads and writes.");
        let wrong = faults(&[odd]);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].contains("no [package.metadata.coax] floor"), "{wrong:?}");
        assert!(wrong[1].contains("two crates"), "{wrong:?}");
    }

    #[test]
    fn two_sentences_are_not_one() {
        let mut odd = piece("odd", 0, &[]);
        odd["description"] = json!("Reads. Writes.");
        assert!(faults(&[odd])[0].contains("not one sentence"));
    }
}
