//! A phone that asks its colleague before it sends its caller on: it holds the caller, talks with the colleague, and sends
//! the caller to that conversation (RFC 3515 with Replaces, RFC 3891), over every transport. linphone alone: the baresip
//! of Debian 12 knows only the other kind.

use crate::audio::Heard;
use crate::baresip::Baresip;
use crate::front::{everything_passed, kamailio};
use crate::linphone::Linphone;
use crate::machine::in_real_time;
use crate::place::{CALLERS, PBX, Place, SPILLWAY};
use crate::softphone::{Line, Softphone};
use crate::softphone_stage::{MUSIC_HZ, PASSWORD, serve};
use std::net::Ipv4Addr;
use std::thread::sleep;
use std::time::Duration;

const CALLER_HZ: f64 = 350.0;
const PHONE_HZ: f64 = 660.0;
const COLLEAGUE_HZ: f64 = 880.0;
const SOON: Duration = Duration::from_secs(10);
const WHILE: Duration = Duration::from_millis(1_500);

fn a_phone_asks_before_it_sends_its_caller_on<P>(
    transport: &str,
    front: impl Fn(&Place) -> (Option<Ipv4Addr>, P),
    judge: impl Fn(&P),
) {
    in_real_time(|| {
        let place = Place::new();
        let (service, believes) = serve(&place, false);
        let (through, proxy) = front(&place);
        let line =
            Line { user: "201", password: PASSWORD, transport, through, believes: &believes, more: "" };
        let mut phone = Linphone::on(&place, PBX, &line, PHONE_HZ);
        let mut colleague = Linphone::on(&place, PBX + 1, &Line { user: "203", ..line }, COLLEAGUE_HZ);
        let mut caller = Baresip::start(&place, CALLERS, "0601020304", CALLER_HZ);

        caller.dials(&format!("sip:0384961370@{}:5060", place.ip(SPILLWAY)));
        phone.is_rung(SOON);
        phone.answers();
        phone.is_connected(SOON);
        caller.is_connected(SOON);
        sleep(WHILE);
        phone.consults(&format!("sip:203@{}", place.ip(SPILLWAY)));
        colleague.is_rung(SOON);
        colleague.answers();
        colleague.is_connected(SOON);
        phone.is_connected(SOON);
        sleep(WHILE);
        phone.sends_the_first_to_the_second();
        phone.is_hung_up(SOON);
        sleep(WHILE);
        caller.hangs_up();
        colleague.is_hung_up(SOON);

        service.records(2, SOON);
        let told = service.sql("SELECT outcome, queue, caller, trunk FROM calls ORDER BY arrived LIMIT 1");
        assert_eq!(
            told,
            "answered|technique|0601020304|operateur",
            "{}",
            service.sql("SELECT * FROM timeline")
        );
        assert_eq!(service.metric("spillway_faults_total", &[]), 0.0, "{}", service.process.said());

        let tones = [CALLER_HZ, PHONE_HZ, COLLEAGUE_HZ, MUSIC_HZ];
        let story = Heard::read(&Box::new(caller).heard(), &tones).story();
        let order: Vec<f64> =
            story.iter().filter(|(_, seconds)| *seconds >= 0.3).map(|(hz, _)| *hz).collect();
        let voices: Vec<f64> = order.iter().copied().filter(|hz| *hz != MUSIC_HZ).collect();
        assert_eq!(voices, [PHONE_HZ, COLLEAGUE_HZ], "{story:?}");
        let story = Heard::read(&Box::new(colleague).heard(), &tones).story();
        let order: Vec<f64> =
            story.iter().filter(|(_, seconds)| *seconds >= 0.3).map(|(hz, _)| *hz).collect();
        assert_eq!(order, [PHONE_HZ, CALLER_HZ], "{story:?}");
        judge(&proxy);
    });
}

fn alone(_: &Place) -> (Option<Ipv4Addr>, ()) {
    (None, ())
}

#[test]
fn linphone_over_udp_asks_before_it_sends_its_caller_on() {
    a_phone_asks_before_it_sends_its_caller_on("udp", alone, |()| ());
}

#[test]
fn linphone_over_tcp_asks_before_it_sends_its_caller_on() {
    a_phone_asks_before_it_sends_its_caller_on("tcp", alone, |()| ());
}

#[test]
fn linphone_over_tls_asks_before_it_sends_its_caller_on() {
    a_phone_asks_before_it_sends_its_caller_on("tls", alone, |()| ());
}

#[test]
fn linphone_through_kamailio_asks_before_it_sends_its_caller_on() {
    a_phone_asks_before_it_sends_its_caller_on("udp", kamailio, everything_passed);
}
