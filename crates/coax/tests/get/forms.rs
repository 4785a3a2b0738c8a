//! What is sent: forms, files, headers; and headers that are shown.

use std::fs;

use testkit::{Program, Running, peer_or_skip, python};

use crate::coax;

/// Answers with what was asked: the request line, headers and body, as JSON.
const MIRROR: &str = r#"
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
class Mirror(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("latin-1")
        said = {"method": self.command, "path": self.path, "body": body, "headers": {k.lower(): v for k, v in self.headers.items()}}
        text = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Mark", "here")
        self.end_headers()
        self.wfile.write(text)
    do_GET = do_PUT = do_POST
    def log_message(self, *words): pass
server = HTTPServer(("127.0.0.1", 0), Mirror)
sys.stderr.write("listening on 127.0.0.1:%d\n" % server.server_port)
sys.stderr.flush()
server.serve_forever()
"#;

fn mirror() -> Option<(Running, String)> {
    let server = python::<&str>(MIRROR, [])?;
    let url = format!("http://{}/form", server.listening());
    Some((server, url))
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_form_is_sent_as_curl_sends_it() {
    let Some((_server, url)) = mirror() else { return };
    let Some(curl) = peer_or_skip("curl") else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "a b&c").unwrap();
    for args in [
        &["-d", "a=1", "-d", "b=2"][..],
        &["-d", "a=1", "--data-urlencode", "b=x y&z/ä"],
        &["--data-urlencode", "name@file", "--data-urlencode", "=p=q", "--data-urlencode", "r s"],
        &["-d", "a=1", "-X", "PUT", "-d", "b"],
    ] {
        let ours = coax(args).arg(&url).dir(folder.path()).run().exits(0).out();
        let theirs = Program::new(&curl).arg("-s").args(args).arg(&url).dir(folder.path()).run();
        let (ours, theirs) = (json(&ours), json(&theirs.out()));
        for field in ["method", "path", "body"] {
            assert_eq!(ours[field], theirs[field], "{args:?}");
        }
        assert_eq!(ours["headers"]["content-type"], theirs["headers"]["content-type"]);
    }
}

#[test]
fn a_form_with_files_is_read_as_curls_is() {
    let Some((_server, url)) = mirror() else { return };
    let Some(curl) = peer_or_skip("curl") else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "line\r\n--x").unwrap();
    let args = [
        "-F",
        "a=1",
        "-F",
        "f=@file",
        "-F",
        "g=@file;type=text/plain;filename=n.txt",
        "-F",
        "h=<file",
    ];
    let parts = |text: &str| {
        let said = json(text);
        let kind = said["headers"]["content-type"].as_str().unwrap().to_owned();
        let boundary = kind.split_once("multipart/form-data; boundary=").unwrap().1;
        said["body"].as_str().unwrap().replace(boundary, "B")
    };
    let ours = coax(&args).arg(&url).dir(folder.path()).run().exits(0).out();
    let theirs = Program::new(&curl).arg("-s").args(args).arg(&url).dir(folder.path()).run().out();
    assert_eq!(parts(&ours), parts(&theirs));
    coax(&["-F", "a", &url]).run().fails(2, "invalid part of a form 'a': '=' is missing");
    coax(&["-F", "a=@/nonexistent", &url]).run().fails(2, "cannot read /nonexistent");
    // Its first page is none that can be read.
    let broken = "cannot read /proc/self/mem: input/output error";
    coax(&["-F", "a=@/proc/self/mem", &url]).run().fails(5, broken);
    coax(&["-F", "a=1", "-d", "b", &url]).run().fails(2, "cannot be used with");
}

#[test]
fn headers_are_shown_with_the_body_or_beside_it() {
    let Some((_server, url)) = mirror() else { return };
    let shown = coax(&["--include", &url]).run().exits(0).out();
    assert!(shown.starts_with("HTTP/1.0 200 OK\r\n"), "{shown}");
    let (head, body) = shown.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("x-mark: here") && json(body)["method"] == "GET", "{shown}");
    let loud = coax(&["-vv", "-u", "ada:secret", "-H", "X-Own: mine", &url]).run().exits(0);
    for line in [
        "> GET /form\n",
        "> x-own: mine\n",
        "> authorization: …\n",
        "< 200 OK\n",
        "< x-mark: here\n",
    ] {
        assert!(loud.err().contains(line), "{line}: {}", loud.shown());
    }
    assert!(!loud.err().contains("secret") && !loud.err().contains("YWRh"), "{}", loud.shown());
    coax(&["--include", "-O", &url]).run().fails(2, "--include is for a body that goes to stdout");
}
