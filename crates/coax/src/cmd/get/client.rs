//! How servers are reached: flags, and the client they make.
//!
//! What is the same for every URL is said once.
//!
//! Nothing here sends a request.

use std::sync::Arc;
use std::time::Duration;

use coax_fetch::{Client, ClientOptions, HttpVersion, Netrc, Proxies};

use super::plan::Plan;
use crate::duration;
use crate::failure::Failure;
use crate::out::Out;
use crate::place;
use crate::trust::TlsArgs;

/// How servers are reached.
#[derive(clap::Args, Debug)]
pub(super) struct ClientArgs {
    /// Speak HTTP/1.1 alone
    #[arg(long = "http1.1", conflicts_with = "http2", help_heading = "Connection")]
    http1: bool,
    /// Speak HTTP/2 alone
    #[arg(long, help_heading = "Connection")]
    http2: bool,
    /// Go through this proxy: http://host:port
    #[arg(long, value_name = "URL", conflicts_with = "no_proxy", help_heading = "Connection")]
    proxy: Option<String>,
    /// Go through none, whatever the environment says
    #[arg(long, help_heading = "Connection")]
    no_proxy: bool,
    /// Connect here for every URL: /run/app.sock
    ///
    /// http+unix://%2Frun%2Fapp.sock/path says it within a URL.
    #[arg(long, alias = "unix-socket", value_name = "ENDPOINT", help_heading = "Connection")]
    pub(super) via: Option<String>,
    #[command(flatten)]
    tls: TlsArgs,
    /// Leave logins in ~/.netrc unused
    #[arg(long, help_heading = "Connection")]
    no_netrc: bool,
    /// Follow at most so many redirects
    #[arg(long, value_name = "COUNT", default_value = "20", value_parser = crate::count::or_none::<usize>, help_heading = "Connection")]
    max_redirects: usize,
    /// Give up connecting after this long [default: 30s]
    ///
    /// Without this option, finding the name's addresses takes as long as the system's resolver
    /// does, and the 30 s begin after it.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, help_heading = "Connection")]
    timeout: Option<Duration>,
    /// A server may be silent so long
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, default_value = "60s", help_heading = "Connection")]
    idle: Duration,
    /// Use IPv4 alone
    #[arg(short = '4', long, conflicts_with = "ipv6", help_heading = "Connection")]
    ipv4: bool,
    /// Use IPv6 alone
    #[arg(short = '6', long, help_heading = "Connection")]
    ipv6: bool,
}

impl ClientArgs {
    /// The client. What is wrong with the logins of this user goes to `plan`: it matters only where
    /// a server asks for one.
    pub(super) fn client(&self, plan: &mut Plan, out: &Out) -> Result<Client, Failure> {
        // A file that cannot be read is told before anything is asked for.
        self.tls.tls()?;
        let netrc = if self.no_netrc {
            None
        } else {
            Netrc::of_this_user().unwrap_or_else(|error| {
                plan.no_netrc = Some(error.to_string());
                None
            })
        };
        tell_logins(netrc.as_ref(), plan.no_netrc.as_deref(), out);
        let via = self.via.as_ref().or(plan.via.as_ref());
        let via = via.map(|text| place::endpoint(text, None)).transpose()?;
        let usual = ClientOptions::default();
        let options = ClientOptions {
            tls: self.tls.options(),
            proxies: match (&self.proxy, self.no_proxy) {
                (Some(proxy), _) => Proxies::all(proxy),
                (None, true) => Proxies::default(),
                (None, false) => Proxies::of_the_environment(),
            },
            netrc: netrc.map(Arc::new),
            unix: via,
            wanted: place::wanted(self.ipv4, self.ipv6),
            http: match (self.http1, self.http2) {
                (true, _) => HttpVersion::Http1,
                (_, true) => HttpVersion::Http2,
                _ => HttpVersion::Auto,
            },
            timeout: self.timeout.unwrap_or(usual.timeout),
            timeout_resolving: self.timeout.is_some(),
            idle: self.idle,
            max_redirects: self.max_redirects,
            remember_headers: out.is_very_verbose(),
            ..usual
        };
        Ok(Client::new(options)?)
    }
}

/// With -v: what is passed over in the file of logins, or why it is not used.
fn tell_logins(netrc: Option<&Netrc>, trouble: Option<&str>, out: &Out) {
    if !out.is_verbose() {
        return;
    }
    for (line, why) in netrc.map(Netrc::passed_over).unwrap_or_default() {
        out.talk(&format!("coax: netrc, line {line}, is passed over: {why}"));
    }
    if let Some(why) = trouble {
        out.talk(&format!("coax: no logins: {why}"));
    }
}
