//! A command and everything it started.
//!
//! It has a process group of its own, so that ending it ends its children too. Dropped before it
//! has ended, all of it is killed.
//!
//! Nothing here knows what the command talks to.

use std::io;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

use crate::session::CommandEnd;

/// A command whose connection is over has this long to notice, and as long again to obey SIGTERM.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a group that was told to end is looked at. Looking is one system call.
const LOOK: Duration = Duration::from_millis(10);

/// A running command.
#[derive(Debug)]
pub(super) struct Group {
    leader: Child,
    /// `None` once nothing of it is to be ended by us.
    id: Option<Pid>,
}

impl Group {
    pub(super) fn spawn(mut command: Command) -> io::Result<Group> {
        let leader = command.process_group(0).kill_on_drop(true).spawn()?;
        let id = leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Group { leader, id })
    }

    /// Waits for the command, unless it must end `now`; asks it to end; makes it.
    ///
    /// What a command that ended by itself has left in the background is meant to stay. Dropping
    /// the future kills all of it.
    pub(super) async fn end(mut self, now: bool) -> CommandEnd {
        if !now && let Ok(Ok(status)) = timeout(PATIENCE, self.leader.wait()).await {
            self.id = None;
            return CommandEnd::Ended(status);
        }
        let Some(id) = self.id else { return CommandEnd::Stopped };
        let _ = kill_process_group(id, Signal::TERM);
        if timeout(PATIENCE, self.gone(id)).await.is_ok() {
            self.id = None;
        }
        CommandEnd::Stopped
    }

    async fn gone(&mut self, id: Pid) {
        let _ = self.leader.wait().await;
        let mut look = interval(LOOK);
        while test_kill_process_group(id).is_ok() {
            look.tick().await;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}
