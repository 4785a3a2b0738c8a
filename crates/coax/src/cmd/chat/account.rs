//! `coax chat account`: who may sign in, from the machine the chat runs on.
//!
//! Where a server runs, it is told, and the account can be used as soon as the verb is done; where
//! none runs, the folder is changed itself. A password is typed at a terminal, unseen, or comes from
//! a pipe; it never stands on the command line, where everyone could read it.
//!
//! What makes a good name or password is the server's business.

mod password;

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Subcommand;
use coax_chat::Memory;
use coax_chat::hub::is_suspended;
use coax_chat::memory::password_hash;
use coax_chat::orders::{Order, Refused, RefusedKind};
use coax_chat::settings::Settings;
use coax_net::{Dial, Stream, SystemResolver};
use coax_store::{Account, StoreErrorKind};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{clock, moment};
use super::folder::{Folder, socket, stored, upgrading};
use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report};
use crate::runtime;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat account add ada                 asks for the password
    coax chat account add ada < password.txt  reads it, from a file or a pipe
    coax chat account passwd ada              gives her another one
    coax chat account suspend ada             nobody signs in to it until resume
    coax chat account delete ada
    coax chat account list
    coax chat account hash                    what an operator's password is in the settings
";
const HASH: &str = "\
EXAMPLES
    coax chat account hash                    asks for the password
    In the settings: operators = { ada = \"$argon2id$v=19$...\" }
";
const ADD: &str = "\
EXAMPLES
    coax chat account add ada                 asks for the password
    coax chat account add ada < password.txt  reads it, from a file or a pipe
";
const DELETE: &str = "\
EXAMPLES
    coax chat account delete ada
";
const SUSPEND: &str = "\
EXAMPLES
    coax chat account suspend ada
    coax chat account resume ada
";
const PASSWD: &str = "\
EXAMPLES
    coax chat account passwd ada                 asks for the password
    coax chat account passwd ada < password.txt  reads it, from a file or a pipe
";
const LIST: &str = "\
EXAMPLES
    coax chat account list
    coax chat account list --json | jq -r .name
";

/// How long a server may take to open its door, on the same machine.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between two looks whether it did.
const BREATH: Duration = Duration::from_millis(50);

/// Add accounts, change passwords, list who is known
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add an account
    ///
    /// A server that runs on the folder knows it at once, even where people may not register.
    #[command(after_long_help = format!("{ADD}\n{EXIT_STATUS}"))]
    Add(Named),
    /// Give an account another password
    ///
    /// A server that runs on the folder asks for the new one from then on. Who is signed in stays so.
    #[command(after_long_help = format!("{PASSWD}\n{EXIT_STATUS}"))]
    Passwd(Named),
    /// End an account; what it said stays
    ///
    /// Its nicks are free, and channels it founded are no longer registered.
    #[command(after_long_help = format!("{DELETE}\n{EXIT_STATUS}"))]
    Delete(Named),
    /// Let nobody sign in to an account, and put out who is
    #[command(after_long_help = format!("{SUSPEND}\n{EXIT_STATUS}"))]
    Suspend(Named),
    /// Let people sign in to an account again
    #[command(after_long_help = format!("{SUSPEND}\n{EXIT_STATUS}"))]
    Resume(Named),
    /// List the accounts
    #[command(after_long_help = format!("{LIST}\n{EXIT_STATUS}"))]
    List(Listed),
    /// Print the hash of a password, for the operators of the settings
    ///
    /// It costs what the settings say a password costs. No account is changed.
    #[command(after_long_help = format!("{HASH}\n{EXIT_STATUS}"))]
    Hash(Listed),
}

#[derive(clap::Args, Debug)]
struct Named {
    /// The account
    name: String,
    #[command(flatten)]
    folder: Folder,
}

#[derive(clap::Args, Debug)]
struct Listed {
    #[command(flatten)]
    folder: Folder,
}

/// An account of the chat.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AccountReport {
    name: String,
    /// RFC 3339.
    created: String,
    /// Every nick that is this account's, its own name included.
    nicks: Vec<String>,
    /// SHA-256 of the certificates that sign in to it.
    certificates: Vec<String>,
    /// Whether it can be signed in to by password.
    password: bool,
    /// Whether nobody may sign in to it.
    suspended: bool,
    #[serde(skip)]
    shown: String,
}

impl Report for AccountReport {
    const EVENT: &'static str = "account";
    fn human(&self) -> Human {
        Human::Answer(self.shown.clone())
    }
}

/// The hash of a password.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HashReport {
    /// Argon2id, in PHC text.
    hash: String,
}

impl Report for HashReport {
    const EVENT: &'static str = "password-hash";
    fn human(&self) -> Human {
        Human::Answer(self.hash.clone())
    }
}

/// An account was added, changed or deleted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AccountChange {
    name: String,
    /// added, password, deleted, suspended or resumed
    change: &'static str,
    /// Whether a server runs, and knows it already.
    running: bool,
}

impl Report for AccountChange {
    const EVENT: &'static str = "account-change";
    fn human(&self) -> Human {
        let name = &self.name;
        let what = match self.change {
            "added" => format!("added the account {name}"),
            "deleted" => format!("deleted the account {name}"),
            "suspended" => format!("nobody can sign in to {name}"),
            "resumed" => format!("{name} can be signed in to again"),
            _ => format!("{name} has another password"),
        };
        Human::Talk(match self.running {
            true => format!("{what}; the running server knows"),
            false => what,
        })
    }
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    match args.verb {
        Verb::Add(named) => {
            let order = |name, password| Order::Add { name, password };
            named.change_password("added", order, out)
        }
        Verb::Passwd(named) => {
            let order = |name, password| Order::Passwd { name, password };
            named.change_password("password", order, out)
        }
        Verb::Delete(named) => named.change("deleted", |name| Order::Delete { name }, out),
        Verb::Suspend(named) => {
            named.change("suspended", |name| Order::Suspend { name, on: true }, out)
        }
        Verb::Resume(named) => {
            named.change("resumed", |name| Order::Suspend { name, on: false }, out)
        }
        Verb::List(listed) => list(&listed.folder, out),
        Verb::Hash(listed) => hash(&listed.folder, out),
    }
}

fn hash(folder: &Folder, out: &Out) -> Result<(), Failure> {
    let settings = folder.settings().map_err(|error| folder.failure(error))?;
    let password = password::ask("an operator")?;
    let (memory, passes) = (settings.password_memory, settings.password_passes);
    match password_hash(password.as_bytes(), memory, passes) {
        Some(hash) => out.report(&HashReport { hash }),
        None => Err(Failure::new(Exit::Usage, "that cannot be a password: too long, or no text")),
    }
}

fn list(folder: &Folder, out: &Out) -> Result<(), Failure> {
    let accounts = folder.reader()?.accounts().map_err(|error| stored(&error))?;
    if accounts.is_empty() {
        let failure = Failure::new(Exit::No, "there are no accounts");
        return Err(failure.hint("coax chat account add NAME makes one"));
    }
    accounts.into_iter().try_for_each(|account| out.report(&report(account)))
}

fn report(account: Account) -> AccountReport {
    let created = moment(account.created);
    let others = account.nicks.iter().filter(|nick| nick.key != account.name.key);
    let others = others.map(|nick| nick.shown.as_str()).collect::<Vec<_>>().join(", ");
    let name = &account.name.shown;
    let mut shown = format!("{}  {name}", clock(created));
    if !others.is_empty() {
        shown.push_str(&format!("  also {others}"));
    }
    match account.fingerprints.len() {
        0 => {}
        1 => shown.push_str("  1 certificate"),
        many => shown.push_str(&format!("  {many} certificates")),
    }
    let suspended = is_suspended(&account);
    if suspended {
        shown.push_str("  suspended");
    }
    AccountReport {
        suspended,
        name: account.name.shown,
        created: created.to_string(),
        nicks: account.nicks.into_iter().map(|nick| nick.shown).collect(),
        certificates: account.fingerprints,
        password: account.password.phc.is_some(),
        shown,
    }
}

impl Named {
    fn change_password(
        self,
        change: &'static str,
        order: impl FnOnce(String, String) -> Order,
        out: &Out,
    ) -> Result<(), Failure> {
        // What is wrong with the folder is said before anything is typed.
        self.folder.existing()?;
        let password = password::ask(&self.name)?;
        self.change(change, |name| order(name, password), out)
    }

    fn change(
        self,
        change: &'static str,
        order: impl FnOnce(String) -> Order,
        out: &Out,
    ) -> Result<(), Failure> {
        let settings = self.folder.settings().map_err(|error| self.folder.failure(error))?;
        let folder = self.folder.existing()?;
        let running = carry_out(&order(self.name.clone()), &folder, &settings, out)?;
        out.report(&AccountChange { name: self.name, change, running })
    }
}

/// Where no server runs, none can start meanwhile; where one runs, it is told. One that is just
/// starting, or ending, is waited for. Whether one runs.
fn carry_out(
    order: &Order,
    folder: &Path,
    settings: &Settings,
    out: &Out,
) -> Result<bool, Failure> {
    let (memory, passes) = (settings.password_memory, settings.password_passes);
    let late = Instant::now() + PATIENCE;
    loop {
        let used =
            match Memory::open_telling(Some(folder), memory, passes, &mut upgrading(out, || {})) {
                Ok(memory) => return apply(order, &memory, settings).map(|()| false),
                Err(error) if error.kind() == StoreErrorKind::InUse => error,
                Err(error) => return Err(stored(&error)),
            };
        if let Some(done) = runtime::run(give(order, folder))? {
            return done.map(|()| true).map_err(refused);
        }
        if Instant::now() >= late {
            return Err(Failure::new(Exit::Machine, format!("{used}, which takes no orders"))
                .hint("stop it for as long as this takes, or use /msg NickServ HELP in the chat"));
        }
        std::thread::sleep(BREATH);
    }
}

fn apply(order: &Order, memory: &Memory, settings: &Settings) -> Result<(), Failure> {
    let done = order.apply(memory, settings, Timestamp::now().as_millisecond());
    let closed = memory.close();
    done.map_err(refused)?;
    closed.map_err(|error| stored(&error))
}

/// What the server says; nothing where none opens.
async fn give(order: &Order, folder: &Path) -> Result<Option<Result<(), Refused>>, Failure> {
    let resolver = SystemResolver::default();
    let dial = Dial { timeout: Some(PATIENCE), ..Dial::new(&resolver) };
    let Ok(dialed) = dial.connect(&socket(folder)).await else { return Ok(None) };
    let stream = Stream::new(dialed.socket, dialed.peer)?;
    Ok(Some(order.give(stream).await))
}

fn refused(refused: Refused) -> Failure {
    let exit = match refused.kind {
        RefusedKind::No => Exit::No,
        RefusedKind::Invalid => Exit::Usage,
        RefusedKind::Failed => Exit::Machine,
    };
    let failure = Failure::new(exit, refused.why);
    match refused.kind {
        RefusedKind::No => failure.hint("coax chat account list says who is known"),
        _ => failure,
    }
}
