//! Being sent elsewhere.

use coax_fetch::http::Method;
use coax_fetch::{ClientOptions, Credentials, FetchErrorKind as Kind};

use crate::{client, get, page, run, teller, whole};

const OK: &str = r"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn to(place: &str) -> String {
    format!(r"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 4\r\n\r\nGone")
}

#[test]
fn a_redirect_is_followed_on_the_same_connection() {
    let Some((server, root)) = teller(&[&format!("{}|{OK}", to("/there?x"))]) else { return };
    run(async {
        let response = client(ClientOptions::default()).send(&get(&root)).await.unwrap();
        assert_eq!(response.url.as_str(), format!("{root}/there?x"));
        let hops: Vec<_> = response.hops.iter().map(|hop| hop.reused).collect();
        assert_eq!(hops, [false, true]);
        assert_eq!(whole(response).await.unwrap(), b"ok");
    });
    server.expect_out("GET /there?x HTTP/1.1\n");
}

#[test]
fn what_is_secret_stays_with_its_origin() {
    let Some((other, there)) = teller(&[OK]) else { return };
    let Some((home, root)) = teller(&[&format!("{}|{}", to("/b"), to(&there))]) else { return };
    let mut request = get(&root);
    request.user = Some(Credentials::parse("me:secret"));
    request.headers.insert("cookie", "c=1".parse().unwrap());
    request.headers.insert("x-mine", "kept".parse().unwrap());
    run(async {
        let response = client(ClientOptions::default()).send(&request).await.unwrap();
        assert_eq!(whole(response).await.unwrap(), b"ok");
    });
    let (home, other) = (home.wait().out(), other.wait().out());
    for secret in ["authorization: Basic bWU6c2VjcmV0\n", "cookie: c=1\n"] {
        assert_eq!(home.matches(secret).count(), 2, "{home}");
        assert!(!other.contains(&secret[..8]), "{other}");
    }
    assert!(other.contains("x-mine: kept\n"), "{other}");
}

#[test]
fn a_post_becomes_a_get_that_has_no_body() {
    let Some((server, root)) = teller(&[&format!("{}|{OK}", to("/b"))]) else { return };
    let mut request = get(&root);
    request.method = Method::POST;
    request.body = Some("a=1".into());
    request.headers.insert("content-type", "text/plain".parse().unwrap());
    run(async { client(ClientOptions::default()).send(&request).await.map(|_| ()) }).unwrap();
    let said = server.wait().out();
    let (_, second) = said.split_once("GET /b HTTP/1.1\n").unwrap_or_else(|| panic!("{said}"));
    assert!(!second.contains("content-") && !second.contains("a=1"), "{said}");
}

#[test]
fn circles_and_endless_ways_are_named() {
    let circle = format!("{}|{}|{}", to("/a"), to("/b"), to("/a"));
    let Some((_server, root)) = teller(&[&circle]) else { return };
    let error = run(page(&root)).unwrap_err();
    let why = format!("it redirects in a circle: {root}/a → {root}/b → {root}/a");
    assert_eq!((error.kind(), error.cause()), (Kind::Redirects, why.as_str()));
    assert_eq!(error.hops().len(), 3);

    let endless: Vec<_> = (0..30).map(|number| to(&format!("/{number}"))).collect();
    let Some((_server, root)) = teller(&[&endless.join("|")]) else { return };
    let error = run(page(&root)).unwrap_err();
    assert_eq!((error.kind(), error.cause()), (Kind::Redirects, "more than 20 redirects"));
    assert_eq!(error.url(), format!("{root}/19"));
}

#[test]
fn no_redirect_is_followed_where_none_is_wanted() {
    let Some((_server, root)) = teller(&[&to("/b")]) else { return };
    let options = ClientOptions { max_redirects: 0, ..ClientOptions::default() };
    let response = run(client(options).send(&get(&root))).unwrap();
    assert_eq!(response.status, 302);
}
