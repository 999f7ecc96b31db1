//! Random calls, seed by seed, with every invariant checked after every event.

mod support;
