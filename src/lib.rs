//! # The map of the house
//!
//! Spillway is a call-routing engine: a SIP back-to-back user agent that takes trunk calls, walks them through a
//! TOML dialplan (hours, menus, queues, overflow), rings agents, bridges the audio and accounts for every second.
//!
//! **Everything outside `drivers/`, `server.rs`, `commands/` and `main.rs` is a pure function of
//! (state, now, event) → effects.** Drivers only move bytes, time, audio and rows between that function and the
//! world. The same code therefore runs production, a simulated year, and the replay of a failure from its seed.
//!
//! ## Floors
//!
//! A module imports from lower floors only; `tests/tidy.rs` holds the table.
//!
//! | floor | module | is |
//! |---|---|---|
//! | 0 | [`base`] | ids, time, chance, limits, phone numbers, causes, outcomes, findings |
//! | 1 | [`wire`] | bytes ⇄ values: SIP, SDP, RTP; nothing copied, nothing allocated on the hot path |
//! | 1 | [`settings`] | `config/spillway.toml`: what the machine is and whom it is wired to |
//! | 1 | [`dialplan`] | `dialplans/*.toml` → document → checked → [`dialplan::Plan`], immutable, ids resolved |
//! | 2 | [`signaling`] | SIP without sockets: transactions, dialogs, legs, offer/answer, trunks and registering with them, phones that register here |
//! | 2 | [`media`] | RTP without sockets: boards that relay, play and listen; ports |
//! | 2 | [`acd`] | queues, agents, matching |
//! | 3 | [`call`] | a call's life: events, states, effects, facts, record, judgement |
//! | 3 | [`endpoint`] | phones and trunks of our own, for the demo, the benches and the simulator |
//! | 4 | [`engine`] | [`engine::Core`] (acd + call + timers, in leg events) wrapped by SIP and media |
//! | 5 | `drivers` | sockets, media threads, store, metrics, console, control socket, clock, logs |
//! | 6 | `commands`, `server`, `main` | serve, check, demo, status |
//!
//! ## One call
//!
//! 1. `drivers::sockets` reads a datagram; [`engine::Engine::handle`] gives it to [`signaling::Stack`], which
//!    answers 100 and says `Invited`.
//! 2. [`engine::Core::arrived`] finds the number's flow, pins the plan, makes a [`call::Call`] in `Arriving`.
//! 3. The call walks: `play` answers it (`InFlow`), a digit chooses, a queue takes it (`Queued`).
//! 4. [`acd::Acd::take_match`] says who meets whom, the instant it is possible (`Ringing`).
//! 5. The agent answers; the two ports are connected on one media board (`Bridged`); packets stay there.
//! 6. Either hangs up (`Ending`); the record is folded from the facts; the legs are taken down.
//!
//! The journal is the one source of truth: each change appends [`call::Fact`]s and rewrites nothing. The record,
//! the metrics, the status and the store's views are folds over it, so they can't disagree.
//!
//! ## Decisions, as questions
//!
//! **Why does the engine thread own the SIP sockets?** A message costs no thread switch, and one thread that never
//! waits handles thousands of calls a second. Streams are framed there too: one epoll, one order of events.
//!
//! **Why no `dashmap`?** Nothing is shared between threads but queues of values and a few atomics: the engine owns
//! calls, a media thread its ports, the store its spool. A shared map would be a second owner.
//!
//! **Why is a record's time in whole milliseconds since the INVITE?** So that flow + wait + talk + after = duration
//! exactly, and anyone who reads the record judges 39.999 s against 40 s as we did.
//!
//! **Why is an agent left alone for 2 s after a ring nobody answered?** The phone must have stopped ringing; a new
//! INVITE that crosses the CANCEL's 487 would be answered 486 by many phones. A ring we stop for another reason frees
//! the agent once the leg is gone: a round trip for a healthy phone, 32 s for one that never answers its CANCEL.
//!
//! **Why does a far end that knows no session timers get none?** Refreshes it never asked for are what old phones are
//! worst at, and whoever vanished is found all the same: a silent stream makes us ask by OPTIONS.
//!
//! **Why does `nobody` count agents behind a dead trunk as absent?** A caller can't tell the difference, and 90 s of
//! music for nobody is what `nobody` is there to avoid.
//!
//! **Why does a refusal with 408 or 480 never go to a trunk's next peer?** Both say that the called party was looked for in
//! vain. Who has waited for that does not wait for it again: the plan has somewhere else to go.
//!
//! **Why does a call out above a trunk's `cps` not wait?** That would be a line nobody sees, outside every figure, and the
//! caller's plan has an answer for a trunk without room.
//!
//! **Why is the same caller refused while their own call is being sent on?** Carriers drop Diversion, so it is the one sign of
//! a target that forwards back to us. Two people behind one number pay for it: the second is refused until the first is
//! through.
//!
//! **Why is a challenge answered only on the path its request took, and only for one realm?** A digest lets whoever gets
//! it try passwords at leisure, and one that is passed on opens the trunk to others. A peer that answers from another
//! address than it is configured with gets no call through either way.
//!
//! **Why are phones a line beside the trunks, and all contacts of one a single leg?** Channels, agents behind a line, and
//! what a lost line means are the same for both, and a call, which knows no phones, needs no second engine: a fork is over
//! before the core hears of an answer.
//!
//! **Why is a phone reached where it speaks from, and never where its Contact says?** That is where it is, whatever
//! translates addresses; and nobody can register somebody else's address to have it rung.
//!
//! **Why does a sixth contact take the place of the one refreshed longest ago?** A phone that lost its address registers
//! anew under another: refusing it would lock it out until what nobody answers any more has lapsed.
//!
//! **Why is no TLS connection opened to where no trunk expects anyone?** A certificate proves a name, and a dialog that leads
//! elsewhere gives an address alone: there would be nothing to hold the certificate against.
//!
//! **Why is a password never in spillway.toml?** Files are copied, kept and shown. The settings say where it is; the
//! driver that reads them for `serve` and `check` fetches it, and `base::Secret` shows nothing.
//!
//! **Why is a conversation that a shutdown cuts `answered`, and a caller it cuts off before that `failed`?** An ordered
//! shutdown ends calls only after its drain limit, and the agent or provider who picked up has done what the SLA asks:
//! both organisations' figures count that answer, the cause `shutting_down` beside it says what cut it, and whoever
//! nobody had answered, whatever was rung or said before, is our failure.
//!
//! **Why is a call that its carrier takes back (`deflect`) never answered in any figure, and a target with an SLA never given
//! back?** Nobody here sees whether anybody picked up. Counting it as answered would let whoever answers for the figures hide
//! calls in it; leaving it out of N would too; and a provider must not be judged on what nobody saw.
//!
//! **Why do new calls wait in a lobby before the engine?** Messages of what goes on must not queue behind them: read in
//! order, a flood of INVITEs delays every BYE by as much. A lag that the core is told of would come too late, and could
//! not say which message to leave out. The lobby is a value like any other; its driver fills and empties it.
//!
//! **Why does a call turned away by overload leave no record?** Nobody served it, and ten times too many records are what
//! would keep the others from being served. A counter tells of it; every other refusal of a trunk's call has its record.
//!
//! **Why can no datagram ban its source?** Whoever writes one writes its source too: a ban for it would be a way to shut
//! out whomever one likes. A stream's source answered our handshake, and whoever answers a challenge has read it.
//!
//! **Why does an attended transfer move a leg, and not join two calls?** A call has one caller, one record and one clock. The
//! caller's goes on and takes the other's leg over with all that belongs to it; the consultation ends with a record of its
//! own. Two calls that share a conversation would each count it.
//!
//! **Why does a held party's own dialog learn nothing of the hold?** Both legs are ours to negotiate, and passing the hold on
//! would forbid the very music that is to be heard. The relay stands meanwhile, with ours beside it: what the holding phone
//! sends comes first, and after the hold nobody waits for a re-INVITE to hear the other again.
//!
//! **Why does a queue's ring go on while its agent dials or takes another call?** It is call waiting: the person is at the
//! phone and may yet answer, and a phone that takes no second call says 486 itself. No new ring begins meanwhile.
//!
//! ## What is never done where
//!
//! - no clock, socket, thread, sleep or chance outside drivers: clippy bans them, each ban with its reason;
//! - no log line outside drivers: the engine emits [`engine::Observation`]s;
//! - no caller's number in a metric label: labels come from configuration and closed lists;
//! - no wildcard arm over our own enums: a new event is a list of compile errors, one per state.
#![deny(unsafe_code)]

pub mod acd;
pub mod base;
pub mod call;
#[cfg(feature = "drivers")]
pub mod commands;
pub mod dialplan;
#[cfg(feature = "drivers")]
pub mod drivers;
pub mod endpoint;
pub mod engine;
pub mod media;
#[cfg(feature = "drivers")]
pub mod server;
pub mod settings;
pub mod signaling;
pub mod wire;
