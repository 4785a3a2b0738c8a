//! Work that may wait, on a thread of its own.
//!
//! A thread that cannot start is an answer and no panic: this machine has enough of them, or no memory,
//! and the next question may find room again.
//!
//! Nothing here knows what is done.

use std::thread::Builder;

use tokio::sync::oneshot;

/// Does it, and gives back what came of it; none where no thread can start, or it broke off.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (tell, told) = oneshot::channel();
    let work = move || drop(tell.send(work()));
    Builder::new().name("coax-work".to_owned()).spawn(work).ok()?;
    told.await.ok()
}

#[cfg(test)]
mod tests {
    use super::run;

    #[tokio::test]
    async fn what_breaks_off_is_nothing() {
        assert_eq!(run(|| 7).await, Some(7));
        assert_eq!(run(|| -> u8 { panic!("on purpose") }).await, None);
    }
}
