//! Who the server is for those who call with TLS: its certificate, which may come late and may be
//! replaced.
//!
//! A new certificate may take longer to make than a caller to arrive, so the caller waits for it. One
//! that is replaced is for those who call from then on.
//!
//! Nothing here reads a file.

use std::cell::{Cell, RefCell};

use coax_net::TlsServer;
use tokio::sync::Notify;

/// The certificate, or what is known of it.
#[derive(Debug, Default)]
pub(super) struct Identity {
    server: RefCell<Option<TlsServer>>,
    coming: Cell<bool>,
    came: Notify,
}

impl Identity {
    /// `server`, or none.
    pub(super) fn new(server: Option<TlsServer>) -> Identity {
        Identity { server: RefCell::new(server), ..Identity::default() }
    }

    /// One is on its way.
    pub(super) fn expect(&self) {
        self.coming.set(true);
    }

    /// It is there, or will not come.
    pub(super) fn set(&self, server: Option<TlsServer>) {
        if server.is_some() {
            *self.server.borrow_mut() = server;
        }
        self.coming.set(false);
        self.came.notify_waiters();
    }

    /// The one there is; waits for one that is on its way.
    pub(super) async fn server(&self) -> Option<TlsServer> {
        loop {
            // Asked for before it is looked at, so that it cannot come in between.
            let came = self.came.notified();
            let server = self.server.borrow().clone();
            if server.is_some() || !self.coming.get() {
                return server;
            }
            came.await;
        }
    }
}
