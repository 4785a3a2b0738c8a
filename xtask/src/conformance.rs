//! irctest against the server this workspace builds, and another maker's WebSocket.
//!
//! The suite is taken from `COAX_IRCTEST`, or fetched at the commit named here; its own environment
//! lies under target/, and what Debian has for it is installed where that may be done. Each test
//! starts a server of its own, so several run at the same time, and one that hangs is ended.
//!
//! Nothing here knows what is tested.

mod verdict;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::peers;
use crate::run::{cargo, output, run, workspace};

/// The suite as it was on 2026-07-21.
const COMMIT: &str = "b00c039";
const SOURCE: &str = "https://github.com/progval/irctest";

/// Everything but what is one server's own, what is no longer so, and what nobody does.
const SELECTION: &str = "not implementation-specific and not deprecated and not strict";

/// Seconds that one test may take. Those of LIST's times wait for three minutes.
const DEADLINE: &str = "300";

/// Runs the common selection and the WebSocket's tests, or the given modules of the selection.
pub(crate) fn check(words: &[&str]) -> Result<(), String> {
    peers::provide(&missing())?;
    let suite = suite()?;
    let bench = Bench { pytest: environment()?, coax: binary()?, scratch: scratch()? };
    if words.is_empty() {
        run(bench.pytest(&workspace().join("conformance")).args(["-W", "error", "--tb=short"]))?;
    }
    let mut command = bench.pytest(&suite);
    command
        .args(["--controller", "coax_controller", "-m", SELECTION, "-rpfEsxX"])
        .args(["--tb=short", "--dist", "worksteal"])
        .args(words);
    let told = listen(&mut command)?;
    verdict::judge(&told, words.is_empty())
}

/// What every run of pytest needs.
struct Bench {
    pytest: PathBuf,
    coax: PathBuf,
    scratch: PathBuf,
}

impl Bench {
    /// pytest for the tests in `folder`.
    fn pytest(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.pytest);
        command
            .current_dir(folder)
            .env("PYTHONPATH", workspace().join("conformance"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("COAX_BIN", &self.coax)
            .env("TMPDIR", &self.scratch)
            .args(["-q", "-p", "no:cacheprovider", "-n", &workers(), "--timeout", DEADLINE]);
        command
    }
}

/// Most of a test is waiting: for a server to start, for its answers, for it to end.
fn workers() -> String {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    (2 * cores).to_string()
}

/// Runs pytest, shows how far it is, and gives what it said.
fn listen(command: &mut Command) -> Result<String, String> {
    let broken = |error: std::io::Error| format!("pytest does not run: {error}");
    let mut pytest = command.stdout(Stdio::piped()).spawn().map_err(broken)?;
    let mut told = String::new();
    for line in pytest.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.map_err(broken)?;
        if line.ends_with("%]") {
            eprintln!("{line}");
        }
        told.push_str(&line);
        told.push('\n');
    }
    // A failed test is a failed pytest: what failed stands in what it said.
    pytest.wait().map_err(broken)?;
    Ok(told)
}

/// The server under test: `COAX_BIN`, or what is built here, with the checks of a debug build.
fn binary() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("COAX_BIN") {
        return Ok(given.into());
    }
    run(cargo().args(["build", "-p", "coax"]))?;
    Ok(workspace().join("target/debug/coax"))
}

/// A folder for the servers' own folders, empty.
fn scratch() -> Result<PathBuf, String> {
    let scratch = workspace().join("target/irctest-tmp");
    let made = match fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(&scratch),
    };
    made.map_err(|error| format!("cannot empty {}: {error}", scratch.display()))?;
    Ok(scratch)
}

/// The Debian packages that the suite needs and that are not there.
fn missing() -> Vec<&'static str> {
    let programs = [("git", "git"), ("openssl", "openssl")];
    let absent = programs.iter().filter(|(program, _)| !peers::find(program));
    let mut packages = absent.map(|(_, package)| *package).collect::<Vec<_>>();
    if output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_err() {
        packages.push("python3-venv");
    }
    packages
}

/// Where the suite is.
fn suite() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("COAX_IRCTEST") {
        let suite = PathBuf::from(given);
        return match suite.join("pytest.ini").exists() {
            true => Ok(suite),
            false => Err(format!("COAX_IRCTEST is no irctest: {}", suite.display())),
        };
    }
    let suite = workspace().join(format!("target/irctest-{COMMIT}"));
    if !suite.join("pytest.ini").exists() {
        // A clone that broke off must not look like a whole one.
        let begun = suite.with_extension("begun");
        let _ = fs::remove_dir_all(&begun);
        run(Command::new("git").args(["clone", "--quiet", SOURCE]).arg(&begun)).map_err(|why| {
            format!("{why}\nhint: COAX_IRCTEST=PATH runs a copy of irctest that is there already")
        })?;
        run(Command::new("git").current_dir(&begun).args(["checkout", "--quiet", COMMIT]))?;
        fs::rename(&begun, &suite).map_err(|error| format!("{}: {error}", suite.display()))?;
    }
    Ok(suite)
}

/// The pytest of an environment that has what the suite needs.
fn environment() -> Result<PathBuf, String> {
    let list = workspace().join("conformance/requirements.txt");
    let wanted = read(&list)?;
    let environment = workspace().join("target/irctest-venv");
    let (has, pytest) = (environment.join("requirements.txt"), environment.join("bin/pytest"));
    if !pytest.exists() || fs::read_to_string(&has).ok().as_ref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(environment.join("bin/python")).args(pip).arg(&list))?;
        fs::write(&has, wanted).map_err(|error| format!("{}: {error}", has.display()))?;
    }
    Ok(pytest)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}
