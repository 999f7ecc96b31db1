//! SIP methods. Case matters (RFC 3261 section 7.1), and an unknown one is still a method.

use std::fmt;

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// A method.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Method<'a> {
            $($(#[$doc])* $variant,)*
            /// One we do not know, as written.
            Other(&'a [u8]),
        }

        impl<'a> Method<'a> {
            /// Reads a method's name; case matters.
            #[must_use]
            pub fn parse(bytes: &'a [u8]) -> Self {
                $(if bytes == $text.as_bytes() { return Self::$variant; })*
                Self::Other(bytes)
            }

            /// The name as it goes on the wire.
            #[must_use]
            pub const fn as_bytes(self) -> &'a [u8] {
                match self {
                    $(Self::$variant => $text.as_bytes(),)*
                    Self::Other(bytes) => bytes,
                }
            }

            /// The method without its borrow; nothing when it is one we do not know.
            #[must_use]
            pub const fn known(self) -> Option<Method<'static>> {
                match self {
                    $(Self::$variant => Some(Method::$variant),)*
                    Self::Other(_) => None,
                }
            }
        }
    };
}

methods! {
    /// Begins or changes a session.
    Invite = "INVITE",
    /// Confirms a final answer to INVITE.
    Ack = "ACK",
    /// Ends a session.
    Bye = "BYE",
    /// Gives up a pending INVITE.
    Cancel = "CANCEL",
    /// Asks what the other side can do; a ping.
    Options = "OPTIONS",
    /// Binds a phone to its address of record.
    Register = "REGISTER",
    /// Confirms a provisional answer (RFC 3262).
    Prack = "PRACK",
    /// Changes a session before its answer (RFC 3311).
    Update = "UPDATE",
    /// Carries application data within a dialog (RFC 6086).
    Info = "INFO",
    /// Asks for events (RFC 6665).
    Subscribe = "SUBSCRIBE",
    /// Tells of events (RFC 6665).
    Notify = "NOTIFY",
    /// Asks for a transfer (RFC 3515).
    Refer = "REFER",
    /// Carries an instant message (RFC 3428).
    Message = "MESSAGE",
    /// Publishes event state (RFC 3903).
    Publish = "PUBLISH",
}

impl<'a> Method<'a> {
    /// The name as text; `?` for an unknown one that is not UTF-8.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("?")
    }
}

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_matters_and_unknown_ones_are_kept() {
        assert_eq!(Method::parse(b"INVITE"), Method::Invite);
        assert_eq!(Method::parse(b"invite"), Method::Other(b"invite"));
        assert_eq!(Method::parse(b"RE%47IST%45R").as_bytes(), b"RE%47IST%45R");
        assert_eq!(Method::Bye.known(), Some(Method::Bye));
        assert_eq!(Method::Other(b"X").known(), None);
    }
}
