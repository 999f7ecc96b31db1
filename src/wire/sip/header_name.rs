//! Header field names, long and compact (RFC 3261 section 7.3.3). Case never matters.

macro_rules! header_names {
    ($($variant:ident = $text:literal $(or $compact:literal)?,)*) => {
        /// A header field name Spillway or its peers may ask for; every other one is `Other`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum HeaderName {
            $(#[doc = concat!("The field `", $text, "`.")] $variant,)*
            /// A field without a name of ours.
            Other,
        }

        /// Names with a variant, `Other` included.
        pub(super) const HEADER_NAMES: usize = HeaderName::Other as usize + 1;

        /// Every spelling, long ones first.
        const SPELLINGS: &[(&str, HeaderName)] = &[
            $(($text, HeaderName::$variant),)*
            $($(($compact, HeaderName::$variant),)?)*
        ];

        impl HeaderName {
            /// The long name as we write it; empty for `Other`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other => "",
                }
            }
        }
    };
}

header_names! {
    Accept = "Accept",
    AcceptContact = "Accept-Contact" or "a",
    AcceptEncoding = "Accept-Encoding",
    AcceptLanguage = "Accept-Language",
    AlertInfo = "Alert-Info",
    Allow = "Allow",
    AllowEvents = "Allow-Events" or "u",
    AuthenticationInfo = "Authentication-Info",
    Authorization = "Authorization",
    CSeq = "CSeq",
    CallId = "Call-ID" or "i",
    CallInfo = "Call-Info",
    Contact = "Contact" or "m",
    ContentDisposition = "Content-Disposition",
    ContentEncoding = "Content-Encoding" or "e",
    ContentLanguage = "Content-Language",
    ContentLength = "Content-Length" or "l",
    ContentType = "Content-Type" or "c",
    Date = "Date",
    Diversion = "Diversion",
    ErrorInfo = "Error-Info",
    Event = "Event" or "o",
    Expires = "Expires",
    From = "From" or "f",
    HistoryInfo = "History-Info",
    Identity = "Identity" or "y",
    InReplyTo = "In-Reply-To",
    Join = "Join",
    MaxForwards = "Max-Forwards",
    MimeVersion = "MIME-Version",
    MinExpires = "Min-Expires",
    MinSe = "Min-SE",
    Organization = "Organization",
    PAssertedIdentity = "P-Asserted-Identity",
    PEarlyMedia = "P-Early-Media",
    PPreferredIdentity = "P-Preferred-Identity",
    Path = "Path",
    Priority = "Priority",
    Privacy = "Privacy",
    ProxyAuthenticate = "Proxy-Authenticate",
    ProxyAuthorization = "Proxy-Authorization",
    ProxyRequire = "Proxy-Require",
    RAck = "RAck",
    RSeq = "RSeq",
    Reason = "Reason",
    RecordRoute = "Record-Route",
    ReferSub = "Refer-Sub",
    ReferTo = "Refer-To" or "r",
    ReferredBy = "Referred-By" or "b",
    RejectContact = "Reject-Contact" or "j",
    RemotePartyId = "Remote-Party-ID",
    Replaces = "Replaces",
    ReplyTo = "Reply-To",
    RequestDisposition = "Request-Disposition" or "d",
    Require = "Require",
    RetryAfter = "Retry-After",
    Route = "Route",
    Server = "Server",
    ServiceRoute = "Service-Route",
    SessionExpires = "Session-Expires" or "x",
    SipEtag = "SIP-ETag",
    SipIfMatch = "SIP-If-Match",
    Subject = "Subject" or "s",
    SubscriptionState = "Subscription-State",
    Supported = "Supported" or "k",
    Timestamp = "Timestamp",
    To = "To" or "t",
    Unsupported = "Unsupported",
    UserAgent = "User-Agent",
    UserToUser = "User-to-User",
    Via = "Via" or "v",
    Warning = "Warning",
    WwwAuthenticate = "WWW-Authenticate",
}

/// Slots of the lookup table: four times the spellings, so most are found at the first look.
const SLOTS: usize = 512;
/// A slot nothing hashed to.
const VACANT: u8 = u8::MAX;
/// Spellings by hash, built at compile time.
static TABLE: [u8; SLOTS] = table();

/// Length, first, middle and last letter tell our names apart well enough.
const fn hash(name: &[u8]) -> usize {
    let first = (name[0] | 0x20) as usize;
    let middle = (name[name.len() / 2] | 0x20) as usize;
    let last = (name[name.len() - 1] | 0x20) as usize;
    (name.len() * 31 + first * 7 + middle * 57 + last * 131) % SLOTS
}

const fn table() -> [u8; SLOTS] {
    let mut slots = [VACANT; SLOTS];
    let mut spelling = 0;
    while spelling < SPELLINGS.len() {
        let mut slot = hash(SPELLINGS[spelling].0.as_bytes());
        while slots[slot] != VACANT {
            slot = (slot + 1) % SLOTS;
        }
        slots[slot] = spelling as u8;
        spelling += 1;
    }
    slots
}

impl HeaderName {
    /// Reads a name, long or compact, in any case.
    #[must_use]
    pub fn parse(name: &[u8]) -> Self {
        if name.is_empty() {
            return Self::Other;
        }
        let mut slot = hash(name);
        while TABLE[slot] != VACANT {
            let (spelling, found) = SPELLINGS[usize::from(TABLE[slot])];
            let spelling = spelling.as_bytes();
            if spelling == name || spelling.eq_ignore_ascii_case(name) {
                return found;
            }
            slot = (slot + 1) % SLOTS;
        }
        Self::Other
    }
}

impl AsRef<str> for HeaderName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found_in_any_case() {
        for (spelling, name) in SPELLINGS {
            assert_eq!(HeaderName::parse(spelling.as_bytes()), *name, "{spelling}");
            assert_eq!(HeaderName::parse(spelling.to_ascii_uppercase().as_bytes()), *name, "{spelling}");
            assert_eq!(HeaderName::parse(spelling.to_ascii_lowercase().as_bytes()), *name, "{spelling}");
        }
        assert!(SPELLINGS.len() < usize::from(VACANT));
    }

    #[test]
    fn others_are_others() {
        for name in ["", "Z", "XX", "C%6Fntact", "Contact ", "Content-Lengthy", "NewFangledHeader"] {
            assert_eq!(HeaderName::parse(name.as_bytes()), HeaderName::Other, "{name}");
        }
    }
}
