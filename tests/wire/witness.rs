//! Messages our writer never wrote: rsip builds them, our reader reads the same values.

use proptest::prelude::*;
use rsip::headers::{ToTypedHeader, UntypedHeader};
use rsip::message::HeadersExt;
use spillway::wire::sip::{HeaderName, Message, Method, StartLine, validate};

fn request(
    method: rsip::Method,
    user: &str,
    tag: &str,
    call_id: &str,
    number: u32,
    body: &str,
) -> rsip::Request {
    let uri =
        rsip::Uri::try_from(format!("sip:{user}@example.com:5070;transport=tcp").as_str()).expect("a URI");
    let mut headers = rsip::Headers::default();
    headers.push(rsip::headers::Via::new("SIP/2.0/TCP client.example.com:5061;branch=z9hG4bKwitness").into());
    headers.push(rsip::headers::MaxForwards::new("70").into());
    headers.push(rsip::headers::From::new(format!("\"Nadia\" <sip:nadia@example.org>;tag={tag}")).into());
    headers.push(rsip::headers::To::new(format!("<sip:{user}@example.com>")).into());
    headers.push(rsip::headers::CallId::new(call_id).into());
    headers.push(rsip::headers::CSeq::new(format!("{number} {method}")).into());
    headers.push(rsip::headers::Contact::new("<sip:nadia@192.0.2.4:5061;transport=tcp>").into());
    headers.push(rsip::Header::Other("X-Extra".into(), "kept".into()));
    headers.push(rsip::headers::ContentLength::new(body.len().to_string()).into());
    rsip::Request { method, uri, version: rsip::Version::V2, headers, body: body.as_bytes().to_vec() }
}

proptest! {
    #[test]
    fn a_request_built_elsewhere_is_read_alike(
        method in prop::sample::select(vec![rsip::Method::Invite, rsip::Method::Bye, rsip::Method::Options, rsip::Method::Register]),
        user in "[a-z0-9+]{1,16}",
        tag in "[a-z0-9]{1,16}",
        call_id in "[a-zA-Z0-9]{1,20}@[a-z]{1,9}",
        number in 0_u32..2_000_000_000,
        body in "[ -~]{0,100}",
    ) {
        let built = request(method, &user, &tag, &call_id, number, &body);
        let bytes: Vec<u8> = built.clone().into();
        let read = Message::parse(&bytes).expect("readable");
        prop_assert_eq!(validate(&read), Ok(()));
        let StartLine::Request { method: read_method, uri } = read.start() else { panic!("a request") };
        prop_assert_eq!(read_method.as_str(), method.to_string());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        prop_assert_eq!(text(uri), built.uri.to_string());

        let theirs = built.from_header().expect("From").typed().expect("typed");
        let ours = read.from().expect("From");
        prop_assert_eq!(ours.tag, theirs.tag().map(|tag| tag.value().as_bytes()));
        prop_assert_eq!(text(ours.uri.raw), theirs.uri.to_string());

        let theirs = built.via_header().expect("Via").typed().expect("typed");
        let ours = read.top_via().expect("Via");
        prop_assert_eq!(ours.branch, theirs.branch().map(|branch| branch.value().as_bytes()));
        prop_assert_eq!(ours.port, theirs.uri.port().map(|port| *port.value()));
        prop_assert_eq!(ours.host.to_string(), theirs.uri.host().to_string());

        let theirs = built.cseq_header().expect("CSeq").typed().expect("typed");
        let ours = read.cseq().expect("CSeq");
        prop_assert_eq!((ours.number, ours.method.to_string()), (theirs.seq, theirs.method.to_string()));

        prop_assert_eq!(read.call_id(), Ok(call_id.as_bytes()));
        prop_assert_eq!(read.other("x-extra"), Some(&b"kept"[..]));
        prop_assert_eq!(read.max_forwards(), Ok(Some(70)));
        prop_assert_eq!(read.body(), body.as_bytes());
    }
}

#[test]
fn a_response_built_elsewhere_is_read_alike() {
    let request = request(rsip::Method::Invite, "201", "a", "c@d", 7, "");
    let response = rsip::Response {
        status_code: rsip::StatusCode::BusyHere,
        headers: request.headers,
        version: rsip::Version::V2,
        body: Vec::new(),
    };
    let bytes: Vec<u8> = response.into();
    let read = Message::parse(&bytes).expect("readable");
    assert_eq!((read.code(), validate(&read)), (Some(486), Ok(())));
    assert_eq!(read.cseq().map(|cseq| cseq.method), Ok(Method::Invite));
    assert_eq!(read.values(HeaderName::Via).count(), 1);
}
