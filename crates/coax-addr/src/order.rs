//! A pseudo-random order of 0..n that needs no list.
//!
//! Every index below n comes up exactly once, and the k-th is computed from k alone: a scan can be
//! cut into parts, stopped and taken up again with nothing but a seed and a counter.
//!
//! It is for order, not for secrecy: who sees a few indices may guess the rest.

/// Enough for neighbours to land far apart in the smallest sets too.
const ROUNDS: usize = 6;

/// A bijection of `0..len`, the same for the same `len` and `seed`.
///
/// A Feistel network over the smallest power of two that holds every index; an index that leaves
/// the set is sent through again until it comes back (cycle walking). At least half of that power
/// of two belongs to the set, so fewer than two passes are needed on average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    len: u64,
    left_bits: u32,
    left_mask: u64,
    right_mask: u64,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The order of `0..len` that `seed` stands for; costs nothing to make.
    pub fn new(len: u64, seed: u64) -> Permutation {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        let left_bits = bits / 2;
        let right_bits = bits - left_bits;
        let mut state = seed ^ len.rotate_left(32);
        Permutation {
            len,
            left_bits,
            left_mask: (1 << left_bits) - 1,
            right_mask: (1 << right_bits) - 1,
            keys: std::array::from_fn(|_| next_key(&mut state)),
        }
    }

    /// How many indices there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The index that comes up as number `position`, in some nanoseconds.
    ///
    /// # Panics
    ///
    /// When `position` is not below [`Permutation::len`], like an index into a slice.
    pub fn at(&self, position: u64) -> u64 {
        assert!(position < self.len, "position {position} of {}", self.len);
        let mut index = self.shuffle(position);
        while index >= self.len {
            index = self.shuffle(index);
        }
        index
    }

    /// Every index, in this order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<> {
        let order = *self;
        (0..order.len).map(move |position| order.at(position))
    }

    /// One pass: each half is changed by what the other half and a key make, so it can be undone.
    fn shuffle(&self, index: u64) -> u64 {
        let mut left = index & self.left_mask;
        let mut right = index >> self.left_bits;
        for pair in self.keys.chunks_exact(2) {
            right ^= mix(left, pair[0]) & self.right_mask;
            left ^= mix(right, pair[1]) & self.left_mask;
        }
        right << self.left_bits | left
    }
}

/// Multiplies, and keeps the bits that every bit of the half took part in.
fn mix(half: u64, key: u64) -> u64 {
    (half ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

/// Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014), §5.
fn next_key(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut key = *state;
    key = (key ^ key >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    key = (key ^ key >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ key >> 31
}

#[cfg(test)]
mod tests;
