//! The command line as data.
//!
//! Flags that every verb shares live here; a verb's own flags stand in its file under `cmd/`.
//! A mistake gets one line that says what is wrong and one that says what to type.
//!
//! Nothing here knows what a verb does.

mod effects;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser};

use crate::cmd::Verb;
use crate::failure::{Exit, Failure};

/// One tool for everything people do with a socket.
#[derive(Debug, Parser)]
#[command(name = "coax", version, about, propagate_version = false, disable_help_subcommand = true)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"), max_term_width = 80)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// How to tell what happened: every verb has these.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Output {
    /// Print one JSON object a line on stdout
    ///
    /// `coax schema` prints what each may hold. COAX_JSON=1 in the environment says the same.
    #[arg(long, global = true, env = "COAX_JSON", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Output")]
    pub(crate) json: bool,
    /// Say more on stderr: addresses, and how the session ended
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
    /// Narrate every socket call on stderr: arguments, result, time
    ///
    /// COAX_TRACE=1 in the environment says the same.
    #[arg(long, global = true, env = "COAX_TRACE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Output")]
    pub(crate) trace: bool,
}

const EXAMPLES: &str = "\
EXAMPLES
    coax listen 9000                wait for somebody, here
    coax connect localhost:9000     talk to them, from another terminal
    coax ask localhost:9000 hello   one message, one reply
    coax resolve example.org        what programs get for a name
";

/// Ends every long help.
/// What may stand after an endpoint, for the verbs where people look it up.
pub(crate) const ENDPOINT_OPTIONS: &str = "\
ENDPOINT OPTIONS
    ?NAME=VALUE&… after an endpoint; where one would have no effect, it is refused.
    interface=eth0       use this interface alone
    bind=ADDRESS         connect from there: an address, :port or both
    ttl=HOPS             how far a packet goes
    nodelay  keepalive   tcp: do not gather small pieces; notice a dead peer
    broadcast            udp: let messages go to a broadcast address
    join=GROUP           udp, listening: join a multicast group
    reuseaddr  reuseport share an address with other sockets
    sndbuf=64k rcvbuf=1M buffers; rcvbuf is for tcp and udp
    mode=0660 owner=NAME group=NAME
                         listening: who may use the file of a Unix socket
";

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
    Mistake(Failure, Output),
}

impl Answer {
    pub(crate) fn print(self) -> ExitCode {
        match self {
            Answer::Told(text) => crate::out::tell(&text),
            Answer::Mistake(failure, output) => failure.leave(&crate::out::Out::new(&output)),
        }
    }
}

/// Reads the command line.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Cli, Answer> {
    let args = args.collect::<Vec<_>>();
    let matches =
        Cli::command().try_get_matches_from(&args).map_err(|error| told(&error, &args))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| told(&error, &args))?;
    let checked = effects::check(&matches);
    checked.map_err(|failure| Answer::Mistake(failure, cli.output.clone()))?;
    Ok(cli)
}

/// Help and the version were asked for; anything else is a mistake.
fn told(error: &clap::Error, args: &[OsString]) -> Answer {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Answer::Told(error.render().to_string())
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Answer::Mistake(
            Failure::new(Exit::Usage, "no verb given").hint("coax --help lists the verbs"),
            output_of(args),
        ),
        _ => Answer::Mistake(mistake(error, args), output_of(args)),
    }
}

/// clap's several paragraphs as our one line and one hint.
fn mistake(error: &clap::Error, args: &[OsString]) -> Failure {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = without_passwords(line.strip_prefix("error: ").unwrap_or(&line), args);
    let failure = Failure::new(Exit::Usage, line);
    match error.get(ContextKind::SuggestedArg).or(error.get(ContextKind::SuggestedSubcommand)) {
        Some(ContextValue::String(word)) => failure.hint(format!("did you mean {word}?")),
        Some(ContextValue::Strings(words)) if !words.is_empty() => {
            failure.hint(format!("did you mean {}?", words.join(" or ")))
        }
        _ => failure.hint(format!("{} --help", verb_of(args))),
    }
}

/// What was typed is quoted, and a password in it is not.
fn without_passwords(line: &str, args: &[OsString]) -> String {
    let words = args.iter().filter_map(|word| word.to_str());
    let values = words.clone().filter_map(|word| word.split_once('=')).map(|(_, value)| value);
    words.chain(values).fold(line.to_owned(), |line, word| {
        let shown = coax_addr::without_password(word);
        if shown == word { line } else { line.replace(word, &shown) }
    })
}

/// How to say a mistake, where the flags as a whole could not be read.
fn output_of(args: &[OsString]) -> Output {
    let mut flags = args.iter().take_while(|word| *word != "--");
    Output { json: flags.any(|word| word == "--json"), ..Output::default() }
}

/// `coax connect`, `coax chat search`: where the help that applies is found. Flags before a verb
/// take no values.
fn verb_of(args: &[OsString]) -> String {
    let mut words = args.iter().skip(1).filter(|word| !word.to_string_lossy().starts_with('-'));
    let (mut command, mut name) = (Cli::command(), "coax".to_owned());
    while let Some(verb) = words.next().and_then(|word| command.find_subcommand(word).cloned()) {
        name = format!("{name} {}", verb.get_name());
        command = verb;
    }
    name
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

    /// coax, its verbs, and the verbs of those.
    fn all(command: &clap::Command) -> Vec<clap::Command> {
        let below = command.get_subcommands().flat_map(all);
        std::iter::once(command.clone()).chain(below).collect()
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_is_documented() {
        let mut command = Cli::command();
        command.build();
        walk(&command, &mut |command, arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{} {} has no help", command.get_name(), arg.get_id());
        });
    }

    #[test]
    fn the_short_help_is_one_line_a_flag_in_80_columns() {
        let mut coax = Cli::command().term_width(80);
        coax.build();
        for command in all(&coax) {
            let help = command.clone().term_width(80).render_help().to_string();
            for line in help.lines() {
                let (name, width) = (command.get_name(), line.chars().count());
                assert!(width <= 80, "{name} -h has {width} columns: {line}");
                assert!(!line.starts_with(&" ".repeat(10)), "{name} -h is wrapped: {line}");
            }
        }
    }

    /// Its words as a shell takes them, up to a pipe or a redirection; `None` where it has a
    /// redirection that nobody meant.
    fn words(example: &str) -> Option<Vec<String>> {
        let (mut words, mut quoted) = (vec![String::new()], false);
        for character in example.chars() {
            let word = words.last_mut()?;
            match character {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                '|' | '<' | '>' if !quoted && word.is_empty() => break,
                '|' | '<' | '>' | '&' | ';' | '*' if !quoted => return None,
                other => word.push(other),
            }
        }
        words.retain(|word| !word.is_empty());
        Some(words)
    }

    #[test]
    fn every_example_is_understood_as_it_stands() {
        for verb in all(&Cli::command()) {
            let after = verb.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            let lines = after.lines().filter_map(|line| line.strip_prefix("    coax "));
            for line in lines {
                // What it is for stands after a gap.
                let example = format!("coax {}", line.split("  ").next().unwrap());
                let words = words(&example).unwrap_or_else(|| panic!("quote it: {example}"));
                let parsed = Cli::try_parse_from(&words);
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            }
        }
    }

    #[test]
    fn a_mistake_points_to_the_help_of_its_verb() {
        for args in [
            ["coax", "connect", "localhost:9", "--timeout", "soon"],
            ["coax", "--json", "connect", "localhost:9", "--nosuch"],
        ] {
            let Err(Answer::Mistake(mistake, _)) = parse(args.iter().map(OsString::from)) else {
                panic!("{args:?} is wrong");
            };
            assert_eq!(mistake.hint.as_deref(), Some("coax connect --help"));
        }
        let args = ["coax", "chat", "account", "add", "--nosuch"];
        let Err(Answer::Mistake(mistake, _)) = parse(args.iter().map(OsString::from)) else {
            panic!("{args:?} is wrong");
        };
        assert_eq!(mistake.hint.as_deref(), Some("coax chat account add --help"));
    }

    /// Each verb's words, and each of its flags that takes a value.
    fn flags_with_values() -> Vec<(Vec<String>, String)> {
        fn of(command: &clap::Command, words: &[String], found: &mut Vec<(Vec<String>, String)>) {
            for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
                found.extend(arg.get_long().map(|flag| (words.to_vec(), format!("--{flag}"))));
            }
            for verb in command.get_subcommands() {
                let words = [words, &[verb.get_name().to_owned()]].concat();
                of(verb, &words, found);
            }
        }
        let mut found = Vec::new();
        of(&Cli::command(), &["coax".to_owned()], &mut found);
        found
    }

    #[test]
    fn a_wrong_number_is_refused_in_words() {
        for (words, flag) in flags_with_values() {
            for value in ["0", "-1", "x", "99999999999999999999999"] {
                let line = words.iter().cloned().chain([format!("{flag}={value}")]);
                let Err(Answer::Mistake(mistake, _)) = parse(line.map(OsString::from)) else {
                    continue;
                };
                for ours in ["..", "invalid digit", "too large to fit", "is not in", "Error"] {
                    let text = mistake.message.replace("...", "");
                    assert!(!text.contains(ours), "{words:?} {flag}={value}: {text}");
                }
            }
        }
    }

    #[test]
    fn every_verb_says_examples_and_exit_status() {
        let mut command = Cli::command();
        command.build();
        for verb in all(&command) {
            let after = verb.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("EXAMPLES"), "{} has no examples", verb.get_name());
            assert!(after.contains("EXIT STATUS"), "{} has no exit status", verb.get_name());
        }
    }
}
