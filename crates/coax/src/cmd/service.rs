//! `coax service`: which port a name means, and which names a port has.
//!
//! Every question gets its answers in order; those without one are named together at the end, and
//! the exit code is 1.
//!
//! Where the table comes from is the library's business.

use coax_addr::{Protocol, Service, ServiceTable};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report, clean};
use crate::services;

const EXAMPLES: &str = "\
EXAMPLES
    coax service http            the ports called http
    coax service 443             what port 443 is called
    coax service 514/udp shell   a port of one protocol, and a name
    coax service --all --tcp     every TCP service

The IANA registry is built in; what /etc/services says comes first.";

/// Say which port a service name means, or what a port is called
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Names or ports; NAME/udp and PORT/tcp mean one protocol
    #[arg(value_name = "NAME|PORT", required_unless_present = "all", conflicts_with = "all")]
    wanted: Vec<String>,
    /// Only TCP
    #[arg(long)]
    tcp: bool,
    /// Only UDP
    #[arg(long)]
    udp: bool,
    /// The whole table
    #[arg(long)]
    all: bool,
}

/// One service at one port of one protocol.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ServiceReport {
    name: String,
    port: u16,
    protocol: &'static str,
    description: String,
    aliases: Vec<String>,
}

impl From<Service> for ServiceReport {
    fn from(service: Service) -> ServiceReport {
        ServiceReport {
            name: service.name.into_owned(),
            port: service.port,
            protocol: service.protocol.name(),
            description: service.description.into_owned(),
            aliases: service.aliases.into_iter().map(Into::into).collect(),
        }
    }
}

impl Report for ServiceReport {
    const EVENT: &'static str = "service";
    fn human(&self) -> Human {
        let mut line = format!("{} {}/{}", self.name, self.port, self.protocol);
        if !self.description.is_empty() {
            line.push_str(&format!("  {}", self.description));
        }
        if !self.aliases.is_empty() {
            line.push_str(&format!(" (aliases: {})", self.aliases.join(", ")));
        }
        Human::Answer(line)
    }
}

/// What one argument asks for.
struct Question<'a> {
    /// As it was typed.
    text: &'a str,
    what: What<'a>,
    protocol: Option<Protocol>,
}

enum What<'a> {
    Name(&'a str),
    Port(u16),
}

impl Question<'_> {
    /// What to ask instead, if the name is known for another protocol or nearly known.
    fn hint(&self, table: &ServiceTable) -> Option<String> {
        let What::Name(name) = self.what else { return None };
        match table.by_name(name, None).first() {
            Some(other) => Some(format!("{name} exists for {} only", other.protocol)),
            None => table.similar(name, None).map(|near| format!("did you mean {near}?")),
        }
    }
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    let table = services::table();
    let questions = args.wanted.iter().map(|text| question(text, &table));
    let questions = questions.collect::<Result<Vec<_>, Failure>>()?;
    if args.all {
        let wanted = table.all().filter(|service| args.wants(service.protocol));
        return tell(wanted, out);
    }
    let mut missing = Vec::new();
    for question in questions {
        let found = answer(&table, &question, &args);
        if found.is_empty() {
            missing.push(question);
        }
        tell(found, out)?;
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(not_found(&missing, &table)),
    }
}

fn tell(services: impl IntoIterator<Item = Service>, out: &Out) -> Result<(), Failure> {
    services.into_iter().try_for_each(|service| out.report(&ServiceReport::from(service)))
}

impl Args {
    /// Without `--tcp` and `--udp` every protocol is wanted, with both these two.
    fn wants(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tcp => self.tcp || !self.udp,
            Protocol::Udp => self.udp || !self.tcp,
            _ => !self.tcp && !self.udp,
        }
    }
}

fn answer(table: &ServiceTable, question: &Question, args: &Args) -> Vec<Service> {
    let mut found = match question.what {
        What::Name(name) => table.by_name(name, question.protocol),
        What::Port(port) => table.by_port(port, question.protocol),
    };
    if question.protocol.is_none() {
        found.retain(|service| args.wants(service.protocol));
    }
    found
}

fn question<'a>(text: &'a str, table: &ServiceTable) -> Result<Question<'a>, Failure> {
    let usage = |why: String| {
        Failure::new(Exit::Usage, format!("'{}' is no service or port: {why}", quoted(text)))
    };
    let (what, protocol) = match text.rsplit_once('/') {
        None => (text, None),
        Some((what, name)) => match Protocol::from_name(name) {
            Some(protocol) => (what, Some(protocol)),
            // A few names have a slash: EtherNet/IP-1.
            None if !table.by_name(text, None).is_empty() => (text, None),
            None => return Err(usage("after '/' comes tcp, udp, sctp or dccp".to_owned())),
        },
    };
    let what = match what {
        "" => return Err(usage("write a name or a number".to_owned())),
        _ if what.bytes().all(|byte| byte.is_ascii_digit()) => What::Port(
            what.parse().map_err(|_| usage("a port is a number from 0 to 65535".to_owned()))?,
        ),
        _ => What::Name(what),
    };
    Ok(Question { text, what, protocol })
}

/// Fit for a message of one line.
fn quoted(text: &str) -> String {
    clean(text).replace('\n', "\\n")
}

fn not_found(missing: &[Question], table: &ServiceTable) -> Failure {
    let list = missing.iter().map(|question| format!("'{}'", quoted(question.text)));
    let list = list.collect::<Vec<_>>().join(", ");
    let failure = Failure::new(Exit::No, format!("no service is known for {list}"));
    match missing.iter().find_map(|question| question.hint(table)) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
