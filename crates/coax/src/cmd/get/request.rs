//! What is asked for besides the URL: flags, and the request they make.
//!
//! A form is one body, whatever it was put together from. Files that belong to it are read before
//! anything is sent.
//!
//! Nothing here knows where an answer goes.

use std::path::Path;

use coax_fetch::http::{HeaderName, HeaderValue, Method, header};
use coax_fetch::{Bytes, Credentials, Request, Url};

use super::form;
use super::input::read;
use crate::failure::{Exit, Failure};

/// What is asked for.
#[derive(clap::Args, Debug)]
pub(super) struct RequestArgs {
    /// Send this header: 'Name: value'
    #[arg(short = 'H', long = "header", value_name = "HEADER", help_heading = "Request")]
    headers: Vec<String>,
    /// GET, unless there is something to send
    #[arg(short = 'X', long, value_name = "METHOD", help_heading = "Request")]
    method: Option<String>,
    /// POST this text, as a form; @FILE, or @- for stdin
    ///
    /// Given several times, all of it is sent, with & between.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "Request")]
    data: Vec<String>,
    /// The same, encoded: NAME=TEXT, TEXT, or NAME@FILE
    ///
    /// It comes after what --data says.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "Request")]
    data_urlencode: Vec<String>,
    /// POST a form with files: NAME=TEXT, NAME=@FILE
    ///
    /// multipart/form-data, RFC 7578. NAME=@FILE;type=text/plain;filename=b.txt says more of a file.
    #[arg(short = 'F', long, value_name = "PART", conflicts_with_all = ["data", "data_urlencode"], help_heading = "Request")]
    form: Vec<String>,
    /// Say who asks
    #[arg(short, long, value_name = "NAME:PASSWORD", help_heading = "Request")]
    user: Option<String>,
    /// Ask for the headers alone, and print them
    #[arg(short = 'I', long, conflicts_with_all = ["output", "remote_name"], help_heading = "Request")]
    pub(super) head: bool,
    /// An answer with any status is fetched, errors too
    #[arg(long, help_heading = "Request")]
    pub(super) any_status: bool,
}

impl RequestArgs {
    pub(super) fn request(&self, url: &Url) -> Result<Request, Failure> {
        let mut request = Request::get(url.clone());
        if let Some((body, kind)) = self.body()? {
            request.method = Method::POST;
            request.body = Some(body);
            request.headers.insert(header::CONTENT_TYPE, kind);
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
        request.user = self.user.as_deref().map(Credentials::parse);
        Ok(request)
    }

    /// What is sent, and what it is.
    fn body(&self) -> Result<Option<(Bytes, HeaderValue)>, Failure> {
        if !self.form.is_empty() {
            return form::multipart(&self.form).map(Some);
        }
        let plain = self.data.iter().map(|text| data(text));
        let encoded = self.data_urlencode.iter().map(|text| form::encoded(text));
        let parts = plain.chain(encoded).collect::<Result<Vec<_>, _>>()?;
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        Ok((!parts.is_empty()).then(|| (parts.join(&b'&').into(), kind)))
    }
}

fn data(text: &str) -> Result<Vec<u8>, Failure> {
    match text.strip_prefix('@') {
        Some(path) => read(Path::new(path)),
        None => Ok(text.as_bytes().to_vec()),
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
