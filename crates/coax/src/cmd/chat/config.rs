//! `coax chat config`: every setting with its default, as a file to begin with.

use std::io::{self, Write};

use crate::cli::EXIT_STATUS;
use crate::failure::Failure;
use crate::out::Out;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat config > chat.toml
    coax chat serve --config chat.toml
";

/// Print every setting of the server, at its default
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, _: &Out) -> Result<(), Failure> {
    Ok(write!(io::stdout().lock(), "{}", coax_chat::settings::commented_default())?)
}
