//! `coax completions`: what a shell needs to finish words.
//!
//! Generated from the definitions of the flags, so it cannot disagree with them.
//!
//! Nothing here knows where a shell looks for them.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, EXIT_STATUS};
use crate::failure::Failure;
use crate::out::Out;

/// Print the completions of a shell
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

const EXAMPLES: &str = "\
EXAMPLES
    coax completions bash > ~/.local/share/bash-completion/completions/coax
    coax completions zsh  > ~/.zfunc/_coax
    coax completions fish > ~/.config/fish/completions/coax.fish";

pub(crate) fn run(args: Args, _: &Out) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "coax", &mut text);
    Ok(io::stdout().lock().write_all(&text)?)
}
