//! Man pages and shell completions, by the binary itself.
//!
//! The binary has the definitions of its flags, so it writes both; nothing is said twice.

use std::fs;
use std::path::{Path, absolute};

use crate::run::{cargo, output, run};

/// The shells, and the name each expects of a completion file.
const SHELLS: [(&str, &str); 5] = [
    ("bash", "coax"),
    ("zsh", "_coax"),
    ("fish", "coax.fish"),
    ("elvish", "coax.elv"),
    ("powershell", "coax.ps1"),
];

/// One page for coax, one for each verb.
pub(crate) fn man(directory: &str) -> Result<(), String> {
    let directory = make(directory)?;
    run(cargo().args(["run", "--quiet", "-p", "coax", "--", "man", "--dir"]).arg(&directory))
}

/// One file for each shell.
pub(crate) fn completions(directory: &str) -> Result<(), String> {
    let directory = make(directory)?;
    for (shell, name) in SHELLS {
        let text =
            output(cargo().args(["run", "--quiet", "-p", "coax", "--", "completions", shell]))?;
        let file = directory.join(name);
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("{}", file.display());
    }
    Ok(())
}

fn make(directory: &str) -> Result<std::path::PathBuf, String> {
    let directory = absolute(Path::new(directory)).map_err(|error| error.to_string())?;
    fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    Ok(directory)
}
