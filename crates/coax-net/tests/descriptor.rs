//! A descriptor is asked before it is read, and a signal is no answer.

#![allow(clippy::unwrap_used)]

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use coax_net::Descriptor;
use nix::sys::pthread::{pthread_kill, pthread_self};
use nix::sys::signal::Signal;

#[tokio::test]
async fn an_empty_pipe_is_never_waited_for_while_signals_come() {
    let (reader, _writer) = rustix::pipe::pipe().unwrap();
    let reader = Descriptor::new(reader).unwrap();
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, Arc::default()).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (tell, told) = mpsc::channel();
    let asking = thread::spawn({
        let over = Arc::clone(&over);
        move || {
            tell.send(pthread_self()).unwrap();
            while !over.load(Ordering::Relaxed) {
                let read = reader.try_read(&mut [0; 9]);
                assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock);
            }
            tell.send(pthread_self()).unwrap();
        }
    });
    let asker = told.recv().unwrap();
    for _ in 0..1_000_000 {
        pthread_kill(asker, Signal::SIGUSR1).unwrap();
    }
    over.store(true, Ordering::Relaxed);
    told.recv_timeout(Duration::from_secs(20)).expect("it does not wait in the kernel");
    asking.join().unwrap();
}
