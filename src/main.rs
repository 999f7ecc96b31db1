//! Arguments to a command. Knows nothing of calls.

fn main() {}
