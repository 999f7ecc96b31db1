//! How a trunk says who calls and how it is told: the header both ways, the number shown, diversions, signed identities.

use super::wording;
use crate::base::Name;
use crate::base::finding::Findings;
use crate::base::written::Section;

/// Who calls, as one trunk says it and is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which header carries the caller's number on calls in.
    pub caller_in: CallerHeader,
    /// Which one does on calls out.
    pub caller_out: CallerHeader,
    /// The number the called party sees instead of the caller's.
    pub number: Option<Name>,
    /// Whether it is told the numbers of callers who withhold theirs.
    pub trusted: bool,
    /// How it is told who sent a call on.
    pub diversion: DiversionHeader,
    /// Whether signed identities go on to it.
    pub relay: bool,
}

/// Where the caller's number stands (`caller_in`, `caller_out`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerHeader {
    /// In From: the default.
    From,
    /// In P-Asserted-Identity (RFC 3325); From when it is absent.
    PAssertedIdentity,
    /// In P-Preferred-Identity; From when it is absent.
    PPreferredIdentity,
    /// In Remote-Party-ID; From when it is absent.
    RemotePartyId,
}

/// How a trunk is told who sent a call on (`diversion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiversionHeader {
    /// By Diversion: the default.
    Diversion,
    /// By History-Info.
    HistoryInfo,
    /// By both.
    Both,
    /// Not at all.
    Off,
}

/// Reads it from a trunk.
pub(super) fn read(section: &Section<'_>, findings: &mut Findings) -> Identity {
    let header = |key| {
        section.text(key).map(|text| match text.value {
            "p-asserted-identity" => CallerHeader::PAssertedIdentity,
            "p-preferred-identity" => CallerHeader::PPreferredIdentity,
            "remote-party-id" => CallerHeader::RemotePartyId,
            _ => CallerHeader::From,
        })
    };
    let caller_in = header("caller_in").unwrap_or(CallerHeader::From);
    Identity {
        caller_in,
        caller_out: header("caller_out").unwrap_or(caller_in),
        number: number(section, findings),
        trusted: section.flag("trusted").is_some_and(|flag| flag.value),
        diversion: match section.text("diversion").map(|text| text.value) {
            Some("history-info") => DiversionHeader::HistoryInfo,
            Some("both") => DiversionHeader::Both,
            Some("off") => DiversionHeader::Off,
            Some(_) | None => DiversionHeader::Diversion,
        },
        relay: section.text("identity").is_some_and(|text| text.value == "relay"),
    }
}

/// The number of `caller = { number = "+33…" }`: any country's, so it is written whole.
fn number(section: &Section<'_>, findings: &mut Findings) -> Option<Name> {
    if let Some(text) = section.text("caller") {
        if text.value != "keep" {
            findings.error(&text.place, wording::bad_caller(text.value));
        }
        return None;
    }
    let text = section.section("caller")?.text("number")?;
    let digits = text.value.strip_prefix('+').unwrap_or_default();
    let digits: String = digits.chars().filter(|letter| !matches!(letter, ' ' | '.' | '-')).collect();
    // ITU-T E.164 section 6: at most 15 digits.
    if !(5..=15).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        findings.error(&text.place, wording::bad_caller_number(text.value));
        return None;
    }
    Some(format!("+{digits}").as_str().into())
}
