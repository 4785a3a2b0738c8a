//! Whatever reads as a target prints as text that reads as the same one, and a set counts right.
#![no_main]

use coax_addr::{AddressSet, Target, TargetErrorKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (mut set, mut gone) = (AddressSet::new(), AddressSet::new());
    for (line, target) in Target::lines(text) {
        match target {
            Ok(target) => {
                assert_eq!(Target::parse(&target.to_string()).as_ref(), Ok(&target));
                // Right, and slow: a million pieces.
                if matches!(target, Target::Octets(octets) if pieces(&octets) > 4096) {
                    continue;
                }
                let into = if line % 2 == 1 { &mut set } else { &mut gone };
                match (into.add(&target), &target) {
                    (Ok(()), Target::Range(_) | Target::Octets(_)) => {}
                    (Err(error), _) => assert_eq!(error.kind(), TargetErrorKind::Unresolved),
                    (Ok(()), other) => panic!("{other} was added unresolved"),
                }
            }
            Err(error) => assert!(!error.to_string().contains(char::is_control)),
        }
    }
    let before = set.len();
    set.exclude(&gone);
    assert!(set.len() <= before);
    for index in [0, 1, set.len() / 2, set.len().saturating_sub(1)] {
        if index < set.len() {
            let address = set.at(index);
            assert!(set.contains(address) && !gone.contains(address));
        }
    }
    assert!(
        set.ranges().all(|range| !gone.contains(range.first()) && !gone.contains(range.last()))
    );
});

fn pieces(octets: &coax_addr::Octets) -> u64 {
    let [first, second, third, _] =
        octets.ranges().map(|(first, last)| u64::from(last - first) + 1);
    first * second * third
}
