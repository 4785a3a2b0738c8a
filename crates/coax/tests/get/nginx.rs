//! An nginx of the test's own, with a folder to serve.

use std::path::{Path, PathBuf};

use testkit::{Program, Running, peer_or_skip, unused_port};

/// A running nginx.
pub(crate) struct Nginx {
    place: tempfile::TempDir,
    _running: Running,
    pub(crate) port: u16,
}

const CONFIGURATION: &str = "
daemon off; master_process off; pid PLACE/pid; error_log stderr notice;
events { worker_connections 512; }
http {
    access_log off; client_body_temp_path PLACE/t1; proxy_temp_path PLACE/t2;
    fastcgi_temp_path PLACE/t3; uwsgi_temp_path PLACE/t4; scgi_temp_path PLACE/t5;
    server {
        listen 127.0.0.1:PORT LISTEN; root PLACE/www;
        TLS
        location /unranged/ { alias PLACE/www/; max_ranges 0; }
        location /slow/ { alias PLACE/www/; limit_rate 4m; }
        location /slower/ { alias PLACE/www/; limit_rate 400k; }
        location /stripped/ { proxy_pass http://127.0.0.1:PORT/; proxy_set_header Range '';
            limit_rate 2m; }
        location /moved/ { rewrite ^/moved/(.*) /$1 redirect; }
        location /named { alias PLACE/www/x;
            add_header Content-Disposition 'attachment; filename=\"../../.evil name\"'; }
        location /packed/ { alias PLACE/www/; gzip on; gzip_types *; gzip_min_length 1; }
        location /secret/ { alias PLACE/www/; auth_basic here; auth_basic_user_file PLACE/users; }
    }
}
";

impl Nginx {
    /// Serves `files`, plain. `None` where there is no nginx.
    pub(crate) fn start(files: &[(&str, &[u8])]) -> Option<Nginx> {
        Nginx::with(files, "", "")
    }

    /// With TLS and HTTP/2, by `name.pem` and `name.key` of `certificates`.
    pub(crate) fn secure(
        files: &[(&str, &[u8])],
        certificates: &Path,
        name: &str,
    ) -> Option<Nginx> {
        let at = certificates.join(name).display().to_string();
        Nginx::with(
            files,
            "ssl http2",
            &format!("ssl_certificate {at}.pem; ssl_certificate_key {at}.key;"),
        )
    }

    pub(crate) fn with(files: &[(&str, &[u8])], listen: &str, tls: &str) -> Option<Nginx> {
        let nginx = peer_or_skip("nginx")?;
        let place = tempfile::tempdir().unwrap();
        let port = unused_port();
        let text = CONFIGURATION
            .replace("PLACE", &place.path().display().to_string())
            .replace("PORT", &port.to_string())
            .replace("LISTEN", listen)
            .replace("TLS", tls);
        let path = place.path().join("nginx.conf");
        std::fs::write(&path, text).unwrap();
        std::fs::write(place.path().join("users"), "ada:{PLAIN}secret\n").unwrap();
        std::fs::create_dir(place.path().join("www")).unwrap();
        let running = Program::new(nginx)
            .arg("-c")
            .arg(&path)
            .deadline(std::time::Duration::from_secs(120))
            .start();
        // It says so once its sockets listen.
        running.expect_err("using the \"epoll\" event method");
        running.expect_err("getrlimit");
        let nginx = Nginx { place, _running: running, port };
        files.iter().for_each(|(name, bytes)| nginx.put(name, bytes));
        Some(nginx)
    }

    /// Serves this, too, in place of any other of its name.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.file(name);
        std::fs::write(&path, bytes).unwrap();
        // nginx says a date, and a tag that is made of date and length.
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let when =
            old + std::time::Duration::from_secs(u64::from(bytes.first().copied().unwrap_or(0)));
        std::fs::File::options().write(true).open(path).unwrap().set_modified(when).unwrap();
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.place.path().join("www").join(name)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}
