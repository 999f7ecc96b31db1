//! Everything that touches the world: sockets, threads, clocks, disk. Moves bytes and events; must never decide.

pub mod media_threads;
pub mod stations;
pub mod store;
