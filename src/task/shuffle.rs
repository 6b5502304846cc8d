/// A pseudo-random order of the numbers below `count`, drawn anew for each pass, in no memory.
///
/// A Feistel network permutes the smallest power of two that is at least `count`; results that are
/// out of range are permuted again until they are in (cycle walking), which keeps it a permutation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shuffle {
    count: u64,
    /// Bits of the two halves, which trade places every round; they differ by at most one.
    left_bits: u32,
    right_bits: u32,
    seed: u64,
}

/// Even, so that the halves end up where they began.
const ROUNDS: u32 = 4;

impl Shuffle {
    /// An order of the numbers `0 .. count`, at least one.
    pub(crate) fn new(count: u64, seed: u64) -> Self {
        let bits = (u64::BITS - (count - 1).leading_zeros()).max(2);
        Self {
            count,
            left_bits: bits / 2,
            right_bits: bits - bits / 2,
            seed,
        }
    }

    /// Items `first ..` of the endless concatenation of passes, as many as `items` has places.
    pub(crate) fn fill(&self, first: u64, items: &mut [u64]) {
        let (mut pass, mut index) = (first / self.count, first % self.count);
        let mut key = self.key(pass);
        for item in items {
            let mut at = self.permute(index, key);
            while at >= self.count {
                at = self.permute(at, key);
            }
            *item = at;
            index += 1;
            if index == self.count {
                (pass, index) = (pass + 1, 0);
                key = self.key(pass);
            }
        }
    }

    fn key(&self, pass: u64) -> u64 {
        mix(self.seed ^ mix(pass))
    }

    #[inline]
    fn permute(&self, index: u64, key: u64) -> u64 {
        let (mut left_bits, mut right_bits) = (self.left_bits, self.right_bits);
        let (mut left, mut right) = (index >> right_bits, index & ((1 << right_bits) - 1));
        for round in 0..ROUNDS {
            let hash = (right ^ key.rotate_left(16 * round)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = left ^ (hash >> (u64::BITS - left_bits));
            (left, right) = (right, mixed);
            (left_bits, right_bits) = (right_bits, left_bits);
        }
        left << right_bits | right
    }
}

/// The finaliser of SplitMix64: a bijection whose every output bit depends on every input bit.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pass_is_a_permutation_of_its_own() {
        for count in [1, 2, 3, 7, 64, 1000, 4097] {
            let shuffle = Shuffle::new(count, 5);
            let pass = |pass: u64| {
                let mut items = vec![0; count as usize];
                shuffle.fill(pass * count, &mut items);
                items
            };
            for order in [pass(0), pass(1)] {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert!(sorted.into_iter().eq(0..count));
            }
            assert!(
                count < 64 || (pass(0) != pass(1) && pass(0) != (0..count).collect::<Vec<_>>())
            );
        }
    }

    #[test]
    fn a_short_run_is_spread_over_the_range() {
        let shuffle = Shuffle::new(1 << 18, 1);
        let mut buckets = [0; 16];
        let mut items = vec![0; 16_000];
        shuffle.fill(7, &mut items);
        for at in items {
            buckets[(at >> 14) as usize] += 1;
        }
        assert!(
            buckets.iter().all(|count| (850..1150).contains(count)),
            "{buckets:?}"
        );
    }
}
