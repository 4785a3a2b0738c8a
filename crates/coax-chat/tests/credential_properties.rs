//! What must hold for every message a stranger signs in with.
#![allow(clippy::unwrap_used)]

use coax_chat::credentials::{DecoySecret, Exchange, Mechanism, Plain, ScramVerifier, Step};
use proptest::prelude::*;

/// Messages with the shape of SCRAM, broken in all places.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("n"),
        Just("y"),
        Just("p="),
        Just(","),
        Just("="),
        Just("n="),
        Just("r="),
        Just("a="),
        Just("c=biws"),
        Just("=2C"),
        Just("=3D"),
        Just(",p="),
        Just("x"),
        Just("é"),
        Just("\0"),
        Just("AAAA"),
    ];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(piece, 0..12).prop_map(|it| it.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn no_message_lets_a_stranger_in(
        which in 0..Mechanism::ALL.len(),
        messages in prop::collection::vec(message(), 1..6),
    ) {
        let mut exchange = Exchange::new(Mechanism::ALL[which]);
        let secret = DecoySecret::new([3; 32]);
        for message in messages {
            let mut step = exchange.take(&message);
            if let Step::FindVerifier { account } = &step {
                let decoy =
                    ScramVerifier::decoy(account.as_bytes(), ScramVerifier::ITERATIONS, &secret);
                step = exchange.challenge(decoy, &[5; 18]);
            }
            let let_in = matches!(step, Step::Welcome { .. });
            prop_assert!(!let_in);
            if !matches!(step, Step::Send(_)) {
                break;
            }
        }
    }

    #[test]
    fn what_a_client_says_with_plain_is_understood(
        act_as in "[^\0]{0,9}",
        account in "[^\0]{1,9}",
        password in prop::collection::vec(1u8..=255, 1..20),
    ) {
        let message = [act_as.as_bytes(), b"\0", account.as_bytes(), b"\0", &password].concat();
        let plain = Plain::read(&message).unwrap();
        prop_assert_eq!(plain.account, account);
        prop_assert_eq!(plain.act_as.unwrap_or_default(), act_as);
        prop_assert_eq!(plain.password, password);
    }
}
