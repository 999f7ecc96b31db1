//! Stories a telephone engineer can read aloud: no sleep, no socket, no SIP text. Each is one call's evening.

mod support;

#[path = "scenario"]
mod scenario {
    mod waiting;
}
