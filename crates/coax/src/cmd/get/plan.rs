//! From words on the command line to what is fetched, and where it goes.
//!
//! Everything that can be wrong with the words is found before a socket is opened.
//!
//! Nothing here asks anyone.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coax_fetch::http::{HeaderName, HeaderValue, Method, header};
use coax_fetch::{Bytes, Credentials, Download, Rate, Request, Target, Url};
use coax_net::{Descriptor, DescriptorKind, cause_in_words};

use super::Args;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::{is_terminal, open_file};

/// What is asked for.
#[derive(clap::Args, Debug)]
pub(super) struct RequestArgs {
    /// Send this header: 'Name: value'
    #[arg(short = 'H', long = "header", value_name = "HEADER", help_heading = "Request")]
    headers: Vec<String>,
    /// GET, unless there is --data
    #[arg(short = 'X', long, value_name = "METHOD", help_heading = "Request")]
    method: Option<String>,
    /// POST this text, as a form; @FILE, or @- for stdin
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "Request")]
    data: Option<String>,
    /// Say who asks
    #[arg(short, long, value_name = "NAME:PASSWORD", help_heading = "Request")]
    user: Option<String>,
    /// Ask for the headers alone, and print them
    #[arg(short = 'I', long, conflicts_with_all = ["output", "remote_name"], help_heading = "Request")]
    head: bool,
    /// An answer with any status is fetched, errors too
    #[arg(long, help_heading = "Request")]
    any_status: bool,
}

/// One URL, and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub(super) url: Url,
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
}

impl Plan {
    pub(super) fn new(args: &Args, out: &Out) -> Result<Plan, Failure> {
        let mut urls = args.urls.iter().map(|text| url(text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(path) = &args.input {
            urls.extend(list(path)?);
        }
        let request = args.request.request(urls.first())?;
        let special = args.output.clone().filter(|path| is_special(path));
        let target = if special.is_some() { None } else { target(args) };
        check(args, &urls, target.as_ref(), out)?;
        let mut template = Download::new(request);
        template.retries = args.pace.retries;
        template.connections = args.pace.connections.into();
        template.max_size = args.max_size;
        template.rate = args.pace.limit_rate.map(Rate::new);
        template.sync_later = urls.len() > 1;
        template.any_status = args.request.any_status;
        // A page for a reader is decoded; a file is what the server has.
        template.request.decode = target.is_none() && special.is_none();
        template.request.limit = args.max_size.filter(|_| template.request.decode);
        let goals = urls.into_iter().map(|url| Goal { url, target: target.clone() }).collect();
        let (parallel, head) = (args.pace.parallel.into(), args.request.head);
        Ok(Plan { goals, template, parallel, head, special, sink: None })
    }

    /// For one of the goals.
    pub(super) fn download(&self, goal: &Goal) -> Download {
        let mut download = self.template.clone();
        download.request.url = goal.url.clone();
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

fn check(args: &Args, urls: &[Url], target: Option<&Target>, out: &Out) -> Result<(), Failure> {
    let wrong = |text: &str| Failure::new(Exit::Usage, text);
    if urls.is_empty() {
        return Err(wrong("no URL given"));
    }
    let to_stdout = target.is_none() && args.output.is_none() && !args.request.head;
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
    Ok(())
}

fn target(args: &Args) -> Option<Target> {
    let replace = args.replace;
    match &args.output {
        Some(path) if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
            Some(Target::Folder { path: path.clone(), replace })
        }
        // A link stays a link; what it leads to is replaced.
        Some(path) => Some(Target::File(path.canonicalize().unwrap_or_else(|_| path.clone()))),
        None if args.remote_name => Some(Target::Folder { path: PathBuf::new(), replace }),
        None => None,
    }
}

/// Whether it is there and no file: a device or a pipe is written to, never replaced.
fn is_special(path: &Path) -> bool {
    let Ok(there) = fs::metadata(path) else { return path == Path::new("-") };
    let kind = there.file_type();
    kind.is_fifo() || kind.is_char_device() || kind.is_block_device() || kind.is_socket()
}

/// Without a scheme it is `http://`.
fn url(text: &str) -> Result<Url, Failure> {
    let whole = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let wrong = |why: String| {
        Failure::new(Exit::Usage, format!("invalid URL '{text}': {why}")).hint("http://HOST/PATH")
    };
    let url = Url::parse(&whole).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(wrong(format!("{other}:// is not fetched, only http:// and https://"))),
    }
}

/// One URL a line; empty lines and those that begin with `#` are none.
fn list(path: &Path) -> Result<Vec<Url>, Failure> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = |(number, line): (usize, &str)| {
        url(line).map_err(|failure| {
            let text = format!("line {} of {}: {}", number + 1, path.display(), failure.message);
            Failure { message: text, ..failure }
        })
    };
    lines.map(read).collect()
}

/// A file, or stdin for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let done = match path == Path::new("-") {
        true => io::stdin().lock().read_to_end(&mut bytes).map(|_| ()),
        false => fs::read(path).map(|read| bytes = read),
    };
    done.map_err(|error| {
        let cause = cause_in_words(&error);
        Failure::new(Exit::Usage, format!("cannot read {}: {cause}", path.display()))
    })?;
    Ok(bytes)
}

impl RequestArgs {
    fn request(&self, url: Option<&Url>) -> Result<Request, Failure> {
        let Some(url) = url else { return Err(Failure::new(Exit::Usage, "no URL given")) };
        let mut request = Request::get(url.clone());
        if let Some(data) = &self.data {
            request.method = Method::POST;
            request.body = Some(body(data)?);
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers.insert(header::CONTENT_TYPE, form);
        }
        if self.head {
            request.method = Method::HEAD;
        }
        if let Some(method) = &self.method {
            request.method = Method::from_bytes(method.as_bytes())
                .map_err(|_| Failure::new(Exit::Usage, format!("invalid method '{method}'")))?;
        }
        for (name, value) in
            self.headers.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>()?
        {
            match name == header::CONTENT_TYPE {
                true => drop(request.headers.insert(name, value)),
                false => drop(request.headers.append(name, value)),
            }
        }
        request.user = self.user.as_deref().map(credentials);
        Ok(request)
    }
}

fn body(data: &str) -> Result<Bytes, Failure> {
    match data.strip_prefix('@') {
        Some(path) => read(Path::new(path)).map(Bytes::from),
        None => Ok(Bytes::copy_from_slice(data.as_bytes())),
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let wrong =
        || Failure::new(Exit::Usage, format!("invalid header '{text}'")).hint("-H 'Name: value'");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong())?;
    let value = HeaderValue::from_str(value.trim()).map_err(|_| wrong())?;
    Ok((name, value))
}

fn credentials(text: &str) -> Credentials {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    Credentials { user: user.to_owned(), password: password.to_owned() }
}

/// Whether a bar may be drawn: stderr is a terminal, and what is fetched goes to files. A terminal
/// would mix both, and so would a pager at the end of a pipe.
pub(super) fn may_draw(plan: &Plan) -> bool {
    let files = plan.sink.as_ref().is_none_or(|sink| sink.kind() == DescriptorKind::File);
    is_terminal(io::stderr()) && files
}
