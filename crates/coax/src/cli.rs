//! The command line as data.
//!
//! Flags that every verb shares live here; a verb's own flags stand in its file under `cmd/`.
//! A mistake gets one line that says what is wrong and one that says what to type.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser};

use crate::cmd::Verb;
use crate::failure::{Exit, Failure};

/// One tool for everything people do with a socket.
#[derive(Debug, Parser)]
#[command(name = "coax", version, about, propagate_version = false, disable_help_subcommand = true)]
#[command(after_long_help = EXIT_STATUS)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// How to tell what happened: every verb has these.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Output {
    /// Print one JSON object a line on stdout (`coax schema` has the schema)
    #[arg(long, global = true, env = "COAX_JSON", value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Output")]
    pub(crate) json: bool,
    /// Say more on stderr: addresses, and how the session ended
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
    /// Narrate every socket call on stderr: arguments, result, time
    #[arg(long, global = true, env = "COAX_TRACE", value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Output")]
    pub(crate) trace: bool,
}

/// Ends every long help.
pub(crate) const EXIT_STATUS: &str = "\
EXIT STATUS
    0    done
    1    the answer is no
    2    used wrongly
    3    the network failed; trying again is reasonable
    4    the peer cannot be trusted or broke the protocol
    5    this machine refused: permission, address in use, descriptors, disk
    130  interrupted (SIGINT);  143  terminated (SIGTERM)";

/// What to print instead of running: help, the version, or what was wrong.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Asked for: stdout, exit 0.
    Told(String),
    /// A mistake: stderr, exit 2.
    Mistake(Failure),
}

impl Answer {
    pub(crate) fn print(self) -> ExitCode {
        match self {
            Answer::Told(text) => crate::out::tell(&text),
            Answer::Mistake(failure) => failure.leave(&crate::out::Out::plain()),
        }
    }
}

/// Reads the command line.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Cli, Answer> {
    Cli::try_parse_from(args).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Answer::Told(error.render().to_string())
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Answer::Mistake(
            Failure::new(Exit::Usage, "no verb given").hint("coax --help lists the verbs"),
        ),
        _ => Answer::Mistake(mistake(&error)),
    })
}

/// clap's several paragraphs as our one line and one hint.
fn mistake(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line).to_owned();
    let failure = Failure::new(Exit::Usage, line);
    match error.get(ContextKind::SuggestedArg).or(error.get(ContextKind::SuggestedSubcommand)) {
        Some(ContextValue::String(word)) => failure.hint(format!("did you mean {word}?")),
        Some(ContextValue::Strings(words)) if !words.is_empty() => {
            failure.hint(format!("did you mean {}?", words.join(" or ")))
        }
        _ => failure.hint(format!("{} --help", verb_of(&text))),
    }
}

/// `coax connect`, from clap's usage line: where the help that applies is found.
fn verb_of(text: &str) -> String {
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or("coax");
    let verbs = Cli::command();
    let words = usage.split_whitespace().take(2).collect::<Vec<_>>();
    match words.get(1) {
        Some(word) if verbs.find_subcommand(word).is_some() => words.join(" "),
        _ => "coax".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(command: &clap::Command, check: &mut impl FnMut(&clap::Command, &clap::Arg)) {
        for arg in command.get_arguments() {
            check(command, arg);
        }
        for sub in command.get_subcommands() {
            walk(sub, check);
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_is_documented_and_fits_a_line() {
        let mut command = Cli::command();
        command.build();
        walk(&command, &mut |command, arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{} {} has no help", command.get_name(), arg.get_id());
            assert!(help.len() <= 90, "{} {}: {help}", command.get_name(), arg.get_id());
        });
    }

    #[test]
    fn every_verb_says_examples_and_exit_status() {
        let mut command = Cli::command();
        command.build();
        for verb in command.get_subcommands() {
            let after = verb.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("EXAMPLES"), "{} has no examples", verb.get_name());
            assert!(after.contains("EXIT STATUS"), "{} has no exit status", verb.get_name());
        }
    }
}
