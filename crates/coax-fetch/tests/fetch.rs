//! Fetching from servers nobody here wrote, and from servers that lie.
//!
//! What a liar says stands in the test, byte for byte. A body is right or an error: each test that
//! cuts one also sees that no quiet end follows the error.

#![allow(clippy::unwrap_used)]

#[path = "fetch/again.rs"]
mod again;
#[path = "fetch/fallback.rs"]
mod fallback;
#[path = "fetch/frames.rs"]
mod frames;
#[path = "fetch/honest.rs"]
mod honest;
#[path = "fetch/liars.rs"]
mod liars;
#[path = "fetch/logins.rs"]
mod logins;
#[path = "fetch/proxied.rs"]
mod proxied;
#[path = "fetch/reached.rs"]
mod reached;
#[path = "fetch/redirects.rs"]
mod redirects;
#[path = "fetch/secure.rs"]
mod secure;

use std::path::Path;
use std::time::Duration;

use coax_fetch::{Client, ClientOptions, FetchError, Request, Response, Url};
use testkit::{Program, Running, peer_or_skip, python, unused_port};

/// Runs `test` to its end, which comes.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), test).await.expect("it ends within a minute")
    })
}

fn client(options: ClientOptions) -> Client {
    Client::new(options).unwrap()
}

fn get(url: &str) -> Request {
    Request::get(Url::parse(url).unwrap())
}

/// The whole body; after an error, another.
async fn whole(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut all = Vec::new();
    loop {
        match response.body.chunk().await {
            Ok(Some(piece)) => all.extend_from_slice(&piece),
            Ok(None) => return Ok(all),
            Err(error) => {
                let again = response.body.chunk().await.expect_err("no quiet end after an error");
                assert_eq!(again.kind(), error.kind());
                return Err(error);
            }
        }
    }
}

/// Fetches `url` with the default options.
async fn page(url: &str) -> Result<Vec<u8>, FetchError> {
    whole(client(ClientOptions::default()).send(&get(url)).await?).await
}

/// Gives each connection the answers of one argument, parted by `|`, one for each request it reads,
/// then closes it. What it reads, it prints: head and body, with `\r` left out.
const TELLER: &str = r#"
s = listen()
for answers in sys.argv[1:]:
    c, _ = s.accept()
    for answer in answers.split("|"):
        head = b""
        while b"\r\n\r\n" not in head:
            more = c.recv(65536)
            if not more:
                break
            head += more
        if not head:
            break
        sys.stdout.write(head.decode("latin1").replace("\r", ""))
        sys.stdout.flush()
        c.sendall(answer.encode("latin1").decode("unicode_escape").encode("latin1"))
    c.close()
say("told all")
"#;

/// A server that tells these answers, and the URL of its root.
fn teller(answers: &[&str]) -> Option<(Running, String)> {
    let server = python(TELLER, answers)?;
    let root = format!("http://{}", server.listening());
    Some((server, root))
}

/// nginx with this `http` block, in `folder`; `PORT` in it is a free port, which is given.
fn nginx(folder: &Path, http: &str) -> Option<(Running, u16)> {
    let nginx = peer_or_skip("nginx")?;
    let port = unused_port();
    let conf = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr notice;
         events {{ worker_connections 512; }}
         http {{ access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;
           uwsgi_temp_path t; scgi_temp_path t; client_max_body_size 64m; {} }}",
        http.replace("PORT", &port.to_string())
    );
    std::fs::write(folder.join("nginx.conf"), conf).unwrap();
    let server = Program::new(nginx).arg("-p").arg(folder).args(["-c", "nginx.conf"]).start();
    // It says so after it listens, before it serves.
    server.expect_err("getrlimit(RLIMIT_NOFILE)");
    Some((server, port))
}
