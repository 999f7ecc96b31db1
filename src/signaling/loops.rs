//! Requests of ours that come back to us: our own Via below others (RFC 5393 section 4.2), or our own Call-ID where
//! somebody in between is a back-to-back user agent that keeps it. Must never take a spiral to another service for one.

use super::mark::{MarkKey, NameKind};
use crate::wire::sip::{HeaderName, Message, Via};

/// Whether an initial request is one of ours, come back: its marks say so, whatever else was rewritten.
pub(super) fn comes_back(marks: &MarkKey, request: &Message<'_>) -> bool {
    let is_ours = |kind, name: &[u8]| marks.known(kind, name).is_some();
    let mut vias = request.values(HeaderName::Via).filter_map(|value| Via::parse(value).ok());
    vias.any(|via| via.branch.is_some_and(|branch| is_ours(NameKind::Branch, branch)))
        || request.call_id().is_ok_and(|call_id| is_ours(NameKind::CallId, call_id))
}
