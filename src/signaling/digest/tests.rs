//! The examples of the RFCs, odd challenges, and what we write read again.

use super::*;
use proptest::prelude::*;

fn read(field: &str) -> Vec<Challenge> {
    Challenge::read(std::iter::once(field.as_bytes()))
}

fn answered(challenge: &Challenge, password: &str, cnonce: &str) -> String {
    let answer = Answer {
        user: b"Mufasa",
        password: &Secret::new(password.as_bytes()),
        method: b"GET",
        uri: b"/dir/index.html",
        cnonce: cnonce.as_bytes(),
        count: 1,
    };
    String::from_utf8(challenge.answer(&answer)).expect("text")
}

#[test]
fn the_example_of_rfc_2617_is_answered_as_printed() {
    let challenge = &read(
        "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
    )[0];
    let value = answered(challenge, "Circle Of Life", "0a4f113b");
    assert_eq!(
        value,
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
         response=\"6629fae49393a05397450978507c4ef1\", cnonce=\"0a4f113b\", qop=auth, nc=00000001, \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
    );
}

#[test]
fn without_qop_the_answer_has_the_form_of_rfc_2069() {
    let challenge =
        &read("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"")[0];
    let value = answered(challenge, "CircleOfLife", "0a4f113b");
    assert!(value.contains("response=\"1949323746fe6a43ef61f9606e7febea\""), "erratum 749: {value}");
    assert!(!value.contains("qop") && !value.contains("nc=") && !value.contains("cnonce"), "{value}");
}

#[test]
fn the_examples_of_rfc_7616_are_answered_as_printed() {
    let parameters = "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
         opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let challenge = &read(&format!("Digest {parameters}, algorithm={algorithm}"))[0];
        let value = answered(challenge, "Circle of Life", cnonce);
        assert!(value.contains(&format!("response=\"{response}\", algorithm={algorithm}")), "{value}");
    }
}

#[test]
fn several_challenges_are_told_apart_and_unknown_ones_passed_over() {
    let fields = [
        "Digest realm=\"a, \\\"b\\\"\", nonce=\"1\", algorithm=SHA-512-256, Digest realm=\"c\",nonce = \"2\" , stale=TRUE",
        "Basic realm=\"d\", digest Realm=\"e\",\r\n nonce=\"3\", algorithm=\"sha-256\"",
        "Digest realm=\"f\", nonce=\"4\", qop=\"auth-int\"",
        "Digest realm=\"g\", nonce=\"5\", algorithm=MD5-sess",
        "Digest realm=\"h\"",
        "Digest realm=\"i\rj\", nonce=\"6\"",
        ",,=, =x, \"",
    ];
    let read = Challenge::read(fields.iter().map(|field| field.as_bytes()));
    let told: Vec<_> = read.iter().map(|read| (&*read.realm, read.algorithm, read.stale)).collect();
    assert_eq!(told, [(&b"c"[..], Algorithm::Md5, true), (&b"e"[..], Algorithm::Sha256, false)]);
    assert!(Algorithm::Sha256 > Algorithm::Md5);
}

#[test]
fn the_count_is_eight_digits() {
    let challenge = &read("Digest realm=\"r\", nonce=\"n\", qop=auth")[0];
    let secret = Secret::new(b"p");
    let answer =
        Answer { user: b"u", password: &secret, method: b"BYE", uri: b"sip:x", cnonce: b"c", count: 31 };
    assert!(String::from_utf8_lossy(&challenge.answer(&answer)).contains("nc=0000001f"));
}

/// Any text a header can carry.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec((0x20..=0xff_u8).prop_filter("no control byte", |byte| *byte != 0x7f), 0..20)
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(user in text(), realm in text(), nonce in text(), opaque in text(), uri in text(), has_qop: bool) {
        let challenge = Challenge {
            realm: realm.clone().into(),
            nonce: nonce.clone().into(),
            opaque: Some(opaque.clone().into()),
            algorithm: Algorithm::Sha256,
            is_named: true,
            has_qop,
            stale: false,
        };
        let password = Secret::new(b"secret");
        let answer = Answer { user: &user, password: &password, method: b"INVITE", uri: &uri, cnonce: b"c", count: 1 };
        let value = challenge.answer(&answer);
        let read = schemes(&value);
        prop_assert_eq!(read.len(), 1);
        for (name, wanted) in [("username", &user), ("realm", &realm), ("nonce", &nonce), ("opaque", &opaque), ("uri", &uri)] {
            let found = read[0].value(name);
            prop_assert_eq!(found.as_ref(), Some(wanted), "{}", name);
        }
        let again = Challenge::read(std::iter::once(&value[..]));
        prop_assert_eq!(again, vec![challenge]);
    }

    #[test]
    fn no_field_is_too_odd_to_be_read(field in prop::collection::vec(any::<u8>(), 0..60)) {
        Challenge::read(std::iter::once(&field[..]));
    }
}
