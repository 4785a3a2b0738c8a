//! What whoever owns the data folder may tell the server that runs on it: accounts, so far.
//!
//! The server holds its accounts in memory and its disk alone, so nobody writes them beside it. It
//! listens on a socket in its folder instead: an order is a few lines, and is answered when it is in
//! force and on disk. With no server on the folder the same order is carried out on the disk.
//!
//! Nothing here knows how the socket is opened, or where a password comes from.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use coax_irc::check_nick;
use coax_net::{Listener, Stream};
use coax_store::{Password, Put, Register, RemoveAccount, SetPassword, SetSettings, StoreError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use crate::hub::{
    Accounts, HOSTS, Keep, TRUSTED, fold, new_account, settings, taken_for_a_service,
};
use crate::memory::Memory;
use crate::settings::Settings;
use crate::switchboard::Switchboard;

/// Longer orders are none.
const LONGEST: u64 = 4096;
/// How long an order may take to be read.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long its answer may take: hashing waits for its turn, and a disk may be slow.
const LONG_PATIENCE: Duration = Duration::from_secs(60);
/// After an error of accept, which is always one of this machine.
const BREATH: Duration = Duration::from_millis(100);

/// The socket of a folder.
pub fn socket_in(folder: &Path) -> PathBuf {
    folder.join("orders")
}

/// Something the server is to do.
#[derive(Clone, PartialEq, Eq)]
pub enum Order {
    /// Make an account.
    Add {
        /// What it is called.
        name: String,
        /// Its password.
        password: String,
    },
    /// Give an account another password.
    Passwd {
        /// What it is called.
        name: String,
        /// Its password from now on.
        password: String,
    },
    /// End an account.
    Delete {
        /// What it is called.
        name: String,
    },
    /// Let nobody sign in to an account, or let them again.
    Suspend {
        /// What it is called.
        name: String,
        /// Whether nobody may.
        on: bool,
    },
}

impl std::fmt::Debug for Order {
    /// Passwords do not belong into logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.verb()).field("name", &self.name()).finish_non_exhaustive()
    }
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For programs.
    pub kind: RefusedKind,
    /// For people.
    pub why: String,
}

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedKind {
    /// There is one of that name, or none.
    No,
    /// No account could be called so, or have that password.
    Invalid,
    /// This machine failed.
    Failed,
}

impl Refused {
    fn new(kind: RefusedKind, why: impl Into<String>) -> Refused {
        Refused { kind, why: why.into() }
    }

    fn failed(why: impl Into<String>) -> Refused {
        Refused::new(RefusedKind::Failed, why)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::failed(error.to_string())
    }
}

impl Order {
    /// Gives the order to the server at the other end of `stream`.
    ///
    /// # Errors
    ///
    /// Why the server did not do it, or gave no answer.
    pub async fn give<S>(&self, mut stream: S) -> Result<(), Refused>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let asked = async {
            stream.write_all(self.write().as_bytes()).await?;
            stream.shutdown().await?;
            let mut answer = String::new();
            stream.take(LONGEST).read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        match timeout(LONG_PATIENCE, asked).await {
            Ok(Ok(answer)) => read_answer(&answer),
            _ => Err(Refused::failed("the server gave no answer")),
        }
    }

    /// Carries the order out where no server runs. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// What is wrong with the order, or with the disk.
    pub fn apply(&self, memory: &Memory, settings: &Settings, now: i64) -> Result<(), Refused> {
        self.check(settings)?;
        let mut accounts = Accounts::default();
        memory.reader().accounts()?.into_iter().for_each(|account| accounts.insert(account));
        self.check_known(&accounts)?;
        let key = fold(self.name());
        let password = match self.password() {
            Some(password) => {
                let hashed = memory.hashed(password.as_bytes());
                hashed.ok_or_else(|| Refused::failed(UNHASHED))?
            }
            None => Password::default(),
        };
        match self.to_keep(password, now) {
            Keep::Account(it) => memory.apply(it)?,
            Keep::Password(it) => memory.apply(it)?,
            Keep::Settings(it) => memory.apply(it)?,
            Keep::NoAccount(it) => {
                memory.apply(it)?;
                forget(memory, &key)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What it changes on disk.
    fn to_keep(&self, password: Password, now: i64) -> Keep {
        match self {
            Order::Add { name, .. } => Keep::Account(Register(new_account(name, password, now))),
            Order::Passwd { name, .. } => {
                Keep::Password(SetPassword { key: fold(name).into(), password })
            }
            Order::Delete { name } => Keep::NoAccount(RemoveAccount { key: fold(name).into() }),
            Order::Suspend { name, on } => {
                let (key, settings) = (fold(name).into(), settings(*on).to_owned());
                Keep::Settings(SetSettings { key, settings })
            }
        }
    }

    fn verb(&self) -> &'static str {
        match self {
            Order::Add { .. } => "add",
            Order::Passwd { .. } => "passwd",
            Order::Delete { .. } => "delete",
            Order::Suspend { on: true, .. } => "suspend",
            Order::Suspend { on: false, .. } => "resume",
        }
    }

    fn makes_a_name(&self) -> bool {
        matches!(self, Order::Add { .. })
    }

    fn name(&self) -> &str {
        match self {
            Order::Add { name, .. }
            | Order::Passwd { name, .. }
            | Order::Delete { name }
            | Order::Suspend { name, .. } => name,
        }
    }

    fn password(&self) -> Option<&str> {
        match self {
            Order::Add { password, .. } | Order::Passwd { password, .. } => Some(password),
            Order::Delete { .. } | Order::Suspend { .. } => None,
        }
    }

    fn write(&self) -> String {
        let password = self.password().map(|it| format!("{it}\n")).unwrap_or_default();
        format!("{}\n{}\n{password}", self.verb(), self.name())
    }

    fn read(text: &str) -> Option<Order> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (verb, name) = (lines.next()?, lines.next()?.to_owned());
        match (verb, lines.next().map(str::to_owned), lines.next()) {
            ("add", Some(password), None) => Some(Order::Add { name, password }),
            ("passwd", Some(password), None) => Some(Order::Passwd { name, password }),
            ("delete", None, None) => Some(Order::Delete { name }),
            ("suspend", None, None) => Some(Order::Suspend { name, on: true }),
            ("resume", None, None) => Some(Order::Suspend { name, on: false }),
            _ => None,
        }
    }

    /// What can be wrong with it whoever is known.
    fn check(&self, settings: &Settings) -> Result<(), Refused> {
        let invalid = |why: String| Err(Refused::new(RefusedKind::Invalid, why));
        let name = self.name();
        // What was made by an older version is changed and ended by the name it has.
        if let Err(why) = check_nick(name.as_bytes(), settings.nick_length)
            && (self.makes_a_name() || name.contains(['\n', '\0']))
        {
            return invalid(format!("no account can be called '{name}': {why}"));
        }
        if let Some(service) = taken_for_a_service(name).filter(|_| self.makes_a_name()) {
            return invalid(format!(
                "no account can be called '{name}': it would be taken for {service}"
            ));
        }
        let Some(password) = self.password() else { return Ok(()) };
        match password.chars().count() {
            0 => invalid("a password is needed".to_owned()),
            length if length < settings.password_length => {
                let least = settings.password_length;
                invalid(format!("the password is too short: {least} letters are the least"))
            }
            _ if password.len() > crate::credentials::PASSWORD_LIMIT => {
                invalid("the password is too long".to_owned())
            }
            _ if password.contains(['\n', '\r', '\0']) => {
                invalid("a password is one line".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// What can be wrong with it among these accounts.
    fn check_known(&self, accounts: &Accounts) -> Result<(), Refused> {
        let no = |why: String| Err(Refused::new(RefusedKind::No, why));
        let owner = accounts.owner(self.name()).map(|account| &*account.name.key);
        match (self, owner) {
            (Order::Add { name, .. }, Some(owner)) if *owner == *fold(name) => {
                no(format!("there is an account '{name}' already"))
            }
            (Order::Add { name, .. }, Some(owner)) => {
                no(format!("the nick '{name}' belongs to the account '{owner}'"))
            }
            (Order::Add { name, .. }, None) => match accounts.taken_for(name) {
                Some(other) => no(format!("'{name}' would be taken for '{other}', which there is")),
                None => Ok(()),
            },
            (order, owner) if owner != Some(&*fold(order.name())) => {
                no(format!("there is no account '{}'", order.name()))
            }
            _ => Ok(()),
        }
    }
}

/// What else is kept of an account, where no server does it.
fn forget(memory: &Memory, key: &str) -> Result<(), StoreError> {
    let put = |shelf: &str, key| Put { shelf: shelf.to_owned(), key, value: None };
    memory.apply(put(HOSTS, key.to_owned()))?;
    let trusted = memory.reader().shelf(TRUSTED)?;
    let mut theirs =
        trusted.into_iter().filter(|(it, _)| it.starts_with(&format!("account {key} ")));
    theirs.try_for_each(|(it, _)| memory.apply(put(TRUSTED, it)))
}

const UNHASHED: &str = "the password cannot be hashed: no memory, or no random numbers";

fn read_answer(answer: &str) -> Result<(), Refused> {
    let line = answer.trim_end();
    let (word, why) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "done" => Ok(()),
        "no" => Err(Refused::new(RefusedKind::No, why)),
        "invalid" => Err(Refused::new(RefusedKind::Invalid, why)),
        "failed" => Err(Refused::failed(why)),
        _ => Err(Refused::failed("the server gave no answer")),
    }
}

fn write_answer(answer: &Result<(), Refused>) -> String {
    let word = |kind: RefusedKind| match kind {
        RefusedKind::No => "no",
        RefusedKind::Invalid => "invalid",
        RefusedKind::Failed => "failed",
    };
    match answer {
        Ok(()) => "done\n".to_owned(),
        Err(refused) => format!("{} {}\n", word(refused.kind), refused.why),
    }
}

/// Takes orders for ever. Dropped, it stops listening.
pub(crate) async fn serve(listener: Listener, board: Rc<Switchboard>, memory: Rc<Memory>) {
    loop {
        match listener.accept().await {
            Ok(stream) if is_ours(&stream) => {
                spawn_local(answer(stream, board.clone(), memory.clone()));
            }
            Ok(_) => {}
            Err(_) => sleep(BREATH).await,
        }
    }
}

/// The folder may have been opened to others; its orders are its owner's all the same.
fn is_ours(stream: &Stream) -> bool {
    let peer = rustix::net::sockopt::socket_peercred(stream);
    peer.is_ok_and(|peer| peer.uid.is_root() || peer.uid == rustix::process::geteuid())
}

async fn answer(mut stream: Stream, board: Rc<Switchboard>, memory: Rc<Memory>) {
    let mut text = String::new();
    let mut limited = (&mut stream).take(LONGEST);
    let order = match timeout(PATIENCE, limited.read_to_string(&mut text)).await {
        Ok(Ok(_)) => Order::read(&text),
        _ => None,
    };
    let answer = match order {
        Some(order) => carry_out(&order, &board, &memory).await,
        None => Err(Refused::new(RefusedKind::Invalid, "the server does not know this order")),
    };
    // Whoever left before the answer can ask again.
    let _ = stream.write_all(write_answer(&answer).as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn carry_out(
    order: &Order,
    board: &Rc<Switchboard>,
    memory: &Rc<Memory>,
) -> Result<(), Refused> {
    order.check(&board.settings())?;
    board.accounts(|accounts| order.check_known(accounts))?;
    let password = match order.password() {
        Some(password) => {
            let hashed = memory.hash(password.as_bytes().into()).await;
            hashed.ok_or_else(|| Refused::failed(UNHASHED))?
        }
        None => Password::default(),
    };
    // Somebody may have been faster.
    board.accounts(|accounts| order.check_known(accounts))?;
    let keep = order.to_keep(password, board.now().millis());
    match &keep {
        Keep::Account(it) => memory.confirm(it.clone()).await?,
        Keep::Password(it) => memory.confirm(it.clone()).await?,
        Keep::Settings(it) => memory.confirm(it.clone()).await?,
        Keep::NoAccount(it) => memory.confirm(it.clone()).await?,
        _ => {}
    }
    board.is_kept(keep);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Order, RefusedKind, read_answer, write_answer};
    use crate::memory::Memory;
    use crate::settings::Settings;

    fn add(name: &str, password: &str) -> Order {
        Order::Add { name: name.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let passwd = Order::Passwd { name: "ada".to_owned(), password: " a  b ".to_owned() };
        let suspend = |on| Order::Suspend { name: "ada".to_owned(), on };
        let delete = Order::Delete { name: "ada".to_owned() };
        let all =
            [add("ada", "ßesame"), add("", ""), passwd, suspend(true), suspend(false), delete];
        for order in all {
            assert_eq!(Order::read(&order.write()), Some(order));
        }
        for text in ["", "add\nada\n", "add\nada\nx", "add\nada\nx\ny\n", "drop\nada\nx\n"] {
            assert_eq!(Order::read(text), None, "{text:?}");
        }
        assert!(!format!("{:?}", add("ada", "sesame")).contains("sesame"));
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let refused = |kind, why: &str| Err(super::Refused::new(kind, why));
        for answer in [
            Ok(()),
            refused(RefusedKind::No, "there is no account 'x'"),
            refused(RefusedKind::Invalid, "the password is too short"),
            refused(RefusedKind::Failed, "the disk is full"),
        ] {
            assert_eq!(read_answer(&write_answer(&answer)), answer);
        }
        assert_eq!(read_answer("").unwrap_err().why, "the server gave no answer");
    }

    #[test]
    fn an_order_is_carried_out_once_and_refused_with_a_reason() {
        let memory = Memory::open(None, 8, 1).unwrap();
        let settings = Settings::default();
        let apply = |order: Order| {
            let done = order.apply(&memory, &settings, 1_700_000_000_000);
            done.map_err(|refused| (refused.kind, refused.why))
        };
        let passwd =
            |name: &str| Order::Passwd { name: name.to_owned(), password: "secret".into() };
        assert_eq!(apply(add("Bill", "sesame")), Ok(()));
        let like_bill = apply(add("BiI1", "sesame")).unwrap_err();
        assert_eq!(like_bill.1, "'BiI1' would be taken for 'bill', which there is");
        assert_eq!(apply(add("Ada", "sesame")), Ok(()));
        let account = memory.reader().account("ada").unwrap().unwrap();
        assert_eq!((&*account.name.shown, account.created), ("Ada", 1_700_000_000_000));
        assert_eq!(apply(passwd("ADA")), Ok(()));
        let changed = memory.reader().account("ada").unwrap().unwrap();
        assert_ne!(changed.password, account.password);
        for (order, kind, why) in [
            (add("ada", "sesame"), RefusedKind::No, "there is an account 'ada' already"),
            (passwd("bob"), RefusedKind::No, "there is no account 'bob'"),
            (add("NickServ", "sesame"), RefusedKind::Invalid, "it would be taken for NickServ"),
            (add("Ch4nserv_", "sesame"), RefusedKind::Invalid, "it would be taken for ChanServ"),
            (add("#bob", "sesame"), RefusedKind::Invalid, "no account can be called '#bob'"),
            (add("bob", "short"), RefusedKind::Invalid, "6 letters are the least"),
            (add("bob", ""), RefusedKind::Invalid, "a password is needed"),
            (add("bob", &"x".repeat(600)), RefusedKind::Invalid, "too long"),
            (add("bob", "two\nlines"), RefusedKind::Invalid, "a password is one line"),
        ] {
            let (found, line) = apply(order).unwrap_err();
            assert_eq!(found, kind, "{line}");
            assert!(line.contains(why), "{line}");
        }
        assert_eq!(memory.reader().accounts().unwrap().len(), 2);
        let suspend = |on| Order::Suspend { name: "ADA".to_owned(), on };
        for on in [true, true, false] {
            assert_eq!(apply(suspend(on)), Ok(()));
            let account = memory.reader().account("ada").unwrap().unwrap();
            assert_eq!(crate::hub::is_suspended(&account), on);
        }
        assert_eq!(apply(Order::Delete { name: "ada".to_owned() }), Ok(()));
        let (kind, why) = apply(Order::Delete { name: "ada".to_owned() }).unwrap_err();
        assert_eq!((kind, &*why), (RefusedKind::No, "there is no account 'ada'"));
    }
}
