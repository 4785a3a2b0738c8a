//! What happens by chance.
//!
//! Without a seed each run is another one. With the same seed and the same order of requests, two
//! runs are the same.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(super) struct Dice(Mutex<StdRng>);

impl Dice {
    pub(super) fn from_seed(seed: u64) -> Dice {
        Dice(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// True so often as `chance` says, from 0 (never) to 1 (always).
    pub(super) fn shows(&self, chance: f64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random_bool(chance)
    }
}

impl Default for Dice {
    fn default() -> Dice {
        Dice::from_seed(rand::random())
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}
