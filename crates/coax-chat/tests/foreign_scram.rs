//! A SCRAM client nobody here wrote signs in: Python's scramp, whose words are in `scramp.tsv`.
#![allow(clippy::unwrap_used)]

use coax_chat::credentials::{Exchange, Mechanism, Refused, ScramError, ScramVerifier, Step};
use data_encoding::HEXLOWER;

#[test]
fn scramp_signs_in_and_knows_the_server_again() {
    let lines = include_str!("scramp.tsv").lines().skip(1);
    let mut count = 0;
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let [account, password, nonce, salt, iterations, first, last, signature] = fields[..]
        else {
            panic!("{line}")
        };
        let nonce = HEXLOWER.decode(nonce.as_bytes()).unwrap().try_into().unwrap();
        let salt = HEXLOWER.decode(salt.as_bytes()).unwrap();
        let iterations = iterations.parse().unwrap();
        let verifier = |password: &str| {
            ScramVerifier::of_password(password.as_bytes(), &salt, iterations).unwrap()
        };
        let challenged = |password| {
            let mut exchange = Exchange::new(Mechanism::ScramSha256);
            let step = exchange.take(first.as_bytes());
            assert_eq!(step, Step::FindVerifier { account: account.to_owned() });
            assert!(matches!(exchange.challenge(verifier(password), &nonce), Step::Send(_)));
            exchange
        };

        let mut exchange = challenged(password);
        assert_eq!(exchange.take(last.as_bytes()), Step::Send(signature.as_bytes().to_vec()));
        let account = account.to_owned();
        assert_eq!(exchange.take(b""), Step::Welcome { account, act_as: None });

        let wrong = challenged("another").take(last.as_bytes());
        assert_eq!(wrong, Step::Refuse(Refused::Scram(ScramError::WrongPassword)));
        count += 1;
    }
    assert_eq!(count, 5);
}
