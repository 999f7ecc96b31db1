//! What makes two requests the same one (RFC 3261 section 17.2.3).
//! Must never compare what a retransmission may change.

use crate::wire::sip::{Message, Method};

/// Writes the identity of the server transaction `request` belongs to, as if its method were `method`.
/// Nothing when a field it needs can't be read.
pub(super) fn write(into: &mut Vec<u8>, request: &Message<'_>, method: Method<'_>) -> Option<()> {
    into.clear();
    let via = request.top_via().ok()?;
    // An ACK belongs to its INVITE.
    let method = if method == Method::Ack { Method::Invite } else { method };
    push(into, method.as_bytes());
    if via.has_cookie() {
        push(into, via.branch.unwrap_or_default());
        push(into, via.host.to_string().as_bytes());
        into.extend_from_slice(&via.port.unwrap_or(5060).to_be_bytes());
        return Some(());
    }
    // A peer of RFC 2543. Its ACK carries a To tag its INVITE did not, so To is left out.
    push(into, request.request_uri().ok()?.raw);
    push(into, request.from().ok()?.tag.unwrap_or_default());
    push(into, request.call_id().ok()?);
    into.extend_from_slice(&request.cseq().ok()?.number.to_be_bytes());
    push(into, via.raw);
    Some(())
}

/// Writes what a request outside a dialog shares with its copies over other ways (RFC 3261 section 8.2.2.2).
pub(super) fn write_merge(into: &mut Vec<u8>, request: &Message<'_>) -> Option<()> {
    into.clear();
    push(into, b"merged");
    push(into, request.from().ok()?.tag.unwrap_or_default());
    push(into, request.call_id().ok()?);
    let cseq = request.cseq().ok()?;
    push(into, cseq.method.as_bytes());
    into.extend_from_slice(&cseq.number.to_be_bytes());
    Some(())
}

fn push(into: &mut Vec<u8>, part: &[u8]) {
    into.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
    into.extend_from_slice(part);
}
