//! Every way to get an endpoint wrong, and what a person is told.

use coax_addr::{Endpoint, EndpointErrorKind as Kind};

/// What was typed, which part is wrong, and the message after `is not an endpoint: `.
const ERRORS: [(&str, Kind, &str); 1] =
    [("localhost", Kind::MissingPort, "missing port; write localhost:PORT")];

#[test]
fn every_error_says_which_part_why_and_what_would_be_right() {
    for (typed, kind, reason) in ERRORS {
        match typed.parse::<Endpoint>() {
            Ok(endpoint) => panic!("{typed} reads as {endpoint}"),
            Err(error) => assert_eq!((error.kind(), error.reason()), (kind, reason), "{typed}"),
        }
    }
}
