//! What `deny.toml` bans is in no build.
//!
//! A banned crate may stand in `Cargo.lock` and be built by nobody: Cargo writes down what an optional
//! feature of a dependency would bring, though nothing switches it on. So the lock is looked at first,
//! and of what is in there Cargo says whether any build takes it. `cargo deny` does the same and more
//! where it is installed; this needs nothing but Cargo.

use std::fs;

use crate::run::{cargo, run, workspace};

/// Asks of each banned crate whether anything is built with it.
pub(crate) fn check() -> Result<(), String> {
    let read = |name: &str| {
        fs::read_to_string(workspace().join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let (deny, lock) = (read("deny.toml")?, read("Cargo.lock")?);
    let banned = banned(&deny);
    if banned.is_empty() {
        return Err("bans: deny.toml bans nothing, or is written in another way".to_owned());
    }
    for name in &banned {
        if !lock.contains(&format!("name = \"{name}\"\n")) {
            continue;
        }
        if let Some(by) = built_by(name)? {
            return Err(format!("bans: deny.toml bans {name}, and it is built:\n{by}"));
        }
    }
    println!("bans: {} crates are in no build", banned.len());
    // Licences and sources as well, where the tool is there.
    let has_deny = cargo().args(["deny", "--version"]).output();
    if has_deny.is_ok_and(|output| output.status.success()) {
        run(cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
    }
    Ok(())
}

/// The crates of `{ crate = "…", reason = "…" }`.
fn banned(deny: &str) -> Vec<&str> {
    let names = deny.split("{ crate = \"").skip(1);
    names.filter_map(|rest| rest.split('"').next()).collect()
}

/// What Cargo says builds it, on any system and with all features.
fn built_by(name: &str) -> Result<Option<String>, String> {
    let words = ["tree", "--invert", name, "--target", "all", "--all-features", "--locked"];
    let asked = cargo().args(words).args(["--workspace", "--edges", "all"]).output();
    let asked = asked.map_err(|error| format!("bans: cargo tree: {error}"))?;
    let tree = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    let said = String::from_utf8_lossy(&asked.stderr);
    // Cargo knows it and has nothing to print, or has never heard of it in this workspace.
    let is_known = asked.status.success() || said.contains("did not match any packages");
    if !is_known {
        return Err(format!("bans: cargo tree: {}", said.trim()));
    }
    Ok(Some(tree).filter(|tree| !tree.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::banned;

    #[test]
    fn bans_are_found_in_the_file() {
        let deny = "deny = [\n  { crate = \"ring\", reason = \"x\" },\n  { crate = \"a-b\" },\n]";
        assert_eq!(banned(deny), ["ring", "a-b"]);
    }
}
