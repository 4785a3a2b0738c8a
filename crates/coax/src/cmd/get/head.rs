//! `-I`: the status and the headers, and no body.
//!
//! People see them as they came, programs as an event. Any status is what was asked for.
//!
//! Nothing here reads a body.

use std::fmt::Write as _;

use coax_fetch::{Client, Response};
use tokio::time::Instant;

use super::event::FetchReport;
use super::headers;
use super::plan::{Goal, Plan};
use super::timing::Chart;
use crate::failure::{Failure, exit_of_status};
use crate::out::Out;

pub(super) async fn run(
    plan: &Plan,
    client: &Client,
    timing: bool,
    out: &Out,
) -> Result<(), Failure> {
    let mut worst: Option<Failure> = None;
    for goal in &plan.goals {
        let Err(failure) = one(plan, goal, client, timing, out).await else { continue };
        if plan.goals.len() > 1 && !failure.message.is_empty() {
            out.failure(&failure);
        }
        worst = Some(match worst {
            Some(worst) if worst.exit as u8 >= failure.exit as u8 => worst,
            _ => failure,
        });
    }
    match worst {
        None => Ok(()),
        Some(worst) if plan.goals.len() == 1 => Err(worst),
        Some(worst) => Err(Failure::new(worst.exit, "not every URL answered as it should")),
    }
}

async fn one(
    plan: &Plan,
    goal: &Goal,
    client: &Client,
    timing: bool,
    out: &Out,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let sent = client.send(&plan.download(goal).request).await;
    let mut chart = Chart::default();
    let hops = match &sent {
        Ok(response) => &response.hops[..],
        Err(error) => error.hops(),
    };
    chart.add(std::time::Duration::ZERO, hops, None, 0);
    if timing {
        chart.report(out)?;
    }
    if out.is_very_verbose() {
        hops.iter().for_each(|hop| out.talk(&headers::lines(hop)));
    }
    let response = sent?;
    let report = FetchReport::of_head(&goal.url, &response, begun.elapsed(), lines(&response));
    out.report(&report)?;
    if !response.status.is_success() && !plan.template.any_status {
        return Err(refusal(&response));
    }
    Ok(())
}

/// The page is not there; the headers were still worth printing.
fn refusal(response: &Response) -> Failure {
    let (status, url) = (response.status, &response.url);
    Failure::new(
        exit_of_status(status.as_u16()),
        format!("cannot fetch {url}: the server says {status}"),
    )
}

/// As they came.
fn lines(response: &Response) -> String {
    let mut text = format!("{:?} {}", response.version, response.status);
    for (name, value) in &response.headers {
        let _ = write!(text, "\n{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    text
}
