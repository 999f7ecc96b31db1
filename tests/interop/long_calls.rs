//! Calls that last, with session timers of 90 s (RFC 4028): on some legs the peer refreshes, on others the service does, by
//! UPDATE and by re-INVITE; none is dropped, and those who talk are heard until the end. One refresh of each unless
//! `SPILLWAY_INTEROP=full`: then it takes twenty minutes.

use crate::audio::Heard;
use crate::linphone::Linphone;
use crate::machine::in_real_time;
use crate::place::{PBX, Place, SPILLWAY};
use crate::sipp::{BINDS_WITHIN, Sipp, plays_at_once};
use crate::softphone::{Line, Softphone};
use crate::softphone_stage::{MUSIC_HZ, PASSWORD, serve_also};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// Half the interval (RFC 4028 section 10).
const ROUND: Duration = Duration::from_secs(45);
/// From the last refresh to the end.
const FAREWELL: Duration = Duration::from_secs(32);
/// The next message of a ladder comes within.
const STEP: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(10);
const SPEAK_HZ: [f64; 4] = [350.0, 660.0, 760.0, 880.0];

/// 72 is behind the phones that refresh, 73 behind those that are refreshed.
const SITE: &str = r#"
[number."03 84 96 13 72"]
flow = "un"
[number."03 84 96 13 73"]
flow = "deux"
[flow.un]
steps = [{ go = "eux" }]
[flow.deux]
steps = [{ go = "nous" }]
[target.eux]
number = "03 85 00 00 10"
via    = "eux"
ring   = "20s"
else   = "rappelez"
[target.nous]
number = "03 85 00 00 10"
via    = "nous"
ring   = "20s"
else   = "rappelez"
"#;

/// Refreshes by UPDATE, whichever side it is.
const UPDATES: &str = "
    ~ 45000
    > UPDATE
    + Supported: timer
    + Session-Expires: 90;refresher=uac
    < 200
    + Session-Expires: *90;refresher=uac
";

fn caller_who_refreshes(rounds: usize) -> String {
    format!(
        "
        > INVITE audio
        + Supported: timer
        + Session-Expires: 90;refresher=uac
        < 100?
        < 180?
        < 200
        + Session-Expires: *90;refresher=uac
        > ACK
        {}
        ~ {}
        > BYE
        < 200
        ",
        UPDATES.repeat(rounds),
        FAREWELL.as_millis()
    )
}

fn called_who_refreshes(rounds: usize) -> String {
    format!(
        "
        < INVITE
        > 200 INVITE audio
        + Require: timer
        + Session-Expires: 90;refresher=uas
        < ACK
        {}
        < BYE
        > 200 BYE
        ",
        UPDATES.repeat(rounds)
    )
}

/// Without UPDATE in Allow: by re-INVITE.
fn caller_who_is_refreshed(rounds: usize) -> String {
    let refreshed = "
        < INVITE
        + Session-Expires: *90;refresher=uac
        > 200 INVITE audio
        + Require: timer
        + Session-Expires: 90;refresher=uac
        < ACK
    ";
    format!(
        "
        > INVITE audio
        + Supported: timer
        + Session-Expires: 90;refresher=uas
        < 100?
        < 180?
        < 200
        + Session-Expires: *90;refresher=uas
        > ACK
        {}
        ~ {}
        > BYE
        < 200
        ",
        refreshed.repeat(rounds),
        FAREWELL.as_millis()
    )
}

/// With UPDATE in Allow: by UPDATE.
fn called_who_is_refreshed(rounds: usize) -> String {
    let refreshed = "
        < UPDATE
        + Session-Expires: *90;refresher=uac
        > 200 UPDATE
        + Require: timer
        + Session-Expires: 90;refresher=uac
    ";
    format!(
        "
        < INVITE
        > 200 INVITE audio
        + Allow: INVITE, ACK, CANCEL, BYE, UPDATE
        + Require: timer
        + Session-Expires: 90;refresher=uac
        < ACK
        {}
        < BYE
        > 200 BYE
        ",
        refreshed.repeat(rounds)
    )
}

/// Two agents and whoever calls each.
fn phones(place: &Place, believes: &Path) -> [Linphone; 4] {
    let phone = |host, user, hz, refresher| {
        let more = format!(
            "session_expires_enabled=1\nsession_expires_value=90\nsession_expires_refresher_value={refresher}\n"
        );
        let line = Line { user, password: PASSWORD, transport: "udp", through: None, believes, more: &more };
        Linphone::on(place, host, &line, hz)
    };
    // 2: who calls refreshes; 1: who is called does.
    [
        phone(PBX, "201", SPEAK_HZ[0], 0),
        phone(PBX + 1, "203", SPEAK_HZ[1], 0),
        phone(PBX + 2, "202", SPEAK_HZ[2], 2),
        phone(PBX + 3, "204", SPEAK_HZ[3], 1),
    ]
}

/// Who is called, then who calls, each side refreshing in its turn.
fn ladders(place: &Place, rounds: usize, calls: usize) -> Vec<Sipp> {
    let many = (calls, STEP);
    let mut ladders = vec![
        plays_at_once(place, PBX + 4, "udp", None, &called_who_refreshes(rounds), many),
        plays_at_once(place, PBX + 5, "udp", None, &called_who_is_refreshed(rounds), many),
    ];
    sleep(BINDS_WITHIN);
    for (host, number, ladder) in [
        (PBX + 6, "0384961372", caller_who_refreshes(rounds)),
        (PBX + 7, "0384961373", caller_who_is_refreshed(rounds)),
    ] {
        ladders.push(plays_at_once(place, host, "udp", Some(number), &ladder, many));
    }
    ladders
}

#[test]
fn calls_whose_session_is_refreshed_by_either_side_last_and_are_heard_to_the_end() {
    let full = std::env::var("SPILLWAY_INTEROP").is_ok_and(|size| size == "full");
    let (rounds, calls) = if full { (26, 50) } else { (1, 5) };
    let lasts = ROUND * rounds as u32 + FAREWELL;
    in_real_time(|| {
        let place = Place::aside();
        let settings = format!(
            "\n[trunk.eux]\npeer = \"udp:{}:5060\"\naccept = [\"{}/32\", \"{}/32\"]\n\n[trunk.nous]\npeer = \"udp:{}:5060\"\n",
            place.ip(PBX + 4),
            place.ip(PBX + 6),
            place.ip(PBX + 7),
            place.ip(PBX + 5),
        );
        let (service, believes) = serve_also(&place, false, &settings, SITE);
        let mut phones = phones(&place, &believes);
        for (caller, agent, number) in [(2, 0, "0384961370"), (3, 1, "0384961371")] {
            phones[caller].dials(&format!("sip:{number}@{}", place.ip(SPILLWAY)));
            phones[agent].is_rung(SOON);
            phones[agent].answers();
            phones[agent].is_connected(SOON);
            phones[caller].is_connected(SOON);
        }

        let mut ladders = ladders(&place, rounds, calls);
        let played: Vec<_> = ladders.iter_mut().map(|ladder| ladder.succeeds(lasts + STEP)).collect();
        let told = || ladders.iter().map(Sipp::messages).collect::<String>();
        assert!(!played.contains(&false), "ladders played to their end: {played:?}\n{}", told());
        for caller in [2, 3] {
            phones[caller].hangs_up();
        }
        for (caller, agent) in [(2, 0), (3, 1)] {
            phones[agent].is_hung_up(SOON);
            phones[caller].is_hung_up(SOON);
        }
        service.records(2 * calls + 2, SOON);
        let short = format!("SELECT count(*) FROM calls WHERE talk_s < {}", lasts.as_secs() - 2);
        assert_eq!(service.sql(&short), "0", "{}", service.sql("SELECT * FROM calls"));
        let outcomes = "SELECT outcome, cause, count(*) FROM calls GROUP BY outcome, cause ORDER BY outcome";
        assert_eq!(service.sql(outcomes), format!("answered|normal|2\nrouted_answered|normal|{}", 2 * calls));
        assert_eq!(service.metric("spillway_faults_total", &[]), 0.0, "{}", service.process.said());

        let others = [SPEAK_HZ[2], SPEAK_HZ[3], SPEAK_HZ[0], SPEAK_HZ[1]];
        for (phone, other) in phones.into_iter().zip(others) {
            let story = Heard::read(&Box::new(phone).heard(), &[other, MUSIC_HZ]).story();
            let seconds: f64 = story.iter().filter(|(hz, _)| *hz == other).map(|(_, seconds)| seconds).sum();
            // What of a window is lost to the jitter buffer's corrections is no tone.
            assert!(seconds > 0.9 * lasts.as_secs_f64(), "{other} Hz for {lasts:?}: {seconds} {story:?}");
        }
    });
}
