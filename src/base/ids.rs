//! Identities. Small copyable numbers; what they stand for is in the plan, the engine or the journal.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The id as an index into the table that defines it.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(/// One call, from the initial INVITE to its record. Rises for ever, across restarts.
    CallId(u64), "call-");
id!(/// A trunk of spillway.toml, in written order.
    TrunkId(u16), "trunk-");
id!(/// An agent: a (via, extension) pair. Stable across reloads.
    AgentId(u32), "agent-");
id!(/// A phone that may register, in the order of the users' file.
    PhoneId(u32), "phone-");
id!(/// A queue. Stable across reloads.
    QueueId(u32), "queue-");
id!(/// A flow of one plan.
    FlowId(u32), "flow-");
id!(/// A menu of one plan.
    MenuId(u32), "menu-");
id!(/// A target of one plan.
    TargetId(u32), "target-");
id!(/// A closing message of one plan.
    MessageId(u32), "message-");
id!(/// Opening hours of one plan.
    HoursId(u32), "hours-");
id!(/// A prompt of one plan.
    PromptId(u32), "prompt-");
id!(/// Hold music of one plan.
    MusicId(u32), "music-");
id!(/// An SLA of one plan.
    SlaId(u32), "sla-");
id!(/// A site of one plan.
    SiteId(u32), "site-");
id!(/// A position in the journal; what is stored up to here survives a crash.
    JournalSeq(u64), "seq-");
id!(/// A loaded sound (prompt or music, one codec), shared by all who play it.
    SoundId(u32), "sound-");

/// One leg of a call. The caller's is number 0; agents' and targets' legs count up in the order they are dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegId {
    /// The call it belongs to.
    pub call: CallId,
    /// Its number within the call.
    pub number: u16,
}

impl LegId {
    /// The caller's leg of `call`.
    #[must_use]
    pub const fn caller(call: CallId) -> Self {
        Self { call, number: 0 }
    }

    /// Whether this is the caller's leg.
    #[must_use]
    pub const fn is_caller(self) -> bool {
        self.number == 0
    }
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.call, self.number)
    }
}
