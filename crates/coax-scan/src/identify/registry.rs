//! The protocols that are known over TCP: one entry each, in families.
//!
//! What proves an entry rests on the structure that its document gives it, and never on one
//! server's taste in words. The order counts: the first entry with a proof wins, so `http`, which
//! many others are built on, stands last of its family, and what is known by words stands before
//! what is known by numbers.
//!
//! Nothing here asks anybody.

mod chat;
mod cluster;
mod database;
pub(super) mod datagram;
mod desktop;
mod directory;
mod files;
mod mail;
mod proxy;
mod queue;
mod runtime;
mod shell;
mod small;
mod web;

use super::protocol::{First, Protocol};

static FAMILIES: [&[Protocol]; 13] = [
    shell::PROTOCOLS,
    mail::PROTOCOLS,
    files::PROTOCOLS,
    chat::PROTOCOLS,
    database::PROTOCOLS,
    cluster::PROTOCOLS,
    queue::PROTOCOLS,
    proxy::PROTOCOLS,
    web::PROTOCOLS,
    runtime::PROTOCOLS,
    directory::PROTOCOLS,
    desktop::PROTOCOLS,
    small::PROTOCOLS,
];

/// All of them, in the order in which they are tried.
pub(super) fn all() -> impl Iterator<Item = &'static Protocol> {
    FAMILIES.into_iter().flatten()
}

/// What a web server is asked.
pub(super) fn http() -> &'static Protocol {
    &web::HTTP
}

/// What a web server is asked that has HTTP/2 alone.
pub(super) fn http_2() -> &'static Protocol {
    &web::HTTP_2_ALONE
}

/// What is known by what it repeats.
pub(super) fn echo() -> &'static Protocol {
    &small::ECHO
}

/// What is asked inside TLS where nothing is known of it.
pub(super) fn within() -> impl Iterator<Item = &'static Protocol> {
    let can = |it: &&Protocol| {
        !it.over_tls.is_empty() && it.asks() && it.may_be_anywhere() && it.first == First::Client
    };
    all().filter(can)
}

/// What is spoken inside the TLS of `service`: `http` for `https`. `None` where the name says
/// nothing of TLS.
pub fn within_tls(service: &str) -> Option<&'static str> {
    let known = all().find(|it| it.over_tls == service && !it.over_tls.is_empty());
    known.map(|it| it.service)
}

/// Whether a service of this name, in the clear or inside TLS, would have been recognised by what it
/// says.
pub fn is_recognisable(service: &str) -> bool {
    let is_named = |it: &Protocol| it.service == service || it.over_tls == service;
    !service.is_empty() && (all().any(is_named) || datagram::is_recognisable(service))
}
