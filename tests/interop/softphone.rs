//! What every program that is somebody's phone can be told, and is seen to do. Must never know which program it is.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// As whom, how and through whom a phone registers with the service.
pub struct Line<'a> {
    /// The extension: user part and name for the digest.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// "udp", "tcp" or "tls".
    pub transport: &'a str,
    /// The proxy in front of the service, if there is one.
    pub through: Option<Ipv4Addr>,
    /// The file of the one authority it believes.
    pub believes: &'a Path,
    /// More settings, as its program writes them.
    pub more: &'a str,
}

/// A phone.
pub trait Softphone {
    /// Calls.
    fn dials(&mut self, uri: &str);
    /// Waits until it rings.
    fn is_rung(&mut self, within: Duration);
    /// Picks up.
    fn answers(&mut self);
    /// Waits until it is in a conversation.
    fn is_connected(&mut self, within: Duration);
    /// Puts the other side on hold.
    fn holds(&mut self);
    /// Takes it back.
    fn resumes(&mut self);
    /// Sends the other side on to somebody, and leaves.
    fn transfers(&mut self, uri: &str);
    /// Hangs up.
    fn hangs_up(&mut self);
    /// Waits until its conversation is over.
    fn is_hung_up(&mut self, within: Duration);
    /// Switches it off; a recording of its longest conversation.
    fn heard(self: Box<Self>) -> PathBuf;
}
