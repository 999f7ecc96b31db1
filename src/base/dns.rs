//! Questions to the DNS and what it says, as data: nothing here asks anything.

use std::net::IpAddr;
use std::time::Duration;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Which services a domain has (RFC 3403).
    Naptr(Box<str>),
    /// Where a service is (RFC 2782).
    Srv(Box<str>),
    /// Which addresses a host has, of either family.
    Addresses(Box<str>),
}

/// What the DNS says. No record is an answer too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The records asked for.
    pub records: Records,
    /// How long they hold.
    pub ttl: Duration,
}

/// Records of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// To [`Question::Naptr`].
    Naptr(Vec<Naptr>),
    /// To [`Question::Srv`].
    Srv(Vec<Srv>),
    /// To [`Question::Addresses`].
    Addresses(Vec<IpAddr>),
}

/// A service of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Lower first.
    pub order: u16,
    /// Lower first among equals.
    pub preference: u16,
    /// What follows: `s` an SRV.
    pub flags: Box<str>,
    /// `SIP+D2U`, `SIP+D2T`.
    pub service: Box<str>,
    /// The name to go on with.
    pub replacement: Box<str>,
}

/// A host that gives a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lower first.
    pub priority: u16,
    /// Its share among equals.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; `.` for none.
    pub target: Box<str>,
}

/// The DNS could not be asked, or did not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silent;
