//! Phones of every make that register, over every transport: each registers with a digest, calls and is called, is heard and
//! hears, holds, takes back, and sends its caller on to a colleague.

use crate::audio::Heard;
use crate::baresip::Baresip;
use crate::linphone::Linphone;
use crate::machine::in_real_time;
use crate::place::{CALLERS, PBX, Place, SPILLWAY};
use crate::softphone::{Line, Softphone};
use crate::softphone_stage::{MUSIC_HZ, PASSWORD, serve};
use std::net::Ipv4Addr;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

const CALLER_HZ: f64 = 350.0;
/// The French ringback, while the colleague is rung.
const RINGBACK_HZ: f64 = 440.0;
const PHONE_HZ: f64 = 660.0;
const COLLEAGUE_HZ: f64 = 880.0;
const SOON: Duration = Duration::from_secs(10);
const WHILE: Duration = Duration::from_millis(1_500);

/// A phone's make.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// baresip, which knows MD5 alone.
    Baresip,
    /// linphone, which takes SHA-256 when it is offered.
    Linphone,
}

impl Make {
    fn on(self, place: &Place, line: &Line<'_>) -> Box<dyn Softphone> {
        match self {
            Self::Baresip => Box::new(Baresip::on(place, PBX, line, PHONE_HZ)),
            Self::Linphone => Box::new(Linphone::on(place, PBX, line, PHONE_HZ)),
        }
    }
}

/// Tells the story of a phone of this make, directly or through a proxy that is started once the service is, and judged in
/// the end.
pub fn a_phone_does_what_phones_do<P>(
    make: Make,
    transport: &str,
    front: impl Fn(&Place) -> (Option<Ipv4Addr>, P),
    judge: impl Fn(&P),
) {
    in_real_time(|| {
        let place = Place::new();
        let (service, believes) = serve(&place, make == Make::Baresip);
        let (through, proxy) = front(&place);
        let line =
            Line { user: "201", password: PASSWORD, transport, through, believes: &believes, more: "" };
        let mut phone = make.on(&place, &line);
        let line = Line { user: "203", transport: "udp", through: None, ..line };
        let mut colleague: Box<dyn Softphone> = match make {
            Make::Baresip => Box::new(Baresip::on(&place, PBX + 1, &line, COLLEAGUE_HZ)),
            Make::Linphone => Box::new(Linphone::on(&place, PBX + 1, &line, COLLEAGUE_HZ)),
        };
        let mut caller = Baresip::start(&place, CALLERS, "0601020304", CALLER_HZ);
        assert_eq!(service.metric("spillway_phones_registered", &[]), 2.0, "{}", service.process.said());

        calls(&place, &mut *phone, &mut *colleague);
        service.records(1, SOON);
        is_called(&place, &mut *phone, &mut *colleague, &mut caller);
        service.records(2, SOON);
        let rows = "SELECT outcome, queue, agent, caller, trunk FROM calls ORDER BY arrived";
        let told = service.sql(rows);
        assert_eq!(
            told,
            "answered|expert|Karim|201|phones\nanswered|technique|Nadia|0601020304|operateur",
            "{}",
            service.sql("SELECT * FROM timeline")
        );
        assert_eq!(service.metric("spillway_faults_total", &[]), 0.0, "{}", service.process.said());

        let hold = service.sql("SELECT hold_s FROM calls WHERE agent = 'Nadia'");
        let hold: f64 = hold.parse().expect("seconds");
        assert!((1.0..3.0).contains(&hold), "held for 1.5 s: {hold}");
        was_heard(make, &caller.heard(), &phone.heard());
        judge(&proxy);
    });
}

/// A call to the colleague, that the phone ends.
fn calls(place: &Place, phone: &mut dyn Softphone, colleague: &mut dyn Softphone) {
    phone.dials(&format!("sip:0384961371@{}", place.ip(SPILLWAY)));
    colleague.is_rung(SOON);
    colleague.answers();
    colleague.is_connected(SOON);
    phone.is_connected(SOON);
    sleep(WHILE / 2);
    phone.hangs_up();
    colleague.is_hung_up(SOON);
    phone.is_hung_up(SOON);
}

/// A call from outside, that the phone holds, takes back and sends on to the colleague.
fn is_called(place: &Place, phone: &mut dyn Softphone, colleague: &mut dyn Softphone, caller: &mut Baresip) {
    caller.dials(&format!("sip:0384961370@{}:5060", place.ip(SPILLWAY)));
    phone.is_rung(SOON);
    phone.answers();
    phone.is_connected(SOON);
    caller.is_connected(SOON);
    sleep(WHILE);
    phone.holds();
    sleep(WHILE);
    phone.resumes();
    sleep(WHILE);
    phone.transfers(&format!("sip:203@{}", place.ip(SPILLWAY)));
    colleague.is_rung(SOON);
    sleep(WHILE / 2);
    colleague.answers();
    colleague.is_connected(SOON);
    phone.is_hung_up(SOON);
    sleep(WHILE);
    caller.hangs_up();
    colleague.is_hung_up(SOON);
}

/// The caller heard the phone, on hold the queue's music or what the phone sends then, the phone again, ringback, the
/// colleague; the phone heard the caller.
fn was_heard(make: Make, by_caller: &Path, by_phone: &Path) {
    let tones = [CALLER_HZ, PHONE_HZ, COLLEAGUE_HZ, MUSIC_HZ, RINGBACK_HZ];
    let story = Heard::read(by_caller, &tones).story();
    let at_all = story.iter().filter(|(_, seconds)| *seconds >= 0.3).skip_while(|(hz, _)| *hz == MUSIC_HZ);
    let order: Vec<f64> = at_all.map(|(hz, _)| *hz).collect();
    let seconds_of = |hz: f64| story.iter().filter(|heard| heard.0 == hz).map(|heard| heard.1).sum::<f64>();
    match make {
        // Holds with sendonly and sends nothing.
        Make::Baresip => {
            assert_eq!(order, [PHONE_HZ, MUSIC_HZ, PHONE_HZ, RINGBACK_HZ, COLLEAGUE_HZ], "{story:?}");
        }
        // Speaks on meanwhile.
        Make::Linphone => assert_eq!(order, [PHONE_HZ, RINGBACK_HZ, COLLEAGUE_HZ], "{story:?}"),
    }
    // Before the hold and after it.
    assert!(seconds_of(PHONE_HZ) > 2.4 && seconds_of(COLLEAGUE_HZ) > 1.0, "{story:?}");
    let story = Heard::read(by_phone, &tones).story();
    let seconds: f64 = story.iter().filter(|(hz, _)| *hz == CALLER_HZ).map(|(_, seconds)| seconds).sum();
    // baresip begins another recording after the hold.
    assert!(seconds > 1.0, "the caller speaks 1.5 s before the hold: {story:?}");
}

fn alone(_: &Place) -> (Option<Ipv4Addr>, ()) {
    (None, ())
}

#[test]
fn linphone_over_udp_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Linphone, "udp", alone, |()| ());
}

#[test]
fn linphone_over_tcp_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Linphone, "tcp", alone, |()| ());
}

#[test]
fn linphone_over_tls_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Linphone, "tls", alone, |()| ());
}

#[test]
fn baresip_over_udp_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Baresip, "udp", alone, |()| ());
}

#[test]
fn baresip_over_tcp_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Baresip, "tcp", alone, |()| ());
}

#[test]
fn baresip_over_tls_does_what_phones_do() {
    a_phone_does_what_phones_do(Make::Baresip, "tls", alone, |()| ());
}
