//! Phones that register: what they must prove, where they are then, and what strangers learn of them: nothing.

use super::raw::{Raw, SDP, header, status};
use crate::base::{PhoneId, Secret, Transport, TrunkId, limits};
use crate::signaling::digest::{Algorithm, Answer, Challenge, password_digests};
use crate::signaling::{Caller, ContactPath, Invite, Observation, PhoneAccount, PhoneSettings};

pub(super) const HOME: &str = "198.51.100.7:40000";
const NADIA: PhoneId = PhoneId(0);

pub(super) fn settings() -> PhoneSettings {
    let account = |extension: &str| {
        let [md5, sha256] = password_digests(extension, "spillway", &Secret::new(b"s3cret"));
        PhoneAccount {
            extension: extension.into(),
            ha1_md5: Some(Secret::new(md5.as_bytes())),
            ha1_sha256: Some(Secret::new(sha256.as_bytes())),
        }
    };
    PhoneSettings {
        line: TrunkId(1),
        realm: "spillway".into(),
        phones: vec![account("201"), account("202")],
        agents: vec!["203".into()],
        countries: vec!["FR".into()],
        expires_min_s: 60,
        expires_max_s: 3_600,
    }
}

/// A phone's side of one stack.
pub(super) struct World {
    pub(super) raw: Raw,
    pub(super) n: u32,
}

/// What a phone says, before credentials.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) uri: String,
    pub(super) user: String,
    pub(super) call_id: String,
    pub(super) extra: String,
    pub(super) body: &'static str,
}

pub(super) fn register(contact: &str) -> Request {
    Request {
        method: "REGISTER",
        uri: "sip:spillway".into(),
        user: "201".into(),
        call_id: "phone-a".into(),
        extra: if contact.is_empty() { String::new() } else { format!("Contact: {contact}\r\n") },
        body: "",
    }
}

impl Request {
    pub(super) fn with(mut self, extra: &str) -> Self {
        self.extra += extra;
        self.extra += "\r\n";
        self
    }

    pub(super) fn text(&self, n: u32, remote: &str, credentials: &str) -> String {
        let Self { method, uri, user, call_id, extra, body } = self;
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {remote};branch=z9hG4bKp{n};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@spillway>;tag=f{n}\r\nTo: <sip:{user}@spillway>\r\nCall-ID: {call_id}\r\n\
             CSeq: {n} {method}\r\n{extra}{credentials}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

impl World {
    pub(super) fn new() -> Self {
        let mut raw = Raw::with_phones(settings());
        raw.speak_from(HOME);
        raw.wait_ms(1);
        raw.sent.clear();
        Self { raw, n: 0 }
    }

    pub(super) fn say(&mut self, request: &Request, credentials: &str) -> Vec<String> {
        self.n += 1;
        let remote = self.raw.flow().remote.to_string();
        self.raw.say(&request.text(self.n, &remote, credentials))
    }

    /// Asks, and answers the challenge as `user` with `password`.
    fn prove_as(
        &mut self,
        request: &Request,
        algorithm: Algorithm,
        user: &str,
        password: &str,
    ) -> Vec<String> {
        let challenged = self.say(request, "");
        assert_eq!(status(&challenged[0]), "401 Unauthorized");
        let credentials = answer(&challenged[0], request, algorithm, user, password, 1);
        self.say(request, &credentials)
    }

    pub(super) fn prove(&mut self, request: &Request) -> Vec<String> {
        self.prove_as(request, Algorithm::Sha256, "201", "s3cret")
    }

    /// The same in the dialog of a subscription: our tag in To, theirs in From as its first NOTIFY had it in To.
    pub(super) fn prove_in_dialog(&mut self, request: &Request, tag: &str, from: &str) -> Vec<String> {
        let remote = self.raw.flow().remote.to_string();
        let mut said = Vec::new();
        let mut credentials = String::new();
        for _ in 0..2 {
            self.n += 1;
            let n = self.n;
            let text = request.text(n, &remote, &credentials);
            let text = text.replace(&format!("From: <sip:201@spillway>;tag=f{n}"), &format!("From: {from}"));
            let text = text.replace("To: <sip:201@spillway>", &format!("To: <sip:201@spillway>;tag={tag}"));
            said = self.raw.say(&text);
            if status(&said[0]) == "401 Unauthorized" {
                credentials = answer(&said[0], request, Algorithm::Sha256, "201", "s3cret", 1);
            }
        }
        said
    }

    pub(super) fn contacts(&self) -> Vec<String> {
        let shown = |contact: ContactPath| {
            format!("{} via {}", String::from_utf8_lossy(&contact.uri), contact.flow.remote)
        };
        self.raw.stack.contacts(NADIA).into_iter().map(shown).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        let stack = &self.raw.stack;
        (stack.legs(), stack.transactions(), stack.timers(), stack.registered_contacts()) == (0, 0, 0, 0)
    }

    pub(super) fn saw(&self, wanted: Observation) -> usize {
        self.raw.observed.iter().filter(|seen| **seen == wanted).count()
    }
}

/// The header that answers a 401.
pub(super) fn answer(
    challenged: &str,
    request: &Request,
    algorithm: Algorithm,
    user: &str,
    password: &str,
    count: u32,
) -> String {
    let fields = challenged.lines().filter_map(|line| line.strip_prefix("WWW-Authenticate: "));
    let challenges = Challenge::read(fields.map(str::as_bytes));
    let challenge = challenges.iter().find(|one| one.algorithm == algorithm).expect("offered");
    let value = challenge.answer(&Answer {
        user: user.as_bytes(),
        password: &Secret::new(password.as_bytes()),
        method: request.method.as_bytes(),
        uri: request.uri.as_bytes(),
        cnonce: b"c",
        count,
    });
    format!("Authorization: {}\r\n", String::from_utf8(value).expect("text"))
}

#[test]
fn a_phone_registers_by_either_hash_and_is_found_where_it_speaks_from() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let mut world = World::new();
        let challenged = world.say(&register("<sip:201@10.0.0.7:5060>"), "");
        let asked: Vec<&str> = challenged[0].lines().filter(|line| line.starts_with("WWW-")).collect();
        assert!(asked[0].contains("algorithm=SHA-256, qop=\"auth\"") && asked[1].contains("algorithm=MD5"));
        assert!(!challenged[0].contains("stale"));
        assert!(world.is_empty(), "a stranger leaves something behind");
        let granted = world.prove_as(&register("<sip:201@10.0.0.7:5060>"), algorithm, "201", "s3cret");
        assert_eq!(status(&granted[0]), "200 OK");
        assert_eq!(header(&granted[0], "Contact"), "<sip:201@10.0.0.7:5060>;expires=3600");
        assert_eq!(world.contacts(), [format!("sip:201@10.0.0.7:5060 via {HOME}")]);
        assert_eq!(world.saw(Observation::PhoneContacts { phone: NADIA, contacts: 1 }), 1);
        assert_eq!(world.saw(Observation::RegistrarAnswered { result: "registered" }), 1);
    }
}

#[test]
fn only_hashes_some_phone_has_are_asked_for() {
    let mut md5_alone = settings();
    for phone in &mut md5_alone.phones {
        phone.ha1_sha256 = None;
    }
    let mut raw = Raw::with_phones(md5_alone);
    raw.speak_from(HOME);
    let asked = raw.say(&register("<sip:201@10.0.0.7>").text(1, HOME, ""));
    assert_eq!(asked[0].matches("WWW-Authenticate").count(), 1, "{}", asked[0]);
    assert!(asked[0].contains("algorithm=MD5"), "{}", asked[0]);
}

#[test]
fn a_password_digest_without_qop_is_taken_once() {
    let mut world = World::new();
    let request = register("<sip:201@10.0.0.7>");
    let challenged = world.say(&request, "");
    let old = challenged[0].replace(", qop=\"auth\"", "");
    let credentials = answer(&old, &request, Algorithm::Md5, "201", "s3cret", 1);
    assert_eq!(status(&world.say(&request, &credentials)[0]), "200 OK");
    assert_eq!(status(&world.say(&request, &credentials)[0]), "401 Unauthorized");
}

#[test]
fn who_does_not_exist_is_answered_like_whose_password_is_wrong() {
    let answers = [("201", "wrong"), ("999", "s3cret"), ("2 1", "x"), ("", "")].map(|(user, password)| {
        let mut world = World::new();
        let answer = world.prove_as(&register("<sip:201@10.0.0.7>"), Algorithm::Sha256, user, password);
        assert!(world.is_empty());
        assert_eq!(world.saw(Observation::PhoneRefused { why: "credentials" }), 1);
        answer[0].clone()
    });
    for answer in &answers {
        assert_eq!(status(answer), "401 Unauthorized");
        assert_eq!(*answer, answers[0], "the same bytes, nonce included");
    }
}

#[test]
fn what_was_overheard_is_worth_nothing() {
    let mut world = World::new();
    let request = register("<sip:201@10.0.0.7>");
    let challenged = world.say(&request, "");
    let credentials = answer(&challenged[0], &request, Algorithm::Sha256, "201", "s3cret", 1);
    assert_eq!(status(&world.say(&request, &credentials)[0]), "200 OK");
    world.raw.speak_from("203.0.113.66:5060");
    let replayed = world.say(&request, &credentials);
    assert_eq!(status(&replayed[0]), "401 Unauthorized");
    assert!(replayed[0].contains("stale=true"), "its password was right");
    assert_eq!(world.saw(Observation::PhoneRefused { why: "stale" }), 1);
    // Nor for another request, though the count is new.
    let other =
        Request { uri: "sip:0899000000@spillway".into(), method: "INVITE", body: SDP, ..request.clone() };
    let counted = answer(&challenged[0], &request, Algorithm::Sha256, "201", "s3cret", 2);
    let refused = world.say(&other, &counted);
    assert_eq!(status(&refused[0]), "401 Unauthorized");
    assert!(!refused[0].contains("stale") && world.raw.invited.is_empty());
    assert_eq!(world.contacts(), [format!("sip:201@10.0.0.7 via {HOME}")]);
}

#[test]
fn a_nonce_is_counted_up_and_grows_old() {
    let mut world = World::new();
    let request = register("<sip:201@10.0.0.7>");
    let challenged = world.say(&request, "");
    let try_count = |world: &mut World, count| {
        let credentials = answer(&challenged[0], &request, Algorithm::Md5, "201", "s3cret", count);
        status(&world.say(&request, &credentials)[0]).to_owned()
    };
    for (count, expected) in
        [(1, "200 OK"), (2, "200 OK"), (2, "401 Unauthorized"), (9, "200 OK"), (3, "401 Unauthorized")]
    {
        assert_eq!(try_count(&mut world, count), expected, "{count}");
    }
    world.raw.wait_ms(61_000);
    assert_eq!(try_count(&mut world, 10), "401 Unauthorized");
}

#[test]
fn a_copy_of_a_register_gets_the_same_answer() {
    let mut world = World::new();
    let request = register("<sip:201@10.0.0.7>");
    let first = world.prove(&request);
    let sent = world.raw.sent.len();
    world.n -= 1;
    let challenged = world.raw.sent[sent - 2].clone();
    let credentials = answer(&challenged, &request, Algorithm::Sha256, "201", "s3cret", 1);
    assert_eq!(world.say(&request, &credentials), first);
}

#[test]
fn nobody_registers_for_another() {
    let mut world = World::new();
    let other = Request { user: "202".into(), ..register("<sip:201@10.0.0.7>") };
    assert_eq!(status(&world.prove(&other)[0]), "403 Forbidden");
    assert_eq!(world.raw.stack.registered_contacts(), 0);
}

#[test]
fn a_sixth_contact_takes_the_place_of_the_one_refreshed_longest_ago() {
    let mut world = World::new();
    for n in 1..=5 {
        world.raw.speak_from(&format!("198.51.100.{n}:5060"));
        let one = Request { call_id: format!("phone-{n}"), ..register(&format!("<sip:201@10.0.0.{n}>")) };
        world.prove(&one);
    }
    world.raw.speak_from("198.51.100.1:5060");
    let refreshed = Request { call_id: "phone-1".into(), ..register("<sip:201@10.0.0.1>") };
    assert_eq!(world.prove(&refreshed)[0].matches("Contact:").count(), limits::CONTACTS);
    world.raw.speak_from("198.51.100.6:5060");
    let sixth = Request { call_id: "phone-6".into(), ..register("<sip:201@10.0.0.6>") };
    world.prove(&sixth);
    let expected = [3, 4, 5, 1, 6].map(|n| format!("sip:201@10.0.0.{n} via 198.51.100.{n}:5060"));
    assert_eq!(world.contacts(), expected);
    assert_eq!(world.saw(Observation::ContactReplaced), 1);
}

#[test]
fn contacts_are_fetched_removed_and_lapse() {
    let mut world = World::new();
    let contacts = "<sip:201@10.0.0.7>;expires=90, <sip:201@10.0.0.8>";
    world.prove(&register(contacts).with("Expires: 600"));
    assert_eq!(world.contacts().len(), 2);
    let fetched = world.prove(&register(""));
    assert_eq!(fetched[0].matches("Contact: <").count(), 2, "{}", fetched[0]);
    let flow = world.raw.flow();
    world.raw.act(|stack, now| stack.flow_lost(now, flow));
    assert_eq!(world.contacts().len(), 2, "a datagram has no connection to lose");
    // Nothing translates on the way of the second, so it is not asked; the first lapses.
    let gone = world.prove(&register("<sip:201@10.0.0.8>;expires=0"));
    assert!(header(&gone[0], "Contact").starts_with("<sip:201@10.0.0.7>;expires=90"));
    let all = world.prove(&register("*").with("Expires: 0"));
    assert!(!all[0].contains("Contact:"));
    assert_eq!(world.raw.stack.registered_contacts(), 0);
    world.raw.speak_from("198.51.100.7:5060");
    world.prove(&register("<sip:201@198.51.100.7:5060>").with("Expires: 60"));
    world.raw.wait_ms(59_000);
    assert_eq!(world.contacts().len(), 1);
    world.raw.wait_ms(2_000);
    assert_eq!(world.contacts().len(), 0);
    assert_eq!(world.raw.observed.last(), Some(&Observation::PhoneContacts { phone: NADIA, contacts: 0 }));
}

#[test]
fn what_can_not_be_done_is_not_done_at_all() {
    let mut world = World::new();
    let both = "<sip:201@10.0.0.7>, <sip:201@10.0.0.8>;expires=5";
    let brief = world.prove(&register(both));
    assert_eq!((status(&brief[0]), header(&brief[0], "Min-Expires")), ("423 Interval Too Brief", "60"));
    for (contact, extra) in [
        ("*", "Expires: 60"),
        ("*", "Subject: no Expires"),
        ("*, <sip:201@10.0.0.7>", "Expires: 0"),
        ("<tel:+33384961370>", "Expires: 60"),
        ("<sip:201@10.0.0.7?Route=%3Csip:x%3E>", "Expires: 60"),
    ] {
        let refused = world.prove(&register(contact).with(extra));
        assert_eq!(status(&refused[0]), "400 Bad Request", "{contact} {extra}");
    }
    let required = world.prove(&register("<sip:201@10.0.0.7>").with("Require: gruu, path"));
    assert_eq!((status(&required[0]), header(&required[0], "Unsupported")), ("420 Bad Extension", "gruu"));
    assert_eq!(world.raw.stack.registered_contacts(), 0);
}

#[test]
fn a_register_that_comes_late_changes_nothing() {
    let mut world = World::new();
    world.n = 10;
    world.prove(&register("<sip:201@10.0.0.7>"));
    world.n = 3;
    let late = world.prove(&register("<sip:201@10.0.0.7>;expires=0"));
    assert_eq!(status(&late[0]), "500 Server Internal Error");
    assert_eq!(world.contacts().len(), 1);
    // Another Call-ID is another life of the phone.
    let anew = Request { call_id: "phone-b".into(), ..register("<sip:201@10.0.0.7>;expires=0") };
    assert_eq!(status(&world.prove(&anew)[0]), "200 OK");
    assert_eq!(world.contacts().len(), 0);
}

#[test]
fn a_phone_that_starts_anew_leaves_no_second_contact_behind() {
    let mut world = World::new();
    world.prove(&register("<sip:201-first@10.0.0.7>"));
    let anew = Request { call_id: "phone-b".into(), ..register("<sip:201-second@10.0.0.7>") };
    world.prove(&anew);
    assert_eq!(world.contacts(), [format!("sip:201-second@10.0.0.7 via {HOME}")]);
}

#[test]
fn a_closed_stream_takes_its_contacts_along() {
    let mut world = World::new();
    world.raw.speak_over(Transport::Tcp, HOME);
    world.prove(&register("<sip:201@10.0.0.7;transport=tcp>"));
    let flow = world.raw.flow();
    world.raw.speak_over(Transport::Udp, "198.51.100.7:5060");
    world.prove(&register("<sip:201@198.51.100.7>"));
    world.raw.act(|stack, now| stack.flow_lost(now, flow));
    assert_eq!(world.contacts(), ["sip:201@198.51.100.7 via 198.51.100.7:5060"]);
}

#[test]
fn outbound_and_path_are_kept_and_one_flow_of_an_instance_is_rung() {
    let mut world = World::new();
    let instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\"";
    for (reg_id, remote) in [(1, "198.51.100.1:5060"), (2, "198.51.100.2:5060")] {
        world.raw.speak_from(remote);
        let contact = format!("<sip:201@10.0.0.7;ob>;{instance};reg-id={reg_id}");
        let granted = world.prove(
            &Request { call_id: format!("o{reg_id}"), ..register(&contact) }
                .with("Supported: path, outbound")
                .with("Path: <sip:edge.example;lr>"),
        );
        assert_eq!(header(&granted[0], "Require"), "outbound");
        assert_eq!(header(&granted[0], "Path"), "<sip:edge.example;lr>");
        assert!(granted[0].contains(&format!(";{instance};reg-id={reg_id}")), "{}", granted[0]);
    }
    assert_eq!(world.raw.stack.registered_contacts(), 1 + 1);
    let [contact] = &world.raw.stack.contacts(NADIA)[..] else { panic!("{:?}", world.contacts()) };
    assert_eq!(contact.flow.remote.to_string(), "198.51.100.2:5060");
    let contact = contact.clone();
    let mut invite = Invite::new(contact.flow, "201", Caller::default(), super::pair::local(4_000));
    invite.contact = Some(contact);
    let sent = world.raw.act(|stack, now| {
        stack.invite(now, invite);
    });
    assert!(sent[0].starts_with("INVITE sip:201@10.0.0.7;ob SIP/2.0\r\n"), "{}", sent[0]);
    assert_eq!(header(&sent[0], "Route"), "<sip:edge.example;lr>");
}

#[test]
fn a_phone_behind_a_translation_is_asked_for_a_sign_of_life_and_forgotten_without_one() {
    let mut world = World::new();
    world.prove(&register("<sip:201@10.0.0.7>"));
    let asked = world.raw.wait_ms(27_000);
    assert!(asked[0].starts_with("OPTIONS sip:201@10.0.0.7 SIP/2.0"), "{asked:?}");
    assert_eq!(world.raw.flows.last().map(|flow| flow.remote.to_string()), Some(HOME.into()));
    // Any answer is a sign of life.
    world.raw.say(&super::raw::response(&asked[0], "404 Not Found", "x", ""));
    let asked = world.raw.wait_ms(27_000);
    assert!(asked[0].starts_with("OPTIONS "), "{asked:?}");
    world.raw.wait_ms(31_000);
    assert_eq!(world.contacts().len(), 1);
    world.raw.wait_ms(2_000);
    assert_eq!(world.contacts().len(), 0);
    world.raw.wait_ms(40_000);
    assert!(world.is_empty());
}

#[test]
fn a_phone_may_withhold_its_number_but_not_take_anothers() {
    let mut world = World::new();
    world.prove(&register("<sip:201@10.0.0.7:40000>"));
    let call = |user: &str, call_id: &str| Request {
        method: "INVITE",
        uri: "sip:0899000000@spillway".into(),
        user: user.into(),
        call_id: call_id.into(),
        extra: "Contact: <sip:201@10.0.0.7:40000>\r\nContent-Type: application/sdp\r\n".into(),
        body: SDP,
    };
    for (user, refused) in [("anonymous", false), ("202", true)] {
        world.prove(&call(user, user));
        let (_, invitation) = world.raw.invited.last().expect("invited");
        assert_eq!(invitation.phone.as_ref().map(|own| own.as_str()), Some("201"));
        assert_eq!(
            (invitation.caller.anonymous, invitation.refusal.is_some()),
            (!refused, refused),
            "{user}"
        );
    }
}

#[test]
fn a_phone_that_names_us_as_its_place_is_refused_and_may_take_that_back() {
    let mut world = World::new();
    for ours in ["192.0.2.2:5060", "192.0.2.2"] {
        let said = world.prove(&register(&format!("<sip:201@{ours}>")));
        assert_eq!(status(&said[0]), "403 Forbidden", "{ours}");
        let gone = world.prove(&register(&format!("<sip:201@{ours}>;expires=0")));
        assert_eq!(status(&gone[0]), "200 OK", "{ours}");
    }
    assert_eq!(world.saw(Observation::RegistrarAnswered { result: "ourselves" }), 2);
    assert!(world.contacts().is_empty());
    for theirs in ["192.0.2.2:5070", "127.0.0.1:5060", "0.0.0.0:5060", "[::1]:5060"] {
        let said = world.prove(&register(&format!("<sip:201@{theirs}>")));
        assert_eq!(status(&said[0]), "200 OK", "another program beside us, or a phone that knows no better");
    }
}
