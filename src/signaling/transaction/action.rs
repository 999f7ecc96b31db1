//! What a transaction's machine asks for. The machines are pure: they hold no bytes and set no timer themselves.

use smallvec::SmallVec;
use std::time::Duration;

/// The timers of RFC 3261 section 17 and RFC 6026, by their letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransactionTimer {
    /// Retransmits an INVITE.
    A,
    /// Gives an INVITE up.
    B,
    /// Absorbs a refused INVITE's responses.
    D,
    /// Retransmits another request.
    E,
    /// Gives another request up.
    F,
    /// Retransmits an INVITE's refusal.
    G,
    /// Waits for the refusal's ACK.
    H,
    /// Absorbs that ACK's copies.
    I,
    /// Absorbs another request's copies.
    J,
    /// Absorbs another request's responses.
    K,
    /// Absorbs an accepted INVITE's copies (RFC 6026).
    L,
    /// Absorbs an accepted INVITE's 2xx (RFC 6026).
    M,
}

/// One thing to do, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Send the stored message: a client's request, a server's last response.
    Send,
    /// Send the stored message again.
    SendAgain,
    /// Send the ACK.
    SendAck,
    /// Set a timer.
    Set(TransactionTimer, Duration),
    /// Forget a timer.
    Stop(TransactionTimer),
    /// Pass what came to the transaction's user.
    Deliver,
    /// Tell the user that nothing came in time.
    TimeOut,
    /// Tell the user that the path is lost.
    Fail,
    /// Forget the transaction.
    End,
}

/// What one event asks for.
pub(super) type Actions = SmallVec<[Action; 4]>;

/// What a status code means to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx to 6xx.
    Refusal,
}

impl Class {
    pub(super) const fn of(code: u16) -> Self {
        match code {
            0..=199 => Self::Provisional,
            200..=299 => Self::Success,
            _ => Self::Refusal,
        }
    }
}
