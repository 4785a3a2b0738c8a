//! Certificates as a client meets them: good, expired, and somebody else's.
//!
//! They are made by openssl, each time anew, by an authority that nobody knows.
//!
//! Nothing here knows who shows them.

use crate::peers::peer_or_skip;
use crate::program::Program;

const MAKE: &str = "
set -e
name=subjectAltName=DNS:localhost,IP:127.0.0.1
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$1 -keyout $1.key \"${@:2}\"; }
new ca -x509 -days 9 -out ca.pem
new good -addext $name -out good.csr
openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -days 9 -copy_extensions copy -out good.pem
new old -addext $name -out old.csr
openssl x509 -req -in old.csr -CA ca.pem -CAkey ca.key -not_before 20200101000000Z -not_after 20200102000000Z -copy_extensions copy -out old.pem ||
openssl x509 -req -in old.csr -CA ca.pem -CAkey ca.key -days -1 -copy_extensions copy -out old.pem
new other -addext subjectAltName=DNS:other.test -out other.csr
openssl x509 -req -in other.csr -CA ca.pem -CAkey ca.key -days 9 -copy_extensions copy -out other.pem
new self -x509 -days 9 -addext $name -out self.pem
new past -addext $name -addext basicConstraints=critical,CA:TRUE -out past.csr
openssl x509 -req -in past.csr -signkey past.key -days -1 -copy_extensions copy -out past.pem
";

/// A folder with an authority, `ca.pem`, and of it a certificate for localhost and 127.0.0.1,
/// `good.pem`, one that has expired, `old.pem`, and one for somebody else, `other.pem`. `self.pem` is
/// signed by itself, as openssl does by default, and so is `past.pem`, which has expired. Their keys
/// end with `.key`. `None` where there is no openssl.
#[track_caller]
pub fn certificates() -> Option<tempfile::TempDir> {
    peer_or_skip("openssl")?;
    let place = tempfile::tempdir().unwrap();
    Program::shell(MAKE, ["certificates"]).dir(place.path()).run().exits(0);
    Some(place)
}
