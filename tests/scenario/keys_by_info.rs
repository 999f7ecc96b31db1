//! A caller of another make, who presses keys by INFO alone: the menu hears them.

use crate::support::plan::plan;
use crate::support::sim::wired::{IPOFFICE, OPERATEUR, Weather, Wired};
use spillway::base::Outcome;
use spillway::endpoint::Pickup;
use std::sync::Arc;
use std::time::Duration;

const SITE: &str = r#"
[flow.accueil]
steps = [{ go = "motif" }]

[menu.motif]
say  = "choix"
5    = "technique"
else = "rappelez"

[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]

[message.rappelez]
play = "rappelez"

[number."03 84 96 13 70"]
flow = "accueil"

[prompts]
choix    = "Tapez 5."
rappelez = "Merci de rappeler."
"#;

const CALL_ID: &str = "by-info@198.51.100.1";

fn says(world: &mut Wired, method: &str, cseq: u32, kind: &str, body: &str) {
    let tag = world.watch().tag(CALL_ID).map(|tag| format!(";tag={tag}")).unwrap_or_default();
    let message = format!(
        "{method} sip:0384961370@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 198.51.100.1:5070;branch=z9hG4bK{method}{cseq};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:0601020304@198.51.100.1>;tag=theirs\r\nTo: <sip:0384961370@192.0.2.1>{tag}\r\n\
         Call-ID: {CALL_ID}\r\nCSeq: {cseq} {method}\r\nContact: <sip:0601020304@198.51.100.1:5070>\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    world.says(OPERATEUR, message.as_bytes());
}

#[test]
fn a_key_by_info_chooses_from_the_menu() {
    let mut world = Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, true, 1);
    world.phone(IPOFFICE, "201", Pickup::RingForever);
    let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
               m=audio 30000 RTP/AVP 8\r\n";
    says(&mut world, "INVITE", 1, "application/sdp", sdp);
    world.advance(Duration::from_secs(1));
    says(&mut world, "ACK", 1, "application/sdp", "");
    world.advance(Duration::from_millis(200));
    says(&mut world, "INFO", 2, "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n");
    world.advance(Duration::from_secs(2));
    let [invite] = world.watch().invites() else { panic!("one agent is rung") };
    assert_eq!(invite.dialled(), "201");
    says(&mut world, "INFO", 3, "application/dtmf", "#");
    world.advance(Duration::from_millis(200));
    says(&mut world, "BYE", 4, "application/sdp", "");
    world.advance(Duration::from_secs(2));
    let record = &world.outcomes().records[0];
    assert_eq!((record.outcome, record.keys.as_str()), (Outcome::AbandonedShort, "5#"));
}
