//! Arguments to a command. Knows nothing of calls.
#![forbid(unsafe_code)]

fn main() {}
