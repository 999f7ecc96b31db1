//! Chance as an argument: a seeded CSPRNG. Seeded by the OS in `server.rs`, by a printed seed in tests.

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// The only source of chance in the pure library. Fit for tags, branches and nonces.
#[derive(Debug)]
pub struct Random(ChaCha12Rng);

impl Random {
    /// From 32 bytes of the operating system's entropy.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    /// From a test's printed seed.
    #[must_use]
    pub fn from_number(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    /// An independent source, for a part that draws at its own pace.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        Self::from_seed(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias is under 2⁻³² for bounds under 2³².
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.number()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// True once in `n` times on average.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
