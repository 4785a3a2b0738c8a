//! What a guest who says nothing costs.
//!
//! Memory is what the server has more of once everyone is registered, what is shared counted once.
//!
//! Nothing here counts the kernel's own buffers.

use super::super::meter::memory_of_tree;
use super::super::table::{Cell, Table};
use super::crowd::Crowd;
use super::{Asked, middle, turns};

const GUESTS: usize = 10_000;

pub(super) fn idle(asked: &Asked<'_>) -> Result<Table, String> {
    let all = turns(asked, "idle", |server| {
        let empty = memory_of_tree(server.id());
        let mut crowd = Crowd::new()?;
        crowd.register(server, GUESTS)?;
        let full = memory_of_tree(server.id());
        let each = full.saturating_sub(empty) as f64 / 1024.0 / GUESTS as f64;
        Ok((each, crowd.now().as_secs_f64(), crowd.lost))
    })?;
    let title = format!("chat: {GUESTS} registered clients that say nothing, {}", asked.terms());
    let mut table = Table::new(title, &["server", "KiB/client", "seconds to register", "lost"]);
    for (server, turns) in &all {
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::Number(middle(turns, |turn| turn.0), 2),
            Cell::Number(middle(turns, |turn| turn.1), 2),
            Cell::Number(middle(turns, |turn| turn.2 as f64), 0),
        ]);
    }
    table.notes.push("The kernel's own buffers are not in it.".to_owned());
    Ok(table)
}
