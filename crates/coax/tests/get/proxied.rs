//! Through a proxy: tinyproxy, which writes down what it was asked for.

use std::fs;
use std::path::Path;

use serde_json::Value;
use testkit::{Outcome, Running, certificates, peer_or_skip, unused_port};

use crate::{Nginx, coax, event, events, names, noise};

/// Wants `login`, where that is not empty.
fn tinyproxy(folder: &Path, login: &str) -> Option<(Running, String)> {
    let tinyproxy = peer_or_skip("tinyproxy")?;
    let port = unused_port();
    let text = format!("Port {port}\nListen 127.0.0.1\nLogLevel Info\nMaxClients 50\n{login}\n");
    fs::write(folder.join("tinyproxy.conf"), text).unwrap();
    let program = testkit::Program::new(tinyproxy).args(["-d", "-c", "tinyproxy.conf"]);
    let running = program.dir(folder).start();
    running.expect_out("Accepting connections.");
    Some((running, format!("127.0.0.1:{port}")))
}

/// The proxy of each hop, in their order.
fn proxies(outcome: &Outcome) -> Vec<Value> {
    let hops = events(outcome).into_iter().filter(|it| it["event"] == "hop");
    hops.map(|it| it["proxy"].clone()).collect()
}

#[test]
fn a_page_comes_through_the_proxy_that_the_environment_names() {
    let bytes = noise(1, 300_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some((running, proxy)) = tinyproxy(folder.path(), "") else { return };
    let url = nginx.url("x");
    coax(&[&url]).env("http_proxy", &proxy).run().exits(0).prints(&bytes);
    running.expect_out(&format!("GET {url} HTTP/1.1"));
    // Those that are named go straight, and so does everybody where that is asked for.
    let saved = folder.path().join("saved");
    let args = ["--json", "--timing", "-o", saved.to_str().unwrap(), &url];
    let outcome = coax(&args).env("http_proxy", &proxy).run().exits(0);
    assert_eq!(proxies(&outcome), [format!("http://{proxy}")]);
    let outcome = coax(&args).env("http_proxy", &proxy).env("no_proxy", "127.0.0.1").run().exits(0);
    assert_eq!(proxies(&outcome), [Value::Null]);
    let outcome = coax(&args).arg("--no-proxy").env("http_proxy", &proxy).run().exits(0);
    assert_eq!(proxies(&outcome), [Value::Null]);
    assert!(fs::read(saved).unwrap() == bytes);
}

#[test]
fn a_file_that_was_broken_off_goes_on_through_a_proxy() {
    let bytes = noise(2, 2_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let (folder, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some((_running, proxy)) = tinyproxy(folder.path(), "") else { return };
    let fetch = |words: &[&str]| coax(words).args(["--proxy", &proxy]).dir(into.path()).run();
    fetch(&["-O", "--deadline", "1s", &nginx.url("slower/x")]).exits(3);
    assert_eq!(names(into.path()), ["x.part", "x.part.state"]);
    let outcome = fetch(&["-O", "--json", &nginx.url("slower/x")]).exits(0);
    assert!(event(&outcome, "fetch")["resumed"].as_u64().unwrap() > 0, "{}", outcome.shown());
    assert!(fs::read(into.path().join("x")).unwrap() == bytes);
    assert_eq!(names(into.path()), ["x"]);
}

#[test]
fn tls_goes_through_a_proxy_untouched() {
    let Some(place) = certificates() else { return };
    let Some(nginx) = Nginx::secure(&[("x", b"page")], place.path(), "good") else { return };
    let Some((running, proxy)) = tinyproxy(place.path(), "") else { return };
    let authority = place.path().join("ca.pem").display().to_string();
    let url = format!("https://localhost:{}/x", nginx.port);
    let outcome = coax(&["--cacert", &authority, &url]).env("https_proxy", &proxy).run();
    outcome.exits(0).prints("page");
    running.expect_out(&format!("CONNECT localhost:{} HTTP/1.1", nginx.port));
    // Whom the certificate is for is checked behind the proxy as it is without one.
    let outcome = coax(&[&url]).env("https_proxy", &proxy).run();
    outcome.fails(4, "nobody this machine trusts signed its certificate");
}

#[test]
fn a_proxy_that_wants_a_login_gets_it_and_one_that_is_gone_is_named() {
    let Some(nginx) = Nginx::start(&[("x", b"page")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let login = "BasicAuth me secret";
    let Some((running, proxy)) = tinyproxy(folder.path(), login) else { return };
    let url = nginx.url("x");
    coax(&["--proxy", &format!("me:secret@{proxy}"), &url]).run().exits(0).prints("page");
    coax(&["--proxy", &proxy, &url]).run().fails(1, "407").prints("");
    running.signal(rustix::process::Signal::KILL);
    running.wait();
    let outcome = coax(&["--retries", "0", "--proxy", &proxy, &url]).run();
    outcome.fails(3, &format!("cannot connect to its proxy http://{proxy}: refused"));
}
