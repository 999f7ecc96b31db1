//! Real peers on loopback: SIPp, baresip, linphone, Kamailio, Prometheus and the sqlite3 shell against the binary as it is shipped.
//! `bash tests/run` installs them; one that is missing fails its test.
//!
//! Every story has addresses of its own (127.A.B.x), so that what an earlier one left does not disturb and every port may
//! be the usual one. They are told one at a time: what they measure is time.
//! `SPILLWAY_INTEROP=full` plays the big numbers.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::wildcard_enum_match_arm,
    reason = "real peers need real clocks, processes and sockets"
)]

#[path = "interop/attacks.rs"]
mod attacks;
#[path = "interop/attended.rs"]
mod attended;
#[path = "interop/audio.rs"]
mod audio;
#[path = "interop/baresip.rs"]
mod baresip;
#[path = "interop/call_stage.rs"]
mod call_stage;
#[path = "interop/calls.rs"]
mod calls;
#[path = "interop/carrier.rs"]
mod carrier;
#[path = "torture/cases.rs"]
mod cases;
#[path = "interop/crossing.rs"]
mod crossing;
#[path = "interop/dead_phones.rs"]
mod dead_phones;
#[path = "interop/doorway.rs"]
mod doorway;
#[path = "interop/front.rs"]
mod front;
#[path = "interop/http.rs"]
mod http;
#[path = "interop/impaired.rs"]
mod impaired;
#[path = "interop/kamailio.rs"]
mod kamailio;
#[path = "interop/ladder.rs"]
mod ladder;
#[path = "interop/linphone.rs"]
mod linphone;
#[path = "interop/load.rs"]
mod load;
#[path = "interop/long_calls.rs"]
mod long_calls;
#[path = "interop/loss.rs"]
mod loss;
#[path = "interop/machine.rs"]
mod machine;
#[path = "interop/networks.rs"]
mod networks;
#[path = "interop/overflow.rs"]
mod overflow;
#[path = "interop/party.rs"]
mod party;
#[path = "interop/phones.rs"]
mod phones;
#[path = "interop/place.rs"]
mod place;
#[path = "interop/player.rs"]
mod player;
#[path = "interop/process.rs"]
mod process;
#[path = "interop/prometheus.rs"]
mod prometheus;
#[path = "interop/secured.rs"]
mod secured;
#[path = "interop/service.rs"]
mod service;
#[path = "interop/shutdown.rs"]
mod shutdown;
#[path = "interop/sipp.rs"]
mod sipp;
#[path = "interop/softphone.rs"]
mod softphone;
#[path = "interop/softphone_stage.rs"]
mod softphone_stage;
#[path = "interop/softphones.rs"]
mod softphones;
#[path = "interop/stock.rs"]
mod stock;
#[path = "support/tone.rs"]
mod tone;
#[path = "interop/torture.rs"]
mod torture;
#[path = "interop/trace.rs"]
mod trace;
#[path = "interop/two_way_audio.rs"]
mod two_way_audio;
