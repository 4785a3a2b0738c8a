//! `coax man`: the manual, one page for coax and one for each verb.
//!
//! Generated from the definitions of the flags, so it cannot disagree with them. What `--help`
//! says after the flags, its examples and its exit status, becomes sections of the page.
//!
//! Nothing here knows what a verb does.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::{Cli, EXIT_STATUS};
use crate::failure::{Exit, Failure};
use crate::out::Out;

/// Print a manual page, or write them all
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// The verb to explain, such as chat search; without one, coax itself
    #[arg(value_name = "VERB", conflicts_with = "dir")]
    verb: Vec<String>,
    /// Write every page into this directory instead
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

const EXAMPLES: &str = "\
EXAMPLES
    coax man connect | man -l -
    coax man chat search | man -l -
    coax man --dir ~/.local/share/man/man1";

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    let coax = whole();
    if let Some(directory) = args.dir {
        return write_all(&coax, &directory, out);
    }
    let mut command = coax;
    for verb in &args.verb {
        command = command.find_subcommand(verb).cloned().ok_or_else(|| no_such(&args.verb))?;
    }
    Ok(io::stdout().lock().write_all(&page(command)?)?)
}

/// Every verb with the flags all verbs share; the order of the pages is the order of `--help`.
fn whole() -> Command {
    let mut coax = Cli::command();
    coax.build();
    coax
}

/// coax, its verbs, and the verbs of those.
fn all(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(all);
    std::iter::once(command).chain(below).collect()
}

fn no_such(words: &[String]) -> Failure {
    let words = words.join(" ");
    Failure::new(Exit::Usage, format!("no such verb: '{words}'"))
        .hint("coax --help lists the verbs")
}

fn write_all(coax: &Command, directory: &Path, out: &Out) -> Result<(), Failure> {
    let failed = |path: &Path, error: &io::Error| {
        let cause = coax_net::cause_in_words(error);
        Failure::new(Exit::Machine, format!("cannot write {}: {cause}", path.display()))
    };
    fs::create_dir_all(directory).map_err(|error| failed(directory, &error))?;
    for command in all(coax) {
        let path = directory.join(format!("{}.1", title(command)));
        fs::write(&path, page(command.clone())?).map_err(|error| failed(&path, &error))?;
        out.talk(&path.display().to_string());
    }
    Ok(())
}

/// `coax`, `coax-connect`.
fn title(command: &Command) -> String {
    command.get_bin_name().unwrap_or_else(|| command.get_name()).replace(' ', "-")
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let (name, usage) = (title(&command), command.get_bin_name().unwrap_or_default().to_owned());
    let has_verbs = command.get_subcommands().next().is_some();
    let man = Man::new(command.display_name(name.clone()).bin_name(usage));
    let version = concat!("coax ", env!("CARGO_PKG_VERSION"));
    let man = man.title(name.to_uppercase()).source(version).manual("coax manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_verbs {
        man.render_subcommands_section(&mut page)?;
    }
    page.extend(sections(&after).into_bytes());
    Ok(page)
}

/// A line at the margin starts a section; what is indented stands as it is.
fn sections(text: &str) -> String {
    let mut roff = String::new();
    let mut open = false;
    for line in text.lines() {
        let plain = line.replace('\\', "\\e").replace('-', "\\-");
        match plain.strip_prefix("    ") {
            Some(indented) => roff.push_str(&format!("\\&{indented}\n")),
            None if plain.is_empty() => roff.push_str("\\&\n"),
            None => {
                roff.push_str(if open { ".fi\n" } else { "" });
                roff.push_str(&format!(".SH {plain}\n.nf\n"));
                open = true;
            }
        }
    }
    roff.push_str(if open { ".fi\n" } else { "" });
    roff
}

#[cfg(test)]
mod tests {
    use super::{all, page, sections, title, whole};

    #[test]
    fn every_verb_has_a_page_with_its_examples() {
        for command in all(&whole()) {
            let page = String::from_utf8(page(command.clone()).unwrap()).unwrap();
            assert!(page.contains(".SH EXAMPLES"), "{}", title(command));
            assert!(page.contains(".SH EXIT STATUS"), "{}", title(command));
        }
    }

    #[test]
    fn an_example_is_not_mistaken_for_a_roff_command() {
        assert_eq!(
            sections("EXAMPLES\n    .x --y \\n"),
            ".SH EXAMPLES\n.nf\n\\&.x \\-\\-y \\en\n.fi\n"
        );
    }
}
