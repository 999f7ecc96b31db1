//! What odd and ordinary peers offer.

use super::*;
use proptest::prelude::*;

fn parse(body: &str) -> SessionDescription {
    SessionDescription::parse(body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"))
}

const PHONE: &str = "v=0\r\no=alice 53655765 2353687637 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
    m=audio 49170 RTP/AVP 8 0 101 96\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n\
    a=rtpmap:96 opus/48000/2\r\na=ptime:20\r\na=rtcp:53020 IN IP4 192.0.2.11\r\na=ssrc:1 cname:x\r\n";

#[test]
fn a_phones_offer_is_read() {
    let offer = parse(PHONE);
    assert_eq!((offer.origin.session_id, offer.origin.version), (53_655_765, 2_353_687_637));
    let line = &offer.media[0];
    assert!(line.is_usable_audio());
    assert_eq!((line.payload_type(Codec::Pcma), line.payload_type(Codec::Pcmu)), (Some(8), Some(0)));
    assert_eq!((line.telephone_event(), line.ptime_ms), (Some(101), Some(20)));
    assert_eq!(line.formats[2].fmtp.as_deref(), Some("0-16"));
    assert_eq!(
        line.formats[3].encoding,
        Some(Encoding { name: "opus".into(), rate_hz: 48_000, channels: 2 })
    );
    assert_eq!(line.rtcp_port, Some((53_020, "192.0.2.11".parse().ok())));
    assert_eq!((line.direction, line.is_hold()), (Direction::SendRecv, false));
}

#[test]
fn direction_and_connection_come_down_from_the_session() {
    let offer = parse(
        "v=0\no=- 1 1 IN IP4 h.example.com\ns= \nc=IN IP4 192.0.2.1\nt=0 0\na=sendonly\n\
         m=audio 4000 RTP/AVP 8\nm=audio 4002 RTP/AVP 0\nc=IN IP6 2001:db8::1\na=recvonly\nm=video 0 RTP/AVP 31\n\
         m=image 4004 udptl t38\n",
    );
    assert_eq!(offer.origin.address.to_string(), "0.0.0.0");
    assert_eq!(
        (offer.media[0].direction, offer.media[1].direction),
        (Direction::SendOnly, Direction::RecvOnly)
    );
    assert!(offer.media[0].is_hold());
    assert_eq!(offer.media[1].connection, "2001:db8::1".parse().ok());
    assert_eq!((offer.media[2].port, offer.media[2].is_usable_audio()), (0, false));
    assert_eq!(offer.media[3].formats[0].id, FormatId::Text("t38".into()));
    assert_eq!(offer.media[3].kind, MediaKind::Other("image".into()));
}

#[test]
fn the_old_hold_is_a_hold() {
    let held = PHONE.replace("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0");
    assert_eq!(parse(&held).media[0].direction, Direction::SendOnly);
    let held = held.replace("a=ptime:20", "a=inactive");
    assert_eq!(parse(&held).media[0].direction, Direction::Inactive);
}

#[test]
fn a_mapped_payload_type_is_what_it_is_mapped_to() {
    let line = &parse(&PHONE.replace("96 opus/48000/2", "96 pcma/8000/1\r\na=rtpmap:8 iLBC/8000")).media[0];
    assert_eq!(line.payload_type(Codec::Pcma), Some(96));
    let line = &parse(&PHONE.replace("101 telephone-event/8000", "101 telephone-event/48000")).media[0];
    assert_eq!(line.telephone_event(), None);
}

#[test]
fn a_name_for_an_address_is_no_address() {
    let line = &parse(&PHONE.replace("c=IN IP4 192.0.2.10", "c=IN IP4 media.example.com")).media[0];
    assert_eq!((line.connection, line.is_usable_audio()), (None, false));
    assert_eq!(
        parse(&PHONE.replace("c=IN IP4 192.0.2.10", "c=IN IP4 224.2.1.1/127")).connection,
        "224.2.1.1".parse().ok()
    );
}

#[test]
fn text_that_is_no_utf8_is_no_obstacle() {
    let mut body = PHONE.as_bytes().to_vec();
    let name = body.windows(4).position(|window| window == b"s=-\r").expect("a name");
    body[name + 2] = 0xe9;
    assert!(SessionDescription::parse(&body).is_ok());
}

#[test]
fn a_word_of_control_characters_leaves_a_dash_in_its_place() {
    let offer = parse("v=0\r\no=\x05 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=\x06 0 \x07 \x08\r\n");
    let answer = parse(&String::from_utf8(offer.write()).expect("text"));
    assert_eq!((&*answer.origin.username, &*answer.media[0].protocol), ("-", "-"));
    assert_eq!(answer.media[0].formats[0].id, FormatId::Text("-".into()));
}

#[test]
fn too_much_is_refused() {
    assert!(matches!(SessionDescription::parse(b"hello"), Err(SdpError::Syntax(_))));
    let lines = format!("{PHONE}{}", "m=audio 1 RTP/AVP 8\r\n".repeat(crate::base::limits::SDP_MEDIA_LINES));
    assert_eq!(SessionDescription::parse(lines.as_bytes()), Err(SdpError::TooManyMedia));
    let lines = format!("{PHONE}{}", "a=x\r\n".repeat(crate::base::limits::SDP_LINES));
    assert_eq!(SessionDescription::parse(lines.as_bytes()), Err(SdpError::TooManyLines));
    let formats = PHONE.replace("101 96", &"96 ".repeat(crate::base::limits::SDP_FORMATS));
    assert_eq!(SessionDescription::parse(formats.as_bytes()), Err(SdpError::TooManyFormats));
}

#[test]
fn ours_is_written_as_phones_expect_it() {
    let address = "192.0.2.1".parse().expect("an address");
    let answer = SessionDescription {
        origin: Origin { username: "-".into(), session_id: 7, version: 2, address },
        connection: Some(address),
        media: vec![MediaLine {
            kind: MediaKind::Audio,
            port: 20_000,
            protocol: "RTP/AVP".into(),
            formats: vec![Format::of(Codec::Pcma), Format::digits(101)],
            connection: Some(address),
            direction: Direction::SendRecv,
            ptime_ms: Some(20),
            rtcp_port: None,
        }],
    };
    let written = String::from_utf8(answer.write()).expect("text");
    assert_eq!(
        written,
        "v=0\r\no=- 7 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(parse(&written), answer);
    let mut refused = answer.clone();
    (refused.media[0].port, refused.media[0].formats) = (0, Vec::new());
    assert_eq!(parse(&String::from_utf8(refused.write()).expect("text")).media[0].port, 0);
    let mut evil = answer;
    evil.origin.username = "x\r\nm=audio 1 RTP/AVP 0".into();
    evil.media[0].formats[1].fmtp = Some("0-15\r\na=inactive".into());
    assert_eq!(String::from_utf8(evil.write()).expect("text").matches("\r\n").count(), 11);
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![
        Just(Format::of(Codec::Pcma)),
        Just(Format::of(Codec::Pcmu)),
        Just(Format::digits(101)),
        (
            "[A-Za-z0-9-]{1,12}",
            96_u8..=127,
            1_u32..200_000,
            1_u8..3,
            proptest::option::of("[a-z]=[0-9;]{1,9}")
        )
            .prop_map(|(name, payload_type, rate_hz, channels, fmtp)| Format {
                id: FormatId::PayloadType(payload_type),
                encoding: Some(Encoding { name, rate_hz, channels }),
                fmtp,
            }),
    ]
}

fn media() -> impl Strategy<Value = MediaLine> {
    let direction = prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive)
    ];
    let rtcp = proptest::option::of((any::<u16>(), proptest::option::of(any::<IpAddr>())));
    (
        any::<u16>(),
        proptest::collection::vec(format(), 1..6),
        any::<IpAddr>(),
        direction,
        any::<Option<u16>>(),
        rtcp,
    )
        .prop_map(|(port, mut formats, address, direction, ptime_ms, rtcp_port)| {
            let mut seen = crate::base::Set::default();
            formats.retain(|format| seen.insert(format.payload_type()));
            let receives = direction.receives() && !address.is_unspecified();
            MediaLine {
                kind: MediaKind::Audio,
                port,
                protocol: "RTP/AVP".into(),
                formats,
                connection: Some(address),
                direction: Direction::of(direction.sends(), receives),
                ptime_ms,
                rtcp_port,
            }
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        (session_id, version, address, connection) in any::<(u64, u64, IpAddr, Option<IpAddr>)>(),
        media in proptest::collection::vec(media(), 0..4),
    ) {
        let origin = Origin { username: "-".into(), session_id, version, address };
        let session = SessionDescription { origin, connection, media };
        prop_assert_eq!(SessionDescription::parse(&session.write()), Ok(session));
    }

    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400, at in 0_usize..400) {
        let _ = SessionDescription::parse(&body);
        let mut near = PHONE.as_bytes().to_vec();
        near.splice(at.min(near.len())..(at + cut % 8).min(near.len()), body.iter().copied().take(cut % 16));
        let _ = SessionDescription::parse(&near);
    }
}
