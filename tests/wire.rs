//! The wire floor from outside: torture messages, round trips, a witness, growth.

#[path = "wire/growth.rs"]
mod growth;
#[path = "wire/hep.rs"]
mod hep;
#[path = "wire/mutation.rs"]
mod mutation;
#[path = "wire/round_trip.rs"]
mod round_trip;
#[path = "torture/mod.rs"]
mod torture;
#[path = "wire/witness.rs"]
mod witness;
