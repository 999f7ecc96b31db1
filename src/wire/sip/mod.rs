//! SIP messages (RFC 3261 section 7): indexed where they lie, read when asked, written back byte for byte.
//! Must never know of transactions, dialogs or sockets. Reading is liberal, `validate` is strict.

mod cseq;
mod error;
mod frame;
mod grammar;
mod header_name;
mod host;
mod index;
mod message;
mod method;
mod name_addr;
mod rack;
mod session_expires;
mod spot;
mod uri;
mod validate;
mod via;
mod writer;

pub use cseq::CSeq;
pub use error::{ParseError, ParseErrorKind};
pub use frame::{Frame, frame};
pub use grammar::Params;
pub use header_name::HeaderName;
pub use host::Host;
pub use message::{Message, StartLine};
pub use method::Method;
pub use name_addr::NameAddr;
pub use rack::RAck;
pub use session_expires::{Refresher, SessionExpires};
pub use spot::{blank_secrets, spot_call_id};
pub use uri::{Scheme, Uri};
pub use validate::{Refusal, validate};
pub use via::Via;
pub use writer::Writer;
