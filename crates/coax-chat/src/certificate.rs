//! The server's certificate: one's own, or one that the server makes for itself and keeps.
//!
//! A made one is signed by nobody, for `localhost` and the server's name. It stays the same, so that a
//! client that has taken it once knows it again. The key is readable by its owner alone.
//!
//! Nothing here speaks TLS.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};

/// A certificate and the key to it, PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The chain, the server's own first.
    pub chain: Vec<u8>,
    /// The key.
    pub key: Vec<u8>,
}

impl Certificate {
    /// From the files of whoever runs the server.
    pub fn read(chain: &Path, key: &Path) -> io::Result<Certificate> {
        Ok(Certificate { chain: fs::read(chain)?, key: fs::read(key)? })
    }

    /// The one kept in `folder`, or a new one for `name`, which is kept there from now on.
    pub fn kept(folder: &Path, name: &str) -> io::Result<Certificate> {
        let (chain, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        match Certificate::read(&chain, &key) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
        let made = Certificate::made(name)?;
        write(&key, &made.key, 0o600)?;
        write(&chain, &made.chain, 0o644)?;
        Ok(made)
    }

    /// A new one that nobody keeps.
    pub fn made(name: &str) -> io::Result<Certificate> {
        let made = || -> Result<Certificate, rcgen::Error> {
            let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
            if name != "localhost" {
                names.push(name.to_owned());
            }
            let mut params = CertificateParams::new(names)?;
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            // It says who the server is, not until when: the key is what a client remembers.
            (params.not_before, params.not_after) =
                (date_time_ymd(2020, 1, 1), date_time_ymd(2100, 1, 1));
            let key = KeyPair::generate()?;
            let chain = params.self_signed(&key)?.pem().into_bytes();
            Ok(Certificate { chain, key: key.serialize_pem().into_bytes() })
        };
        made().map_err(io::Error::other)
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
