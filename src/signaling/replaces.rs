//! Replaces (RFC 3891): which dialog of ours a request names. Must never decide who may have it replaced.

use super::event::LegKey;
use super::mark::NameKind;
use super::stack::Stack;
use crate::wire::sip::{HeaderName, Message, Params, Uri};

/// The option tag (RFC 3891 section 6.2).
pub(super) const OPTION: &str = "replaces";
/// The tag of an end that gave none (RFC 3891 section 6.1).
const NO_TAG: &[u8] = b"0";

/// A dialog, named by whoever knows its identity: our tag can't be guessed, so who names it has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    call_id: Box<[u8]>,
    /// Our tag: the one who is to replace the dialog sends this to us.
    to_tag: Box<[u8]>,
    /// The far end's tag.
    from_tag: Box<[u8]>,
    /// Only where nobody has answered yet.
    early_only: bool,
}

/// What a Replaces names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// No dialog of ours, or none that can be replaced: 481.
    Nothing,
    /// One that is ending: 603 (RFC 3891 section 3).
    Over(LegKey),
    /// One that has been answered, though only an unanswered one was meant: 486.
    Answered(LegKey),
    /// One whose INVITE, of theirs, waits for an answer: only they may have it replaced.
    Theirs(LegKey),
    /// One whose INVITE, of ours, waits for an answer.
    Ours(LegKey),
    /// One in conversation.
    Confirmed(LegKey),
}

/// How far a leg is, as far as replacing it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Over,
    Theirs,
    Ours,
    Confirmed,
}

impl Replaces {
    /// Reads a value: `call-id;to-tag=…;from-tag=…`, and perhaps `;early-only` (RFC 3891 section 6.1).
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let end = value.iter().position(|byte| *byte == b';')?;
        let (call_id, params) = (value[..end].trim_ascii(), Params::new(&value[end + 1..]));
        let tag = |name: &[u8]| params.get(name).filter(|tag| !tag.is_empty()).map(Into::into);
        (!call_id.is_empty()).then_some(())?;
        Some(Self {
            call_id: call_id.into(),
            to_tag: tag(b"to-tag")?,
            from_tag: tag(b"from-tag")?,
            early_only: params.get(b"early-only").is_some(),
        })
    }

    /// What a request says: one header at most, and one that can be read; else it is to be refused with 400 (RFC 3891
    /// section 3).
    pub(super) fn read(request: &Message<'_>) -> Option<Result<Self, Unreadable>> {
        let mut values = request.headers(HeaderName::Replaces);
        let value = values.next()?;
        Some(match (Self::parse(value), values.next()) {
            (Some(replaces), None) => Ok(replaces),
            (Some(_) | None, _) => Err(Unreadable),
        })
    }

    /// What a URI asks to have put into a request to it; nothing when it asks for anything but this.
    pub(super) fn asked(uri: &Uri<'_>) -> Option<Self> {
        let mut found = None;
        for (name, value) in uri.asked_headers() {
            if name.eq_ignore_ascii_case(b"Replaces") && found.is_none() {
                found = Some(Self::parse(&value)?);
            } else if !(name.eq_ignore_ascii_case(b"Require")
                && value.eq_ignore_ascii_case(OPTION.as_bytes()))
            {
                return None;
            }
        }
        found
    }

    /// Whether the far end's tag is this one. One that has yet to answer has told us none.
    pub(super) fn is_from(&self, tag: Option<&[u8]>) -> bool {
        tag.unwrap_or(NO_TAG) == &*self.from_tag
    }

    /// Whether the dialog's Call-ID is this one.
    pub(super) fn is_call(&self, call_id: &[u8]) -> bool {
        *self.call_id == *call_id
    }
}

/// A Replaces that makes no sense, or more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

impl Stack {
    /// What a Replaces names.
    #[must_use]
    pub fn named(&self, replaces: &Replaces) -> Named {
        let key = self
            .layer
            .marks
            .known(NameKind::Tag, &replaces.to_tag)
            .and_then(|number| self.tags.get(&number))
            .copied();
        let Some((key, leg)) = key.and_then(|key| Some((key, self.legs.get(&key)?))) else {
            return Named::Nothing;
        };
        match leg.standing(replaces) {
            None => Named::Nothing,
            Some(Standing::Over) => Named::Over(key),
            Some(Standing::Confirmed) if replaces.early_only => Named::Answered(key),
            Some(Standing::Confirmed) => Named::Confirmed(key),
            Some(Standing::Theirs) => Named::Theirs(key),
            Some(Standing::Ours) => Named::Ours(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_whatever_the_order_of_its_parameters() {
        let read = |text: &str| Replaces::parse(text.as_bytes());
        let replaces = read("98732@sip.example.com ;from-tag=r33th4x0r;to-tag=ff87ff").expect("RFC 3891");
        assert!(replaces.is_call(b"98732@sip.example.com") && replaces.is_from(Some(b"r33th4x0r")));
        assert_eq!((&*replaces.to_tag, replaces.early_only), (&b"ff87ff"[..], false));
        assert!(
            read("1;to-tag=2;from-tag=0;early-only").is_some_and(|one| one.early_only && one.is_from(None))
        );
        for broken in ["1", "1;to-tag=2", "1;from-tag=2", ";to-tag=2;from-tag=3", "1;to-tag=;from-tag=3"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_uri_may_ask_for_it_and_for_its_support_and_for_nothing_else() {
        let asked = |text: &str| Uri::parse(text.as_bytes()).ok().as_ref().and_then(Replaces::asked);
        let plain = "sip:202@x?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2";
        let replaces = asked(plain).expect("asked for");
        assert!(replaces.is_call(b"a@b") && replaces.is_from(Some(b"2")));
        assert_eq!(asked(&format!("{plain}&Require=replaces")), Some(replaces));
        for other in ["", "&Subject=x", "&Require=100rel", "&Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2"] {
            let uri = if other.is_empty() { "sip:202@x".into() } else { format!("{plain}{other}") };
            assert_eq!(asked(&uri), None, "{uri}");
        }
    }
}
