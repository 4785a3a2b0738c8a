//! What no compiler checks: how files open, what they are called, how long they are.
//!
//! A file opens with what it is. A name that fits everything names nothing, so a few are refused.
//! A file that outgrew 600 lines without its tests holds two things.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::workspace;

const LONGEST: usize = 600;
/// The one file that may hold unsafe code.
const UNSAFE: &str = "crates/coax-net/src/sys.rs";
const NAMELESS: [&str; 9] =
    ["common", "helper", "helpers", "misc", "mod", "shared", "types", "util", "utils"];

/// Walks every Rust file of the workspace.
pub(crate) fn check() -> Result<(), String> {
    let mut files = Vec::new();
    collect(&workspace(), &mut files)?;
    let mut wrong = Vec::new();
    for file in &files {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let path = file.strip_prefix(workspace()).unwrap_or(file);
        wrong.extend(faults(path, &text));
    }
    match wrong.is_empty() {
        true => {
            println!("tidy: {} files", files.len());
            Ok(())
        }
        false => Err(format!("tidy:\n  {}", wrong.join("\n  "))),
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries =
        fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect(&path, files)?;
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let shown = path.display();
    if !text.starts_with("//!") {
        faults.push(format!("{shown}: does not open with //! and what it is"));
    }
    if text.contains("allow(unsafe_code)")
        && path != Path::new(UNSAFE)
        && !path.ends_with("tidy.rs")
    {
        faults.push(format!("{shown}: unsafe code belongs into {UNSAFE}"));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let folders = path.parent().into_iter().flat_map(Path::iter);
    let mut names = folders.map(|name| name.to_string_lossy()).chain([stem]);
    if let Some(name) = names.find(|name| NAMELESS.contains(&name.as_ref())) {
        faults.push(format!("{shown}: '{name}' does not say what is in it"));
    }
    let lines = own_lines(text);
    let is_test = path.iter().any(|part| part == "tests");
    if lines > LONGEST && !is_test {
        faults.push(format!("{shown}: {lines} lines without its tests, over {LONGEST}"));
    }
    faults
}

/// Lines before the tests, which come last.
fn own_lines(text: &str) -> usize {
    text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, faults};
    use std::path::Path;

    #[test]
    fn a_file_says_what_it_is() {
        assert_eq!(faults(Path::new("crates/x/src/dial.rs"), "//! Dials.\n"), [""; 0]);
        assert!(faults(Path::new("dial.rs"), "use std::fmt;\n")[0].contains("open with //!"));
    }

    #[test]
    fn a_name_that_fits_everything_is_refused() {
        for path in ["x/src/utils.rs", "x/src/dial/mod.rs", "x/src/common/dial.rs"] {
            assert!(faults(Path::new(path), "//! x")[0].contains("does not say"), "{path}");
        }
    }

    #[test]
    fn tests_do_not_count_as_length() {
        let long = |own: usize| {
            format!("//!\n{}#[cfg(test)]\n{}", "x\n".repeat(own - 1), "y\n".repeat(900))
        };
        assert_eq!(faults(Path::new("a.rs"), &long(LONGEST)), [""; 0]);
        assert!(faults(Path::new("a.rs"), &long(LONGEST + 1))[0].contains("over 600"));
    }
}
