//! The wire floor from outside: torture messages, round trips, witnesses, growth.

#[path = "wire/differences.rs"]
mod differences;
#[path = "wire/extra_cases.rs"]
mod extra_cases;
#[path = "wire/growth.rs"]
mod growth;
#[path = "wire/hep.rs"]
mod hep;
#[path = "wire/known_faults.rs"]
mod known_faults;
#[path = "wire/mutation.rs"]
mod mutation;
#[path = "wire/round_trip.rs"]
mod round_trip;
#[path = "torture/mod.rs"]
mod torture;
#[path = "wire/witness.rs"]
mod witness;
#[path = "wire/witnesses.rs"]
mod witnesses;
