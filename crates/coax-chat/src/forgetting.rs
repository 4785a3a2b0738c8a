//! Forgetting what is older, or more, than the settings keep: at the start, and ever again.
//!
//! Nobody waits for it: what goes is found by a reader and goes in small steps between what people
//! say. How much there is, is looked at every minute; how old it is, every hour, which costs a look
//! at each conversation.
//!
//! Nothing here knows how an entry is forgotten; that is the store's.

use std::rc::Rc;
use std::time::Duration;

use coax_store::{Keep, Retention, Target};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::hub::fold;
use crate::memory::Memory;
use crate::serve::Told;
use crate::settings::Settings;
use crate::switchboard::Switchboard;

/// Between two looks at how much there is. At 20,000 messages a second it is some 300 MB more.
const OFTEN: Duration = Duration::from_secs(60);
/// Between two looks at how old it is.
const SELDOM: Duration = Duration::from_secs(60 * 60);

const DAY: u64 = 24 * 60 * 60;
const MEGABYTE: u64 = 1_000_000;

/// Forgets for ever; `woken` has it look at the settings again at once.
pub(crate) async fn forget(
    board: Rc<Switchboard>,
    memory: Rc<Memory>,
    woken: Rc<Notify>,
    tell: Rc<dyn Fn(Told)>,
) {
    let mut due = Instant::now();
    let mut failed = None;
    loop {
        let now = Instant::now();
        let by_age = now >= due;
        if by_age {
            due = now + SELDOM;
        }
        if let Some(retention) = retention(&board.settings(), by_age) {
            // A clock that jumped must not cost what was said.
            match memory.prune(retention, board.certain()).await {
                Ok(0) => failed = None,
                Ok(entries) => {
                    failed = None;
                    tell(Told::Forgot(entries));
                }
                // Once is enough: a disk that is full stays so for a while.
                Err(why) if failed.as_ref() == Some(&why) => {}
                Err(why) => {
                    tell(Told::NotForgotten(why.clone()));
                    failed = Some(why);
                }
            }
        }
        if timeout(OFTEN, woken.notified()).await.is_ok() {
            due = Instant::now();
        }
    }
}

/// What the settings keep, if not all.
fn retention(settings: &Settings, by_age: bool) -> Option<Retention> {
    let days = |days: u64| Duration::from_secs(days.saturating_mul(DAY));
    let limit = |limit: u64| Some(limit).filter(|limit| *limit > 0);
    let keep = |(name, kept): (&String, &u64)| {
        let keep = limit(*kept).map_or(Keep::Forever, |kept| Keep::For(days(kept)));
        (Target::channel(&*fold(name)), keep)
    };
    let exceptions = settings.history_channels.iter().map(keep);
    // Who is kept for ever is spared as well where there is too much.
    let exceptions = exceptions.filter(|(_, keep)| by_age || *keep == Keep::Forever).collect();
    let age = limit(settings.history_days).map(days).filter(|_| by_age);
    let bytes = limit(settings.history_megabytes).map(|it| it.saturating_mul(MEGABYTE));
    let retention = Retention { age, bytes, exceptions };
    let keeps_all = retention.bytes.is_none()
        && retention.age.is_none()
        && retention.exceptions.iter().all(|(_, keep)| *keep == Keep::Forever);
    (!keeps_all).then_some(retention)
}

#[cfg(test)]
mod tests {
    use super::retention;
    use crate::settings::Settings;
    use coax_store::{Keep, Target};
    use std::time::Duration;

    fn read(text: &str, by_age: bool) -> Option<coax_store::Retention> {
        retention(&Settings::parse(&format!("[history]\n{text}")).unwrap(), by_age)
    }

    #[test]
    fn nothing_is_forgotten_unless_the_settings_say_so() {
        for text in ["", "days = 0\nmegabytes = 0", "channels = { \"#a\" = 0 }"] {
            assert!(read(text, true).is_none(), "{text}");
        }
    }

    #[test]
    fn age_is_looked_at_seldom_and_size_often() {
        let text = "days = 7\nmegabytes = 5\nchannels = { \"#Kept\" = 0, \"#brief\" = 1 }";
        let day = Duration::from_secs(24 * 60 * 60);
        let all = read(text, true).unwrap();
        assert_eq!((all.age, all.bytes), (Some(day * 7), Some(5_000_000)));
        let kept = (Target::channel("#kept"), Keep::Forever);
        assert_eq!(all.exceptions, [kept.clone(), (Target::channel("#brief"), Keep::For(day))]);
        let often = read(text, false).unwrap();
        assert_eq!((often.age, often.bytes, often.exceptions), (None, all.bytes, vec![kept]));
        assert!(read("days = 7", false).is_none());
        assert!(read("days = 9223372036854775807", true).unwrap().age > Some(day * 365_000));
    }
}
