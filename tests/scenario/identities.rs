//! Who calls and who sent the call on, in the words each trunk asks for.

use crate::support::sim::by_hand::{ByHand, IPBX, Said};
use spillway::engine::EngineConfig;
use spillway::settings::NumberFormat;
use spillway::signaling::{CallerHeader, DiversionHeader, IdentityPolicy};

const SITE: &str = r#"
[target.prestataire]
number = "03 84 00 00 02"
ring   = "60s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.muet]
steps = [{ go = "prestataire" }]

[number."03 84 96 13 70"]
flow = "muet"

[prompts]
rappelez = "Merci de rappeler."
"#;

const CARRIER: &str = "198.51.100.1:5070";

/// What the carrier is asked when `caller` calls with these further headers.
fn asked(wire: impl FnOnce(&mut EngineConfig), caller: &str, more: &str) -> Said {
    let mut world = ByHand::new(SITE, wire);
    world.calls(IPBX, "0384961370", caller, "call", more);
    world.invite_to(CARRIER)
}

fn with(policy: IdentityPolicy) -> impl FnOnce(&mut EngineConfig) {
    move |config| config.trunks[0].identity = policy
}

#[test]
fn the_callers_number_stands_where_the_trunk_wants_it() {
    for (header, name, value) in [
        (CallerHeader::PAssertedIdentity, "P-Asserted-Identity", "<sip:0601020304@192.0.2.1:5060>"),
        (CallerHeader::PPreferredIdentity, "P-Preferred-Identity", "<sip:0601020304@192.0.2.1:5060>"),
        (
            CallerHeader::RemotePartyId,
            "Remote-Party-ID",
            "<sip:0601020304@192.0.2.1:5060>;party=calling;screen=no;privacy=off",
        ),
    ] {
        let invite = asked(with(IdentityPolicy::with(header)), "0601020304", "");
        assert_eq!(invite.headers(name), [value]);
        assert!(invite.header("From").starts_with("<sip:0601020304@192.0.2.1:5060>"));
        assert!(invite.headers("Privacy").is_empty());
    }
    let plain = asked(|_| {}, "0601020304", "");
    for name in ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Privacy"] {
        assert!(plain.headers(name).is_empty(), "{name}");
    }
}

#[test]
fn who_withholds_their_number_is_named_to_a_trusted_trunk_alone() {
    let policy = IdentityPolicy::with(CallerHeader::PAssertedIdentity);
    let hides = "Privacy: id\r\n";
    let invite = asked(with(policy.clone()), "0601020304", hides);
    assert!(invite.header("From").starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
    assert_eq!(invite.headers("Privacy"), ["id"]);
    assert!(!invite.text.contains("601020304"), "{}", invite.text);
    let invite = asked(with(IdentityPolicy { is_trusted: true, ..policy }), "0601020304", hides);
    assert!(invite.header("From").contains("anonymous.invalid"));
    assert_eq!(invite.header("P-Asserted-Identity"), "<sip:0601020304@192.0.2.1:5060>");
    assert_eq!(invite.headers("Privacy"), ["id"]);
}

#[test]
fn a_trunk_may_show_one_number_for_every_call() {
    let number = Some("+33384961370".into());
    let policy = IdentityPolicy { number, ..IdentityPolicy::with(CallerHeader::PAssertedIdentity) };
    let invite = asked(with(policy.clone()), "0601020304", "");
    assert!(
        invite.header("From").starts_with("<sip:+33384961370@192.0.2.1:5060>"),
        "{}",
        invite.header("From")
    );
    assert_eq!(invite.header("P-Asserted-Identity"), "<sip:0601020304@192.0.2.1:5060>", "the caller's own");
    let hidden = asked(with(policy), "0601020304", "Privacy: id\r\n");
    assert!(hidden.header("From").starts_with("<sip:+33384961370@"));
    assert!(!hidden.text.contains("601020304") && hidden.headers("Privacy").is_empty());
}

#[test]
fn an_asserted_number_counts_only_where_the_trunk_says_so() {
    let says =
        "P-Asserted-Identity: <sip:+33142960000@a>\r\nRemote-Party-ID: <sip:+33142960001@a>;privacy=full\r\n";
    assert!(asked(|_| {}, "0601020304", says).header("From").contains("0601020304"));
    let reads = |header| move |config: &mut EngineConfig| config.trunks[1].peer.caller_from = header;
    let asserted = asked(reads(CallerHeader::PAssertedIdentity), "0601020304", says);
    assert!(asserted.header("From").contains("+33142960000"));
    let hidden = asked(reads(CallerHeader::RemotePartyId), "0601020304", says);
    assert!(hidden.header("From").contains("anonymous.invalid"), "privacy=full");
}

#[test]
fn history_info_tells_the_same_as_diversion() {
    let came = "Diversion: <sip:0384000009@a>;reason=user-busy\r\n";
    let policy = |diversion| IdentityPolicy { diversion, ..IdentityPolicy::default() };
    let invite = asked(with(policy(DiversionHeader::HistoryInfo)), "0601020304", came);
    let history = invite.headers("History-Info");
    assert_eq!(history[0], "<sip:0384000009@192.0.2.1:5060>;index=1");
    assert!(history[1].starts_with("<sip:0384961370@192.0.2.1:5060;cause=486>;index=1.1;mp=1;spillway="));
    assert_eq!(history[2], "<sip:0384000002@198.51.100.1:5070;cause=302>;index=1.1.1;mp=1.1");
    assert_eq!((history.len(), invite.headers("Diversion").len()), (3, 0));
    let both = asked(with(policy(DiversionHeader::Both)), "0601020304", came);
    assert_eq!((both.headers("History-Info").len(), both.headers("Diversion").len()), (3, 2));
    let off = asked(with(policy(DiversionHeader::Off)), "0601020304", came);
    assert_eq!((off.headers("History-Info").len(), off.headers("Diversion").len()), (0, 0));
}

#[test]
fn history_info_is_read_where_no_diversion_came() {
    let came = "History-Info: <sip:0384000008@a>;index=1, <sip:0384000009@a;cause=408>;index=1.1;mp=1,\r\n \
        <sip:0384961370@b;cause=486>;index=1.1.1;mp=1.1\r\n";
    let diversions = asked(|_| {}, "0601020304", came);
    let diversions = diversions.headers("Diversion");
    assert!(diversions[0].contains("0384961370") && diversions[0].contains("reason=unconditional"));
    assert!(diversions[1].contains("0384000009") && diversions[1].contains("reason=user-busy"));
    assert!(diversions[2].contains("0384000008") && diversions[2].contains("reason=no-answer"));
    assert_eq!(diversions.len(), 3);
}

#[test]
fn our_own_history_come_back_is_a_loop_too() {
    let mut world = ByHand::new(SITE, |config| {
        config.trunks[0].identity.diversion = DiversionHeader::HistoryInfo;
    });
    world.calls(CARRIER, "0384961370", "0601020304", "first", "");
    let out = world.invite_to(CARRIER);
    let history: String =
        out.headers("History-Info").iter().map(|value| format!("History-Info: {value}\r\n")).collect();
    let back = format!("{history}History-Info: <sip:0384961370@192.0.2.1;cause=302>;index=1.1.1;mp=1.1\r\n");
    world.calls(CARRIER, "0384961370", "0601020399", "back", &back);
    assert_eq!(world.said_to(CARRIER, "482").len(), 1, "{:#?}", world.lines());
}

#[test]
fn numbers_are_written_as_each_trunk_writes_them() {
    let writes = |format| {
        move |config: &mut EngineConfig| {
            config.trunks[0].line.numbers = format;
            config.trunks[0].line.callers = Some(format);
        }
    };
    for (dialled, caller) in
        [("0384961370", "0601020304"), ("+33384961370", "+33601020304"), ("0033384961370", "0033601020304")]
    {
        for (format, target, shown) in [
            (NumberFormat::E164, "sip:+33384000002@", "<sip:+33601020304@"),
            (NumberFormat::National, "sip:0384000002@", "<sip:0601020304@"),
        ] {
            let mut world = ByHand::new(SITE, writes(format));
            world.calls(IPBX, dialled, caller, "call", "");
            let invite = world.invite_to(CARRIER);
            assert!(invite.first_line().contains(target), "{dialled}: {}", invite.first_line());
            assert!(invite.header("From").starts_with(shown), "{caller}: {}", invite.header("From"));
        }
    }
    let hidden = asked(
        |config| {
            writes(NumberFormat::E164)(config);
            let policy = IdentityPolicy::with(CallerHeader::PAssertedIdentity);
            config.trunks[0].identity = IdentityPolicy { is_trusted: true, ..policy };
        },
        "0601020304",
        "Privacy: id\r\n",
    );
    assert_eq!(hidden.header("P-Asserted-Identity"), "<sip:+33601020304@192.0.2.1:5060>");
    let as_it_came = asked(|_| {}, "0033601020304", "");
    assert!(as_it_came.header("From").starts_with("<sip:0033601020304@"));
}

/// {"attest":"A","dest":{"tn":["33384000002"]},"iat":…,"orig":{"tn":"33601020304"}}, unsigned.
fn passport(iat: &str) -> String {
    let claims = format!(
        "{{\"attest\":\"A\",\"dest\":{{\"tn\":[\"33384000002\"]}},\"iat\":{iat},\"orig\":{{\"tn\":\"33601020304\"}}}}"
    );
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = claims.bytes().map(|byte| format!("{byte:08b}")).collect();
    let letters = bits.as_bytes().chunks(6).map(|chunk| {
        let text = format!("{:0<6}", std::str::from_utf8(chunk).expect("digits"));
        char::from(LETTERS[usize::from_str_radix(&text, 2).expect("binary")])
    });
    let coded: String = letters.collect();
    format!("eyJ0eXAiOiJwYXNzcG9ydCJ9.{coded}.c2ln;info=<https://cert.example/c.cer>;alg=ES256;ppt=shaken")
}

#[test]
fn a_signed_identity_goes_on_while_it_is_fresh_and_says_what_the_call_says() {
    // The story's Monday, 9 March 2026, 10:00 in Paris.
    let (now, old) = (1_773_046_800, 1_773_046_800 - 61);
    let relays = || with(IdentityPolicy { relays: true, ..IdentityPolicy::default() });
    let fresh = passport(&now.to_string());
    let header = |value: &str| format!("Identity: {value}\r\n");
    assert_eq!(asked(relays(), "0601020304", &header(&fresh)).headers("Identity"), [fresh.as_str()]);
    let never = |wire: Box<dyn FnOnce(&mut EngineConfig)>, caller: &str, value: &str| {
        assert!(asked(wire, caller, &header(value)).headers("Identity").is_empty());
    };
    never(Box::new(relays()), "0601020304", &passport(&old.to_string()));
    never(Box::new(relays()), "0601020305", &fresh);
    never(Box::new(|_| {}), "0601020304", &fresh);
    let number = Some("+33384961370".into());
    never(
        Box::new(with(IdentityPolicy { relays: true, number, ..IdentityPolicy::default() })),
        "0601020304",
        &fresh,
    );
}
