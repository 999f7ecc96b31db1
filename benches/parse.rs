//! Our SIP parser beside three others in one run: nanoseconds and allocations for an INVITE and its five headers.
//! `cargo bench --bench parse`; the budget is 1,500 ns and no allocation.
#![allow(unsafe_code, reason = "an allocator that counts; in this bench only")]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench reads the clock and prints"
)]

use rsip::headers::ToTypedHeader;
use rsip::message::HeadersExt;
use spillway::wire::rtp::{RtpHeader, RtpPacket, TelephoneEvent};
use spillway::wire::sdp::SessionDescription;
use spillway::wire::sip::{HeaderName, Message, Writer, frame, validate};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is handed to the system's allocator unchanged; counting touches no memory of its.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const INVITE: &str = "INVITE sip:0384961370@192.0.2.10:5060;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK74bf9;rport\r\n\
    Max-Forwards: 70\r\n\
    From: \"Nadia Perrin\" <sip:+33612345678@192.0.2.1;user=phone>;tag=9fxced76sl\r\n\
    To: <sip:0384961370@192.0.2.10;user=phone>\r\n\
    Call-ID: 3848276298220188511@192.0.2.1\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:+33612345678@192.0.2.1:5060;transport=udp>\r\n\
    Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE\r\n\
    Supported: timer, 100rel\r\n\
    P-Asserted-Identity: <sip:+33612345678@192.0.2.1>\r\n\
    User-Agent: a trunk\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 198\r\n\r\n";

const OFFER: &str = "v=0\r\no=- 53655765 2353687637 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 49170 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n\
    a=sendrecv\r\na=x-pad:ab\r\n";

/// One line: the best of many short rounds (a busy machine interrupts long ones), and allocations per run.
fn measure<T>(name: &str, mut run: impl FnMut() -> T) -> (f64, u64) {
    const RUNS: u32 = 200;
    const ROUNDS: u32 = 500;
    (0..RUNS).for_each(|_| keep(run()));
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    keep(run());
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        (0..RUNS).for_each(|_| keep(run()));
        best = best.min(start.elapsed());
    }
    let nanos = best.as_secs_f64() * 1e9 / f64::from(RUNS);
    println!("{name:<44} {nanos:>9.0} ns {allocations:>5} allocations");
    (nanos, allocations)
}

/// Makes the compiler believe the value is used.
fn keep<T>(value: T) {
    let _ = black_box(value);
}

/// The same five headers by the others.
fn measure_others(invite: &[u8]) {
    measure("sip: the same by rsip", || {
        let request = rsip::Request::try_from(black_box(invite)).expect("valid");
        keep(request.via_header().expect("Via").typed());
        keep(request.from_header().expect("From").typed());
        keep(request.to_header().expect("To").typed());
        keep(request.cseq_header().expect("CSeq").typed());
        keep(request.contact_header().expect("Contact").typed());
    });
    measure("sip: the same by rsipstack", || {
        use rsipstack::sip::headers::ToTypedHeader as _;
        use rsipstack::sip::message::HeadersExt as _;
        let request = rsipstack::sip::Request::try_from(black_box(invite)).expect("valid");
        keep(request.via_header().expect("Via").typed());
        keep(request.from_header().expect("From").typed());
        keep(request.to_header().expect("To").typed());
        keep(request.cseq_header().expect("CSeq").typed());
        keep(request.contact_header().expect("Contact").typed());
    });
    let shared = bytes::Bytes::copy_from_slice(invite);
    measure("sip: the same by sipx-sip", || {
        use sipx_sip::headers::{CSeq, Contact, From, To, Via};
        let limits = sipx_sip::parser::Limits::datagram();
        let message = sipx_sip::parse_datagram(black_box(shared.clone()), &limits).expect("valid");
        keep(message.headers().typed::<Via>());
        keep(message.headers().typed::<From>());
        keep(message.headers().typed::<To>());
        keep(message.headers().typed::<CSeq>());
        keep(message.headers().typed::<Contact>());
    });
}

fn main() {
    let invite = format!("{INVITE}{OFFER}").into_bytes();
    assert_eq!(OFFER.len(), 198);

    let (nanos, allocations) = measure("sip: INVITE + Via From To CSeq Contact", || {
        let message = Message::parse(black_box(&invite)).expect("valid");
        keep(message.top_via());
        keep(message.from());
        keep(message.to());
        keep(message.cseq());
        keep(message.contact());
    });
    measure_others(&invite);
    measure("sip: index alone", || keep(Message::parse(black_box(&invite))));
    let message = Message::parse(&invite).expect("valid");
    measure("sip: Via alone", || black_box(&message).top_via());
    measure("sip: From alone", || black_box(&message).from());
    measure("sip: CSeq alone", || black_box(&message).cseq());
    measure("sip: validate", || validate(black_box(&message)));
    measure("sip: frame", || frame(black_box(&invite)));
    let mut writer = Writer::default();
    let source = "192.0.2.1:5060".parse().expect("an address");
    measure("sip: write 180", || {
        writer.start_response(180, "Ringing").copy_vias(&message, source);
        for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
            writer.copy_headers(&message, name);
        }
        writer.header(HeaderName::Contact, "<sip:192.0.2.10:5060>").finish()
    });
    measure("sdp: parse", || SessionDescription::parse(black_box(OFFER.as_bytes())));
    let offer = SessionDescription::parse(OFFER.as_bytes()).expect("valid");
    measure("sdp: write", || offer.write());
    let mut packet = [0; RtpHeader::BYTES + 160];
    let start = packet.first_chunk_mut().expect("room");
    RtpHeader { payload_type: 8, marker: true, sequence: 7, timestamp: 1_120, ssrc: 0xfeed }.write(start);
    measure("rtp: read a packet", || RtpPacket::read(black_box(&packet)));
    measure("rtp: write a header and an event", || {
        let header =
            RtpHeader { payload_type: 101, marker: false, sequence: 7, timestamp: 1_120, ssrc: 0xfeed };
        header.write(black_box(&mut packet).first_chunk_mut().expect("room"));
        TelephoneEvent { event: 1, end: true, volume: 10, duration: 800 }.write()
    });

    println!(
        "budget: 1500 ns and 0 allocations: {}",
        if nanos <= 1_500.0 && allocations == 0 { "met" } else { "MISSED" }
    );
}
