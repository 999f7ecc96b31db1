//! Every limit has a name. What a machine's owner may change is in spillway.toml; what nobody should is here.

use std::time::Duration;

/// A SIP message, start line, headers and body together, bytes. RFC 3261 section 18.1.1: UDP carries no more.
pub const SIP_MESSAGE_BYTES: usize = 65_535;
/// A request we send over UDP, bytes, where its trunk takes larger ones over TCP (RFC 3261 section 18.1.1: the path's MTU
/// is unknown).
pub const UDP_REQUEST_BYTES: usize = 1_300;
/// A request we send, bytes: what an IPv4 datagram carries beside its own headers (65,535 less 28), whatever it goes
/// over. One that would be longer is not sent, and its leg hears a 513.
pub const SIP_REQUEST_BYTES: usize = 65_507;
/// Header fields in one SIP message; a request with more is answered 513.
pub const SIP_HEADERS: usize = 128;
/// Calls of one trunk that have come and are not begun while the engine is behind. One more is answered 503 unread, until half of them
/// are begun: a quarter of a second of work, so that what is let in is served before its caller asks again.
pub const LOBBY: usize = 1_000;
/// Their bytes, together: more than that many INVITEs of a usual size.
pub const LOBBY_BYTES: usize = 4 * 1_024 * 1_024;
/// What waited longer to be begun is answered 503: its caller sends the INVITE again after 500 ms (RFC 3261 section
/// 17.1.1.2), and a copy must not find its first turned away.
pub const LOBBY_WAIT: Duration = Duration::from_millis(250);
/// `Retry-After` of calls that overload turns away, s: the shortest there is, since some peers send nothing at all
/// meanwhile (RFC 3261 section 21.5.4).
pub const OVERLOAD_RETRY_S: u32 = 1;
/// Overload is over when nothing was turned away for this long.
pub const OVERLOAD_CALM: Duration = Duration::from_secs(10);
/// Calls at once, whatever the trunks allow.
pub const CALLS: usize = 20_000;
/// Legs one call may open in its life: a hundred busy phones that all ring at once, for half an hour. More is a fault of
/// ours, for the number of a leg must never come twice.
pub const LEGS_PER_CALL: u16 = 40_000;
/// Destinations one call may pass through without anything being played or rung: a loop `check` missed.
pub const STEPS_PER_EVENT: usize = 64;
/// Requests of a stranger that are looked at, per source and second: a phone that registers and calls asks a few times. A
/// source is an IPv4 address or an IPv6 /64.
pub const ASKED_PER_SECOND: u32 = 20;
/// Of these, how many may come at once.
pub const ASKED_AT_ONCE: u32 = 100;
/// How much more a source may ask where a phone is registered: its neighbours are phones too.
pub const VOUCHED_FACTOR: u32 = 10;
/// Sources told apart; those there is no room for share what one may ask.
pub const SOURCES: usize = 10_000;
/// Sources banned at once; who would be one more is only limited.
pub const BANS: usize = 10_000;
/// Bans that `spillway status` names; it counts the others.
pub const BANS_SHOWN: usize = 20;
/// Stateless refusals of unknown sources, per source address and second.
pub const REFUSALS_PER_SOURCE: u32 = 5;
/// Stateless refusals of unknown sources, all sources together, per second.
pub const REFUSALS: u32 = 100;
/// STUN binding requests answered per source address and second: a thousand phones behind one NAT, each every 25 s
/// (RFC 5626 section 4.4.2), and some more. Those above are counted as no SIP.
pub const BINDINGS_PER_SOURCE: u32 = 50;
/// STUN binding requests answered, all sources together, per second.
pub const BINDINGS: u32 = 2_000;
/// Challenges to sources that have proved nothing, per source address (an IPv6 /64) and second: phones of an office behind
/// one address register again together after an outage. Wrong answers to challenges that were read there are counted apart,
/// by the same number.
pub const CHALLENGES_PER_SOURCE: u32 = 20;
/// Challenges to sources that have proved nothing, all sources together, per second.
pub const CHALLENGES: u32 = 500;
/// Nonces whose use is counted. Above it the oldest count as too old.
pub const NONCES: usize = 10_000;
/// Contacts one phone may have registered; one more takes the place of the one refreshed longest ago.
pub const CONTACTS: usize = 5;
/// Extensions one phone may watch.
pub const LAMPS_PER_PHONE: usize = 100;
/// How long a subscription lasts without a refresh, s (RFC 4235 section 3.4), and the shortest one taken.
pub const LAMP_EXPIRES_S: u32 = 3_600;
/// See [`LAMP_EXPIRES_S`].
pub const LAMP_MIN_EXPIRES_S: u32 = 60;
/// How often a phone behind an address translation is asked whether it is there: translations over UDP are forgotten
/// after 30 s at the earliest (RFC 4787 section 4.3 wants two minutes; RFC 5626 section 4.4.2 asks every 24 to 29 s).
pub const PHONE_KEEP_ALIVE: Duration = Duration::from_secs(27);
/// Keys of one call that are written down.
pub const DIGITS: u32 = 64;
/// Keys of one call that are heard. Who presses more has left the choice to the menu's `else`.
pub const KEYS: u32 = 1_000;
/// Holds of one call that are written down; what further ones last counts as talk.
pub const HOLDS: u32 = 200;
/// The longest the 200 to a BYE waits for the journal (design.md, Recovery).
pub const STORED_WAIT: Duration = Duration::from_millis(200);
/// A released RTP port is not lent again for this long (invariants.md, 18).
pub const PORT_COOLING: Duration = Duration::from_secs(5);
/// Connections at once, so that files stay for RTP. A full house closes a stranger's for a trunk's, and takes no
/// other stranger's.
pub const STREAMS: usize = 1_000;
/// Connections at once from one source address, whoever it is.
pub const STREAMS_PER_SOURCE: usize = 100;
/// TLS handshakes a source may begin per second, whoever it is: each costs the engine a signature. A source is as for
/// [`ASKED_PER_SECOND`].
pub const HANDSHAKES_PER_SECOND: u32 = 10;
/// Of these, how many may come at once: phones of an office come back together after an outage.
pub const HANDSHAKES_AT_ONCE: u32 = 100;
/// Certificates and keys are small files: a longer one is another, bytes.
pub const CERTIFICATE_FILE_BYTES: u64 = 1024 * 1024;
/// A half-sent message on a stream, a new connection without a message, and whatever a stranger opened, is closed after
/// this.
pub const STREAM_IDLE: Duration = Duration::from_secs(30);
/// The HTTP request that begins a WebSocket, bytes: several times what a browser sends, cookies included.
pub const WEBSOCKET_HANDSHAKE_BYTES: usize = 8_192;
/// Audio in one prompt or music file. Decoded A-law and µ-law: 16 kB a second.
pub const SOUND_SECONDS: u32 = 600;
/// Journal entries held in memory while the disk is slow or refuses: some 40 MB, minutes of a full load. One more is
/// counted as lost and an alarm raised.
pub const STORE_ENTRIES: u64 = 200_000;
/// Records held in memory while the disk is slow or refuses.
pub const STORE_RECORDS: u64 = 50_000;
/// Journal entries gathered for one transaction: at this many the store's thread gathers no longer.
pub const STORE_COMMIT_ENTRIES: usize = 10_000;
/// One request on the control socket, bytes.
pub const CONTROL_REQUEST_BYTES: u64 = 65_536;
/// Who may be at the control socket at a time, those who follow a call included.
pub const CONTROL_VISITORS: usize = 32;
/// How long the control socket waits: for a request's line, and for the engine's answer.
pub const CONTROL_WAIT: Duration = Duration::from_secs(5);
/// HTTP connections at once; one more waits in the kernel's queue.
pub const HTTP_CONNECTIONS: usize = 128;
/// An HTTP connection on which nothing is received for this long is closed.
pub const HTTP_IDLE: Duration = Duration::from_secs(60);
/// A released RTP port drops what still arrives for this long, then closes (invariants.md, 18: within 1 s).
pub const PORT_DRAIN: Duration = Duration::from_millis(500);
/// Whoever is on hold hears our music this long after it began: a phone with its own has then sent some of it.
pub const HOLD_BEGINS: Duration = Duration::from_millis(100);
/// A holding phone's own music that pauses for this long has ended, and ours begins.
pub const HOLD_GAP: Duration = Duration::from_secs(1);
/// A far end nothing was heard of for this long is asked whether it is still there, and again after as long.
pub const MEDIA_SILENCE: Duration = Duration::from_secs(30);
/// Keys one leg may report per second; a person presses ten.
pub const DIGITS_PER_SECOND: u32 = 20;
/// A key that came one way, in audio or by INFO, and comes the other within this long is the same press: some send the
/// INFO when the key is let go, and few hold a key for longer.
pub const KEY_COPY: Duration = Duration::from_secs(1);
/// The longest RTP or RTCP datagram read; the rest of a longer one is cut off and the packet dropped.
pub const MEDIA_DATAGRAM_BYTES: usize = 2_048;
/// Opened RTP ports kept ready per media thread, at rest and at the most: a burst of calls takes two each, at once.
pub const PORTS_READY: (usize, usize) = (512, 2_048);
/// Local addresses audio is received at: each costs two open files for every port of [`PORTS_READY`].
pub const MEDIA_ADDRESSES: usize = 8;
/// Who needs an RTP port waits this long for one to be opened, and this many may wait.
pub const PORT_WAIT: Duration = Duration::from_millis(500);
/// See [`PORT_WAIT`].
pub const PORT_WAITERS: usize = 2_000;
/// RTP ports that stay free for emergency calls of phones, of as many as there are an eighth at most: each call takes two.
pub const PORTS_FOR_HELP: usize = 8;
/// A peer that refuses with Retry-After is left alone for as long as it says, and no longer than this: it must not take
/// itself away for days.
pub const PEER_REST: Duration = Duration::from_secs(300);
/// Signed identities of one call that are handed on.
pub const IDENTITIES: usize = 4;
/// The longest one that is looked at, bytes.
pub const IDENTITY_BYTES: usize = 8_192;
/// Peers of one trunk.
pub const PEERS: usize = 16;
/// A service that stops is back by then, s: what callers refused meanwhile are told.
pub const RESTART_S: u32 = 60;
/// Phones behind one INVITE of ours whose reliable provisional responses are confirmed; a fork to more is refused by its
/// own far ends, which hear no PRACK.
pub const EARLY_DIALOGS: usize = 16;
/// How long a session we propose lasts without a refresh, s (RFC 4028 section 4 recommends it).
pub const SESSION_INTERVAL_S: u32 = 1_800;
/// The shortest we take, s: the shortest there may be (RFC 4028 section 5).
pub const SESSION_MIN_INTERVAL_S: u32 = 90;
/// The longest User-to-User value handed on; the longest of ISDN is 256 digits and its parameters.
pub const USER_TO_USER_BYTES: usize = 512;
/// How often one caller may be sent on by agents: a call opens no end of legs.
pub const TRANSFERS: usize = 10;
/// How long the phone an agent sends a caller to may ring before the agent has the caller back.
pub const TRANSFER_RING: std::time::Duration = std::time::Duration::from_secs(30);
/// How long a phone that answered is waited for to press the key that accepts its call, once it has been asked.
pub const ACCEPTANCE: std::time::Duration = std::time::Duration::from_secs(10);
/// Diversions of a call that are read and handed on.
pub const DIVERSIONS: usize = 5;
/// RTP ports one media thread is asked to open in one go.
pub const PORTS_PER_BATCH: usize = 32;
/// Lines of one session description: twice what a browser writes for sound and pictures with every way to reach it. Each
/// format is looked for in all of them.
pub const SDP_LINES: usize = 500;
/// Media lines in one session description.
pub const SDP_MEDIA_LINES: usize = 32;
/// Formats on one media line.
pub const SDP_FORMATS: usize = 64;
/// One file of a dialplan: far more than a person would maintain.
pub const DIALPLAN_BYTES: usize = 1_048_576;
/// Copies of SIP messages waiting to go to a capture server; more are dropped and counted.
pub const HEP_MESSAGES: usize = 4_096;
/// SIP messages and facts of calls kept in memory for `spillway trace`, bytes in all: some 1,500 calls. Calls that are over
/// make room for new ones, the oldest first.
pub const TRACE_BYTES: usize = 16_777_216;
/// SIP messages and facts of one call kept so; more are counted and left out.
pub const TRACE_STEPS: usize = 1_000;
/// Calls that are over and still kept so.
pub const TRACE_CALLS: usize = 4_096;
/// Calls followed at once over the control socket.
pub const TRACE_FOLLOWERS: usize = 8;
/// A call that is over is followed until nothing came for this long: the answers to its BYEs are still on their way.
pub const TRACE_LINGER: Duration = Duration::from_secs(1);
