//! Stories a telephone engineer can read aloud: no sleep, no socket, no SIP text. Each drives the core in virtual time.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a story looks at what it is about and at nothing else, and a failing one is printed"
)]

mod support;

#[path = "scenario"]
mod scenario {
    mod acceptance;
    mod attacks;
    mod attacks_calls;
    mod attended;
    mod by_hand;
    mod crossing;
    mod deflection;
    mod direct;
    mod engaged;
    mod failover;
    mod figures;
    mod hold;
    mod hours;
    mod identities;
    mod ip_office;
    mod journal;
    mod keys_by_info;
    mod limits;
    mod loops;
    mod media_moves;
    mod menu;
    mod names;
    mod on_the_wire;
    mod overflow;
    mod phones;
    mod pickup;
    mod ring_all;
    mod traces;
    mod transfer;
    mod waiting;
}
