//! `coax chat serve`: a chat server, with no configuration.
//!
//! It says where it listens as soon as accepting works, and what to type. SIGHUP reads the settings
//! again; SIGINT and SIGTERM tell everyone and end it.
//!
//! What the server does is the library's business.

mod control;
mod events;
mod invitation;
mod log;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coax_chat::hub::Known;
use coax_chat::serve::Certify;
use coax_chat::settings::{Settings, SettingsError};
use coax_chat::{Certificate, Memory, Serve};
use coax_net::{Listen, Listener, Supervisor, SystemResolver, TlsServer, cause_in_words};

use super::folder::{Folder, socket, stored, upgrading};
use crate::cli::EXIT_STATUS;
use crate::cmd::listen::{announce, queue};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::{place, runtime};

use control::Controls;
pub(crate) use events::{
    ChatAccount, ChatBan, ChatCertificate, ChatConnected, ChatForgot, ChatLeft, ChatOperator,
    ChatPassword, ChatRefused, ChatRegistered, ChatReload, ChatStarted, ChatStopping, ChatStore,
    ChatTrouble,
};
use invitation::invitation;
use log::{Log, LogFile};

const EXAMPLES: &str = "\
EXAMPLES
    coax chat serve                      for this machine: talk at localhost:6667, page at 8667
    coax chat serve --listen :8667       for everyone who can reach it, all on one port
    coax chat serve --config chat.toml   with settings: coax chat config prints them
    coax chat serve --password sesame    for those who know the word
    kill -HUP PID                        read settings and certificate again, reopen --log
    curl localhost:8667/metrics          what it counts, for Prometheus
";

/// How long a service manager may hear nothing while an older version's file is changed.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// Serve a chat that everyone can join
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Where to listen; may be given several times
    #[arg(short, long, value_name = "ENDPOINT")]
    listen: Vec<String>,
    #[command(flatten)]
    folder: Folder,
    /// What everyone must give before they come in
    #[arg(long, value_name = "WORD")]
    password: Option<String>,
    /// Write what happens to FILE; SIGHUP opens it again
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut settings = args.settings().map_err(|error| args.folder.failure(error))?;
    let folder = args.folder.path(&settings);
    let certify = certify(folder.clone());
    check_own_certificate(&certify, &settings)?;
    let log_file = LogFile::open(args.log.as_deref(), out)?;
    let supervisor = Supervisor::of_environment();
    let memory = args.memory(folder.as_deref(), &settings, &supervisor, out)?;
    settings.secret = memory.secret().map_err(|error| stored(&error))?;
    let known = memory.known().map_err(|error| stored(&error))?;
    runtime::run(async {
        let controls = Rc::new(Controls::catch(supervisor, log_file, *out)?);
        let listeners = listeners(&settings).await?;
        // Everyone who comes takes a descriptor.
        queue::widen();
        enough_descriptors()?;
        // Whoever reads that it listens may give it orders.
        let orders = orders(folder.as_deref(), out).await;
        if let Some(folder) = &folder {
            warn_of_others(folder, &settings, out);
        }
        let all = || listeners.iter().flat_map(Listener::addresses);
        announce(all(), out)?;
        let addresses = all().map(ToString::to_string).collect::<Vec<_>>();
        if !out.is_json() {
            invitation(&addresses).iter().for_each(|line| out.talk(line));
        }
        controls.take_over()?;
        out.report(&args.started(folder, &known, begun))?;
        let (log, writer) = Log::begin(args.folder.file().unwrap_or_default(), *out)?;
        let telling = controls.clone();
        let serve = Serve {
            certify,
            settings,
            memory: Rc::new(memory),
            orders,
            known,
            reread: Box::new(move || args.settings()),
            tell: Rc::new(move |told| {
                telling.told(&told);
                log.tell(told);
            }),
        };
        let control = || {
            let controls = controls.clone();
            async move { controls.next().await }
        };
        let ended = serve.run(listeners, control).await;
        writer.end();
        match ended.by_operator {
            true => Ok(()),
            false => Err(controls.failure().await),
        }
    })
}

fn enough_descriptors() -> Result<(), Failure> {
    Serve::enough_descriptors().map_err(|(most, needed)| {
        let line = format!("nobody could come in: this process may open {most} files (ulimit -n)");
        Failure::new(Exit::Machine, line)
            .hint(format!("allow it at least {needed}: ulimit -n 1024"))
    })
}

/// Who else could read the accounts, or write them.
fn warn_of_others(folder: &Path, settings: &Settings, out: &Out) {
    let mode = |path: &Path| std::fs::metadata(path).map(|it| it.mode() & 0o777).ok();
    if mode(folder).is_some_and(|mode| mode & 0o022 != 0) {
        out.talk(&format!(
            "others may write to {0}, where the accounts are: chmod go-w {0}",
            folder.display()
        ));
    }
    let own = settings.certificate_key.clone().unwrap_or_else(|| folder.join("key.pem"));
    for secret in [own, folder.join("chat.db")] {
        if mode(&secret).is_some_and(|mode| mode & 0o044 != 0) && others_reach(&secret) {
            out.talk(&format!("others may read {0}: chmod go-rwx {0}", secret.display()));
        }
    }
}

/// Whether the folder of a file lets others in.
fn others_reach(file: &Path) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mode = std::fs::metadata(folder.unwrap_or(Path::new("."))).map(|it| it.mode());
    mode.is_ok_and(|mode| mode & 0o011 != 0)
}

async fn listeners(settings: &Settings) -> Result<Vec<Listener>, Failure> {
    let mut listeners = Vec::new();
    for endpoint in &settings.listen {
        let endpoint = place::endpoint(endpoint, None)?;
        listeners.push(Listen::default().on(&endpoint, &SystemResolver::default()).await?);
    }
    Ok(listeners)
}

/// Where `coax chat account` finds this server. Without it all else works.
async fn orders(folder: Option<&Path>, out: &Out) -> Option<Listener> {
    let endpoint = socket(folder?);
    match Listen::default().on(&endpoint, &SystemResolver::default()).await {
        Ok(listener) => Some(listener),
        Err(error) => {
            out.talk(&format!("coax chat account will not reach this server: {error}"));
            None
        }
    }
}

impl Args {
    fn memory(
        &self,
        folder: Option<&Path>,
        settings: &Settings,
        supervisor: &Supervisor,
        out: &Out,
    ) -> Result<Memory, Failure> {
        let (memory, passes) = (settings.password_memory, settings.password_passes);
        let mut tell = upgrading(out, || supervisor.takes(LONGEST_SILENCE));
        Memory::open_telling(folder, memory, passes, &mut tell).map_err(|error| stored(&error))
    }

    /// The file's settings, and the flags over them.
    fn settings(&self) -> Result<Settings, SettingsError> {
        let mut settings = self.folder.settings()?;
        if !self.listen.is_empty() {
            settings.listen = self.listen.clone();
        }
        if let Some(password) = &self.password {
            settings.password = Some(password.clone());
        }
        settings.boot = std::process::id() ^ jiff::Timestamp::now().subsec_nanosecond() as u32;
        Ok(settings)
    }

    fn started(&self, folder: Option<PathBuf>, known: &Known, begun: Instant) -> ChatStarted {
        ChatStarted {
            version: env!("CARGO_PKG_VERSION"),
            data: folder.map(|folder| folder.display().to_string()),
            config: self.folder.file(),
            accounts: known.accounts.len() as u64,
            channels: known.channels.len() as u64,
            seconds: begun.elapsed().as_secs_f64(),
        }
    }
}

/// Finds one's own certificate, or one that is made and kept with the data.
fn certify(folder: Option<PathBuf>) -> Certify {
    Arc::new(move |settings| {
        let found = match (&settings.certificate, &settings.certificate_key, &folder) {
            (Some(chain), Some(key), _) => Certificate::read(chain, key),
            (Some(_), None, _) | (None, Some(_), _) => {
                return Err("listen.certificate and listen.certificate-key belong together".into());
            }
            (None, None, Some(folder)) => std::fs::create_dir_all(folder)
                .and_then(|()| Certificate::kept(folder, &settings.server_name)),
            (None, None, None) => Certificate::made(&settings.server_name),
        };
        found.map_err(|error| unusable(settings, &cause_in_words(&error)))
    })
}

/// One's own must be right from the start; one that is made is made while the server is up.
fn check_own_certificate(certify: &Certify, settings: &Settings) -> Result<(), Failure> {
    if settings.certificate.is_none() && settings.certificate_key.is_none() {
        return Ok(());
    }
    let refused = |why| Failure::new(Exit::Machine, why);
    let own = certify(settings).map_err(refused)?;
    let server = TlsServer::new(&own.chain, &own.key);
    server.map(drop).map_err(|error| refused(unusable(settings, &error.to_string())))
}

fn unusable(settings: &Settings, cause: &str) -> String {
    match &settings.certificate {
        Some(file) => format!("cannot use the certificate in {}: {cause}", file.display()),
        None => format!("cannot make a certificate: {cause}"),
    }
}
