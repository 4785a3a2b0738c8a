//! `-vv`: the headers of a request and of its answer, as lines.
//!
//! What is secret is named and not shown: a terminal's lines end up in reports.
//!
//! Nothing here prints.

use coax_fetch::http::header::{HeaderName, SET_COOKIE};
use coax_fetch::http::{HeaderMap, HeaderValue};
use coax_fetch::{Hop, HopOutcome};

use coax_fetch::http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

/// What nobody but the server is to know.
const SECRET: [HeaderName; 4] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE];

/// `> ` before what was sent, `< ` before what was answered.
pub(super) fn lines(hop: &Hop) -> String {
    let url = &hop.url;
    let target = &url[coax_fetch::Position::BeforePath..coax_fetch::Position::AfterQuery];
    let mut lines = vec![format!("> {} {target}", hop.method)];
    add(&mut lines, '>', &hop.sent);
    match &hop.outcome {
        HopOutcome::Status(status) => lines.push(format!("< {status}")),
        HopOutcome::Failed(why) => lines.push(format!("< nothing: {why}")),
    }
    add(&mut lines, '<', &hop.answered);
    lines.join("\n")
}

fn add(lines: &mut Vec<String>, mark: char, headers: &HeaderMap) {
    for (name, value) in headers {
        lines.push(format!("{mark} {name}: {}", shown(name, value)));
    }
}

fn shown(name: &HeaderName, value: &HeaderValue) -> String {
    if SECRET.contains(name) || value.is_sensitive() {
        return "…".to_owned();
    }
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
