//! From words on the command line to what is fetched, and where it goes.
//!
//! Everything that can be wrong with the words is found before a socket is opened.
//!
//! Nothing here asks anyone.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use coax_fetch::http::HeaderValue;
use coax_fetch::http::header::IF_MODIFIED_SINCE;
use coax_fetch::{Download, Rate, Request, Target, Url};
use coax_net::{Descriptor, DescriptorKind, cause_in_words};

use super::Args;
use super::address::{Address, Addresses};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::{is_terminal, open_file};

/// One URL, and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub(super) url: Url,
    /// The network card that a link-local address is on.
    pub(super) zone: Option<String>,
    /// `None` is the stream.
    pub(super) target: Option<Target>,
}

/// What is fetched.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) goals: Vec<Goal>,
    /// What is the same for all.
    pub(super) template: Download,
    pub(super) parallel: usize,
    pub(super) head: bool,
    /// Something that is no file takes the place of stdout.
    pub(super) special: Option<PathBuf>,
    pub(super) sink: Option<Arc<Descriptor>>,
    /// Where to connect for every URL, as the URLs themselves say.
    pub(super) via: Option<String>,
    pub(super) files: FileArgs,
    /// Why the logins of this user cannot be read.
    pub(super) no_netrc: Option<String>,
}

/// What becomes of files that are there.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(super) struct FileArgs {
    /// With -O or -o FOLDER: replace files that are there
    #[arg(long, conflicts_with_all = ["skip_existing"], help_heading = "Files")]
    pub(super) replace: bool,
    /// Leave files that are there, whatever is in them
    ///
    /// Without it, -O and -o FOLDER leave a file that is the server's, byte for byte; another file of
    /// that name is an error.
    #[arg(long, help_heading = "Files")]
    pub(super) skip_existing: bool,
    /// Fetch only what is newer than the file that is there
    #[arg(long, conflicts_with_all = ["skip_existing", "replace"], help_heading = "Files")]
    pub(super) if_newer: bool,
    /// Give files the time that the server says
    #[arg(long, help_heading = "Files")]
    pub(super) remote_time: bool,
    /// Make the folders of -o that are missing
    #[arg(long, requires = "output", help_heading = "Files")]
    pub(super) create_dirs: bool,
}

impl Goal {
    /// The file it would become, as far as the URL alone tells.
    fn file(&self) -> Option<PathBuf> {
        match self.target.as_ref()? {
            Target::File(path) => Some(path.clone()),
            Target::Folder { path, .. } => Some(path.join(coax_fetch::name_of_url(&self.url))),
        }
    }

    /// When the file that is there was written.
    fn written(&self) -> Option<SystemTime> {
        fs::metadata(self.file()?).and_then(|found| found.modified()).ok()
    }

    /// The file that is there, where nothing needs to be asked to know it.
    pub(super) fn existing(&self) -> Option<(PathBuf, u64)> {
        let path = self.file()?;
        let found = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        Some((path, found.len()))
    }
}

impl Plan {
    pub(super) fn new(args: &Args, out: &Out) -> Result<Plan, Failure> {
        let Addresses { all, via } = Addresses::read(args)?;
        let Some(first) = all.first() else {
            return Err(Failure::new(Exit::Usage, "no URL given"));
        };
        let request = args.request.request(&first.url)?;
        let output = args.output.clone().filter(|path| path != Path::new("-"));
        let special = output.clone().filter(|path| is_special(path));
        let target = match (&special, output) {
            (None, Some(path)) => Some(target(args, path)?),
            (None, None) if args.remote_name => {
                Some(Target::Folder { path: PathBuf::new(), replace: args.files.replaces() })
            }
            _ => None,
        };
        check(args, &all, target.as_ref(), special.is_some(), out)?;
        let mut template = Download::new(request);
        template.retries = args.pace.retries;
        template.connections = args.pace.connections.into();
        template.max_size = args.max_size;
        template.rate = args.pace.limit_rate.map(Rate::new);
        template.sync_later = all.len() > 1;
        template.any_status = args.request.any_status;
        template.skips_existing = args.files.skip_existing;
        template.if_newer = args.files.if_newer;
        template.with_head = args.include;
        // A page for a reader is decoded; a file is what the server has.
        template.request.decode = target.is_none() && special.is_none();
        template.request.limit = args.max_size.filter(|_| template.request.decode);
        let goal = |Address { url, zone }| Goal { url, zone, target: target.clone() };
        let goals = all.into_iter().map(goal).collect();
        let (parallel, head) = (args.pace.parallel.into(), args.request.head);
        Ok(Plan {
            goals,
            template,
            parallel,
            head,
            special,
            sink: None,
            via,
            files: args.files,
            no_netrc: None,
        })
    }

    /// For one of the goals.
    pub(super) fn download(&self, goal: &Goal) -> Download {
        let mut download = self.template.clone();
        download.request.url = goal.url.clone();
        download.request.zone.clone_from(&goal.zone);
        if let (Some(since), true) = (goal.written(), self.files.if_newer) {
            if_modified_since(&mut download.request, since);
        }
        download
    }

    /// Opens what is written to in place of files. Needs the runtime.
    pub(super) fn with_sink(mut self) -> Result<Plan, Failure> {
        self.sink = match (&self.special, self.goals.first()) {
            (Some(path), _) => Some(Arc::new(open_file(path)?)),
            (None, Some(goal)) if goal.target.is_none() && !self.head => Some(super::stdout()?),
            _ => None,
        };
        Ok(self)
    }
}

fn check(
    args: &Args,
    urls: &[Address],
    target: Option<&Target>,
    special: bool,
    out: &Out,
) -> Result<(), Failure> {
    let wrong = |text: &str| Failure::new(Exit::Usage, text);
    let to_stdout = target.is_none() && !special && !args.request.head;
    if to_stdout && urls.len() > 1 {
        let text = "several URLs cannot all go to stdout";
        return Err(wrong(text).hint("-O saves each under its own name"));
    }
    if matches!(target, Some(Target::File(_))) && urls.len() > 1 {
        return Err(wrong("several URLs cannot all become one file").hint("-o FOLDER/"));
    }
    if to_stdout && out.is_json() {
        let text = "with --json stdout holds events, so the body needs another place";
        return Err(wrong(text).hint("-o FILE, or -O"));
    }
    if target.is_none()
        && let Some(flag) = args.files.given()
    {
        return Err(wrong(&format!("{flag} is for files")).hint("-o FILE, or -O"));
    }
    if args.include && (target.is_some() || args.request.head) {
        let text = "--include is for a body that goes to stdout";
        return Err(wrong(text).hint("-I prints the headers alone; --json has them, too"));
    }
    Ok(())
}

impl FileArgs {
    /// Whether a file that is there may be replaced, where the server chooses its name.
    fn replaces(self) -> bool {
        self.replace || self.if_newer
    }

    /// One that was given.
    fn given(&self) -> Option<&'static str> {
        let given = [
            (self.replace, "--replace"),
            (self.skip_existing, "--skip-existing"),
            (self.if_newer, "--if-newer"),
            (self.remote_time, "--remote-time"),
            (self.create_dirs, "--create-dirs"),
        ];
        given.iter().find(|(given, _)| *given).map(|(_, flag)| *flag)
    }
}

/// A folder that is named as one is made; that it can be is known before anything is asked for.
fn target(args: &Args, path: PathBuf) -> Result<Target, Failure> {
    let replace = args.files.replaces();
    let named = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if named || path.is_dir() {
        make_folder(&path, args.files.create_dirs)?;
        return Ok(Target::Folder { path, replace });
    }
    let path = behind_links(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        if !args.files.create_dirs {
            let text =
                format!("cannot write {}: {} is no folder", path.display(), folder.display());
            return Err(Failure::new(Exit::Machine, text).hint("--create-dirs makes it"));
        }
        make_folder(folder, true)?;
    }
    Ok(Target::File(path))
}

fn make_folder(path: &Path, with_parents: bool) -> Result<(), Failure> {
    let made = if with_parents { fs::create_dir_all(path) } else { fs::create_dir(path) };
    match made {
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => {
            let cause = cause_in_words(&error);
            let text = format!("cannot make the folder {}: {cause}", path.display());
            let failure = Failure::new(Exit::Machine, text);
            if error.kind() == io::ErrorKind::NotFound {
                Err(failure.hint("--create-dirs makes the folders above it, too"))
            } else {
                Err(failure)
            }
        }
        Ok(()) => Ok(()),
    }
}

/// A link stays a link; what it leads to is replaced, or made.
fn behind_links(mut path: PathBuf) -> PathBuf {
    // As many as the system follows.
    for _ in 0..40 {
        let Ok(next) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    path
}

fn if_modified_since(request: &mut Request, since: SystemTime) {
    let since = jiff::Timestamp::try_from(since).ok();
    let text = since.and_then(|it| {
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&it).ok()
    });
    if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
        request.headers.insert(IF_MODIFIED_SINCE, value);
    }
}

/// Whether it is there and no file: a device or a pipe is written to, never replaced.
fn is_special(path: &Path) -> bool {
    let Ok(there) = fs::metadata(path) else { return false };
    let kind = there.file_type();
    kind.is_fifo() || kind.is_char_device() || kind.is_block_device() || kind.is_socket()
}

/// Whether a bar may be drawn: stderr is a terminal, and what is fetched goes to files. A terminal
/// would mix both, and so would a pager at the end of a pipe.
pub(super) fn may_draw(plan: &Plan) -> bool {
    let files = plan.sink.as_ref().is_none_or(|sink| sink.kind() == DescriptorKind::File);
    is_terminal(io::stderr()) && files
}
