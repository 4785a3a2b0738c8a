//! Saying who one is.

use std::sync::Arc;

use coax_fetch::{ClientOptions, Netrc};

use crate::{client, get, run, teller, whole};

const OK: &str = r"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn asked(url_with: impl Fn(&str) -> String, netrc: Option<&str>) -> Option<String> {
    let (server, root) = teller(&[OK])?;
    let netrc = netrc.map(|text| Arc::new(Netrc::parse(text).unwrap()));
    let options = ClientOptions { netrc, ..ClientOptions::default() };
    run(async {
        let response = client(options).send(&get(&url_with(&root))).await.unwrap();
        assert!(!response.url.as_str().contains('@'));
        assert!(response.hops.iter().all(|hop| !hop.url.as_str().contains('@')));
        whole(response).await.unwrap();
    });
    Some(server.wait().out())
}

#[test]
fn a_login_in_the_url_is_sent_and_not_shown() {
    let with_user = |root: &str| root.replace("http://", "http://me:s%40crets@");
    let Some(said) = asked(with_user, None) else { return };
    assert!(said.contains("authorization: Basic bWU6c0BjcmV0cw==\n"), "{said}");
    assert!(said.contains("host: 127.0.0.1:"), "{said}");
}

#[test]
fn netrc_has_the_login_of_a_machine() {
    let netrc = Some("machine 127.0.0.1 login me password secret");
    let Some(said) = asked(str::to_owned, netrc) else { return };
    assert!(said.contains("authorization: Basic bWU6c2VjcmV0\n"), "{said}");
    let Some(said) = asked(str::to_owned, Some("machine other login me password secret")) else {
        return;
    };
    assert!(!said.contains("authorization"), "{said}");
}

#[test]
fn a_netrc_that_cannot_be_used_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("netrc");
    let error = Netrc::read(&path).unwrap_err().to_string();
    assert_eq!(error, format!("cannot read {}: no such file or directory", path.display()));
    std::fs::write(&path, "machine h\nlogin\n").unwrap();
    let error = Netrc::read(&path).unwrap_err().to_string();
    let why = "line 2: 'login' has nothing behind it";
    assert_eq!(error, format!("cannot use {}: {why}", path.display()));
}
