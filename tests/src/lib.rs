//! What the tests that cross crates share: weights made from names, and stored results.

// Burn's deeply nested types need more than the default of 128.
#![recursion_limit = "256"]

pub mod weights;
