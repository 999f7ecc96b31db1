//! Offer and answer between two sides, whatever they offer: as many lines back as came, and one idea of the codec.

use super::super::offer_answer::{Negotiation, Unacceptable};
use super::pair::{RIGHT, address};
use crate::base::Codec;
use crate::signaling::{Direction, LocalMedia};
use crate::wire::sdp::{MediaKind, SessionDescription};
use proptest::prelude::*;

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive)
    ]
}

fn codecs() -> impl Strategy<Value = Vec<Codec>> {
    prop_oneof![
        Just(vec![Codec::Pcma]),
        Just(vec![Codec::Pcmu]),
        Just(vec![Codec::Pcma, Codec::Pcmu]),
        Just(vec![Codec::Pcmu, Codec::Pcma])
    ]
}

fn media() -> impl Strategy<Value = LocalMedia> {
    (1_024_u16..65_000, codecs(), direction()).prop_map(|(port, codecs, direction)| LocalMedia {
        rtp: ([192, 0, 2, 1], port & !1).into(),
        codecs: codecs.into(),
        direction,
    })
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("m=audio 4000 RTP/AVP 8 0\r\n".to_owned()),
        Just(
            "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n".to_owned()
        ),
        Just("m=audio 0 RTP/AVP 8\r\n".to_owned()),
        Just("m=audio 4000 RTP/SAVP 8\r\n".to_owned()),
        Just("m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 PCMA/8000\r\n".to_owned()),
        Just("m=video 5000 RTP/AVP 31\r\n".to_owned()),
        Just("m=image 6000 udptl t38\r\n".to_owned()),
    ]
}

proptest! {
    #[test]
    fn both_sides_agree(first in media(), changes in prop::collection::vec((any::<bool>(), media()), 0..6)) {
        let (mut one, mut two) = (Negotiation::new(1, address(RIGHT)), Negotiation::new(2, address(RIGHT)));
        let answerer = LocalMedia { rtp: ([192, 0, 2, 2], 6_000).into(), ..first.clone() };
        let offer = one.offer(&first);
        two.hear_offer(&offer, &Codec::ALL).expect("our own offer is fine");
        let answer = two.answer(&answerer).expect("the same codecs");
        let heard = one.hear_answer(&answer, &Codec::ALL).expect("our own answer is fine");
        prop_assert_eq!(heard.codec, two.remote().expect("an offer was heard").codec);
        for (from_one, media) in changes {
            let (offerer, other) = if from_one { (&mut one, &mut two) } else { (&mut two, &mut one) };
            let offer = offerer.offer(&media);
            match other.hear_offer(&offer, &Codec::ALL) {
                Ok(_) => {
                    let answer = other.answer_alike().expect("what was heard can be answered");
                    let heard = offerer.hear_answer(&answer, &Codec::ALL).expect("fine");
                    let theirs = other.remote().expect("an offer was heard");
                    prop_assert_eq!(heard.codec, theirs.codec);
                    prop_assert!(!heard.direction.sends() || theirs.direction.receives());
                }
                Err(fault) => {
                    prop_assert_eq!(fault, Unacceptable::NothingInCommon);
                    offerer.withdraw();
                }
            }
        }
    }

    #[test]
    fn an_answer_has_as_many_lines_as_its_offer(lines in prop::collection::vec(line(), 1..6), ours in media()) {
        let offer = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{}", lines.concat());
        let mut side = Negotiation::new(7, address(RIGHT));
        if side.hear_offer(offer.as_bytes(), &Codec::ALL).is_ok()
            && let Some(answer) = side.answer(&ours)
        {
            let answer = SessionDescription::parse(&answer).expect("readable");
            prop_assert_eq!(answer.media.len(), lines.len());
            let voices = answer.media.iter().filter(|line| line.kind == MediaKind::Audio && line.port != 0);
            prop_assert_eq!(voices.count(), 1);
            let remote = side.remote().expect("an offer was heard");
            let voice = answer.media.iter().find(|line| line.port != 0).expect("one voice");
            prop_assert_eq!(voice.payload_type(remote.codec), Some(remote.payload_types.of(remote.codec)));
        }
    }

    #[test]
    fn no_body_is_too_odd(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut side = Negotiation::new(7, address(RIGHT));
        let _ = side.hear_offer(&body, &Codec::ALL);
        let mut side = Negotiation::new(7, address(RIGHT));
        side.offer(&LocalMedia {
            rtp: ([192, 0, 2, 1], 4_000).into(),
            codecs: Codec::ALL.into(),
            direction: Direction::SendRecv,
        });
        prop_assert!(side.hear_answer(&body, &Codec::ALL).is_err());
    }
}

fn described(lines: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{lines}")
}

fn ours() -> LocalMedia {
    LocalMedia {
        rtp: ([192, 0, 2, 1], 4_000).into(),
        codecs: Codec::ALL.into(),
        direction: Direction::SendRecv,
    }
}

/// The formats of the voice line, by their numbers.
fn numbers(body: &[u8]) -> (Option<u8>, Option<u8>, Option<u8>) {
    let session = SessionDescription::parse(body).expect("readable");
    let line = &session.media[0];
    (line.payload_type(Codec::Pcma), line.payload_type(Codec::Pcmu), line.telephone_event())
}

#[test]
fn a_codec_is_answered_under_the_number_it_was_offered_with() {
    let mut side = Negotiation::new(7, address(RIGHT));
    let offer = described(
        "m=audio 4000 RTP/AVP 97 101 0\r\na=rtpmap:97 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n",
    );
    let heard = side.hear_offer(offer.as_bytes(), &Codec::ALL).expect("RFC 3551 allows it");
    assert_eq!((heard.codec, heard.payload_types.of(Codec::Pcma)), (Codec::Pcma, 97));
    assert_eq!(heard.payload_types.of(Codec::Pcmu), 0);
    let answer = side.answer(&ours()).expect("a common codec");
    assert_eq!(numbers(&answer), (Some(97), None, Some(101)));
    assert_eq!(numbers(&side.offer_again()), (Some(97), Some(0), Some(101)), "RFC 3264 section 8.3.2");
}

#[test]
fn a_number_that_stands_for_voice_never_comes_to_stand_for_digits() {
    let mut side = Negotiation::new(7, address(RIGHT));
    let offer = described("m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 PCMU/8000\r\n");
    side.hear_offer(offer.as_bytes(), &Codec::ALL).expect("RFC 3551 allows it");
    assert_eq!(numbers(&side.answer(&ours()).expect("a common codec")), (None, Some(101), None));
    assert_eq!(numbers(&side.offer_again()), (Some(8), Some(101), Some(102)));
}

#[test]
fn an_answer_under_a_number_of_its_own_is_understood_and_a_number_of_another_codec_is_not() {
    let mut side = Negotiation::new(7, address(RIGHT));
    side.offer(&ours());
    let answer = described("m=audio 4000 RTP/AVP 118\r\na=rtpmap:118 PCMA/8000\r\n");
    let heard = side.hear_answer(answer.as_bytes(), &Codec::ALL).expect("fine");
    assert_eq!((heard.codec, heard.payload_types.of(Codec::Pcma)), (Codec::Pcma, 118));
    assert_eq!(numbers(&side.offer_again()), (Some(8), Some(0), Some(101)), "what we said stays");
    for number in [0, 13, 72] {
        let mut side = Negotiation::new(7, address(RIGHT));
        let offer = described(&format!("m=audio 4000 RTP/AVP {number}\r\na=rtpmap:{number} PCMA/8000\r\n"));
        let heard = side.hear_offer(offer.as_bytes(), &Codec::ALL);
        assert_eq!(heard, Err(Unacceptable::NothingInCommon), "{number}");
    }
}
