//! What is this port? `coax scan --banner` beside `nmap -sV`, over a zoo of real servers.
//!
//! About ninety services of Debian's packages run on the loopback of a namespace, at their usual
//! ports and at others. Both scanners look at the same ports in the same run, one after the other,
//! and each answer is compared with the truth: *right* is the right name without a doubt, *wrong* a
//! wrong name without a doubt, and a doubtful name or none is neither.
//!
//! A server that did not start is left out for both, and named.

mod judge;
mod residents;
mod start;

use std::time::Instant;

use super::Wish;
use super::space::Space;
use crate::bench::coax;
use crate::bench::table::{Cell, Table};
use crate::peers;
use judge::{Heard, Truth, Verdict};
use start::Zoo;

const COLUMNS: [&str; 8] =
    ["scanner", "ports", "right", "right product", "doubtful", "wrong", "s", "equal twice"];

pub(super) fn run(_: &Wish) -> Result<Table, String> {
    install()?;
    let space = Space::new()?;
    let zoo = Zoo::open(&space)?;
    let title = "scan zoo: what real servers are, in a network namespace";
    let mut table = Table::new(title, &COLUMNS);
    table.notes.extend(zoo.absent.iter().map(|name| format!("did not start: {name}")));
    for udp in [false, true] {
        let truth = zoo.truth.iter().filter(|it| it.udp == udp).collect::<Vec<_>>();
        let ports = truth.iter().map(|it| it.port.to_string()).collect::<Vec<_>>().join(",");
        let kind = if udp { " UDP" } else { " TCP" };
        let udp_words = if udp { "--udp " } else { "" };
        let coax_words = format!("scan 127.0.0.1 -p {ports} {udp_words}--banner --json");
        let nmap_way = if udp { "-sU" } else { "-sT" };
        let nmap_words = format!("{nmap_way} -sV -n -Pn -oX - -p {ports} 127.0.0.1");
        let scanners = [
            ("coax", coax().display().to_string(), coax_words, judge::events as judge::Reading),
            ("nmap -sV", "nmap".to_owned(), nmap_words, judge::xml as judge::Reading),
        ];
        for (name, program, words, read) in scanners {
            let begun = Instant::now();
            let heard = read(&space.hear(&program, &words)?);
            let seconds = begun.elapsed().as_secs_f64();
            let again = match name {
                "coax" => read(&space.hear(&program, &words)?),
                _ => heard.clone(),
            };
            let differ = again.iter().zip(&heard).filter(|(now, before)| now != before);
            table.notes.extend(differ.map(|(now, before)| {
                format!("{name}: {} was {}, then {}", now.port, before.in_words(), now.in_words())
            }));
            let again = again == heard;
            report(&format!("{name}{kind}"), &truth, &heard, seconds, again, &mut table);
        }
    }
    table.notes.push("goal: right ≥ 50 of 53, no wrong, at most a fifth of nmap's time".to_owned());
    Ok(table)
}

/// The zoo's packages are many, so nothing else installs them.
fn install() -> Result<(), String> {
    let missing = residents::RESIDENTS.iter().filter(|it| !peers::find(it.program));
    let missing = missing.flat_map(|it| it.packages.split(' ')).collect::<Vec<_>>();
    if missing.is_empty() {
        return Ok(());
    }
    peers::provide(&missing)
}

fn report(
    name: &str,
    truth: &[&Truth],
    heard: &[Heard],
    seconds: f64,
    equal: bool,
    table: &mut Table,
) {
    let (mut counts, mut products) = ([0_usize; 3], 0);
    for truth in truth {
        let found = heard.iter().find(|it| it.port == truth.port);
        let verdict = truth.judge(found);
        counts[verdict as usize] += 1;
        products += usize::from(verdict == Verdict::Right && truth.has_product(found));
        if verdict != Verdict::Right {
            let said = found.map(Heard::in_words).unwrap_or_else(|| "nothing".to_owned());
            table.notes.push(format!("{name}: {} is {}: {said}", truth.place(), truth.resident));
        }
    }
    let [right, doubtful, wrong] = counts.map(|count| Cell::Number(count as f64, 0));
    let total = truth.iter().filter(|it| it.product.is_some()).count();
    table.rows.push(vec![
        Cell::text(name),
        Cell::Number(truth.len() as f64, 0),
        right,
        Cell::text(format!("{products} of {total}")),
        doubtful,
        wrong,
        Cell::Number(seconds, 1),
        Cell::text(if name.starts_with("coax") { ["no", "yes"][usize::from(equal)] } else { "-" }),
    ]);
}
