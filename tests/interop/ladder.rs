//! Ladders: SIPp scenarios as a telephone engineer writes them on paper, one message a line, made into SIPp's XML. Must never
//! know what a story is about.
//!
//! ```text
//! > INVITE audio          sends a request, with one of the bodies of [`body`]; `> ACK refusal` confirms a refusal
//! + Supported: 100rel     a header of the line above
//! < 100?                  may come
//! < 183                   must come
//! + RSeq: *([0-9]+) => r  what is received must match this; what the parentheses hold is `[$r]` from here on
//! ~ 300                   waits, ms
//! > 200 INVITE audio      answers the request received last; the first INVITE whenever that was
//! unless r                where `r` was matched, `otherwise` is played: `+? pattern => r` may match
//! otherwise
//! end
//! ```

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Whose ladder it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who calls, from a number that ends with their port: two with one would look like a loop.
    Caller,
    /// Who is called.
    Called,
}

/// What the next message depends on.
#[derive(Clone)]
struct Told {
    /// CSeq number of our last request.
    cseq: u32,
    /// That of our last INVITE.
    invite: u32,
    /// It was to open the dialog.
    opening: bool,
    /// Somebody invited us, and we have not answered for good.
    invited: bool,
    /// The dialog is there, or begins to be.
    dialog: bool,
    /// What began it was sure to come.
    surely: bool,
}

/// A line and what belongs to it.
struct Step<'a> {
    words: Vec<&'a str>,
    details: Vec<&'a str>,
}

/// The scenario of a ladder.
pub fn scenario(side: Side, ladder: &str) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"ladder\">\n");
    let mut told = Told { cseq: 0, invite: 0, opening: false, invited: false, dialog: false, surely: false };
    let mut at_fork = told.clone();
    let mut names = BTreeSet::new();
    for step in &steps(ladder) {
        let parts: &[&str] = &step.words;
        match *parts {
            [">", code, method, ref body @ ..] if code.parse::<u16>().is_ok() => {
                response(&mut xml, side, &mut told, (code, method), body, &step.details);
            }
            [">", method, ref body @ ..] => request(&mut xml, side, &mut told, method, body, &step.details),
            ["<", what] => receive(&mut xml, side, &mut told, what, &step.details, &mut names),
            ["~", ms] => put(&mut xml, &format!("  <pause milliseconds=\"{ms}\"/>\n")),
            ["unless", name] => {
                at_fork = told.clone();
                put(&mut xml, &format!("  <nop next=\"1\" test=\"{name}\"/>\n"));
            }
            ["otherwise"] => {
                told = at_fork.clone();
                put(&mut xml, "  <nop next=\"2\"/>\n  <label id=\"1\"/>\n");
            }
            ["end"] => put(&mut xml, "  <label id=\"2\"/>\n"),
            _ => panic!("no line of a ladder: {parts:?}"),
        }
    }
    // SIPp refuses variables nobody reads.
    let names: Vec<_> = names.into_iter().collect();
    if !names.is_empty() {
        put(&mut xml, &format!("  <Reference variables=\"{}\"/>\n", names.join(",")));
    }
    xml + "</scenario>\n"
}

fn steps(ladder: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in ladder.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix('+') {
            Some(detail) => steps.last_mut().expect("a line above").details.push(detail.trim()),
            None => steps.push(Step { words: line.split_whitespace().collect(), details: Vec::new() }),
        }
    }
    steps
}

fn put(xml: &mut String, text: &str) {
    xml.push_str(text);
}

fn message(xml: &mut String, again: bool, lines: &[String], body: &[&str]) {
    let again = if again { " retrans=\"500\"" } else { "" };
    let (kind, text) = body.iter().find_map(|name| self::body(name)).unwrap_or(("", String::new()));
    writeln!(xml, "  <send{again}><![CDATA[\n").expect("a String takes everything");
    for line in lines {
        writeln!(xml, "    {line}").expect("a String takes everything");
    }
    match kind {
        "" => put(xml, "    Content-Length: 0\n\n"),
        _ => write!(xml, "    Content-Type: {kind}\n    Content-Length: [len]\n\n{text}")
            .expect("a String takes everything"),
    }
    put(xml, "  ]]></send>\n");
}

const CALLER: &str = "<sip:060102[local_port]@[local_ip]>;tag=[pid]c[call_number]";
const OUR_TAG: &str = ";tag=[pid]a[call_number]";

/// The same scenario for many callers at once at a host of their own, a number each: one number coming back while it is
/// sent on is a loop.
pub fn each_from_their_own(scenario: &str, host: u8) -> String {
    scenario.replace("060102[local_port]", &format!("+4930{host}[local_port][call_number]"))
}

fn request(xml: &mut String, side: Side, told: &mut Told, method: &str, body: &[&str], details: &[&str]) {
    let of_invite = matches!(method, "ACK" | "CANCEL");
    let merged = body.contains(&"merged");
    if !of_invite && !merged {
        told.cseq += 1;
    }
    if method == "INVITE" {
        told.invite = told.cseq;
        told.opening = !told.dialog;
    }
    let cseq = if of_invite { told.invite } else { told.cseq };
    // A CANCEL and what confirms a refusal belong to the INVITE's transaction.
    let same = method == "CANCEL" || body.contains(&"refusal");
    let other = match (same, method) {
        (true, _) if body.contains(&"merged") => "INVITEm",
        (true, _) => "INVITE",
        (false, _) if merged => "INVITEm",
        (false, method) => method,
    };
    let first = if same { told.opening } else { !told.dialog };
    let uri = if first { "sip:[service]@[remote_ip]:[remote_port]" } else { "[next_url]" };
    let mut lines = vec![
        format!("{method} {uri} SIP/2.0"),
        format!(
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-{cseq}{other}"
        ),
    ];
    match side {
        Side::Caller => {
            if !first {
                lines.push("[routes]".to_owned());
            }
            lines.push(format!("From: {CALLER}"));
            lines.push(match (body.contains(&"refusal"), first) {
                (true, _) => "[last_To:]".to_owned(),
                (false, true) => "To: <sip:[service]@[remote_ip]>".to_owned(),
                (false, false) => "To: <sip:[service]@[remote_ip]>[peer_tag_param]".to_owned(),
            });
        }
        Side::Called => {
            lines.push(format!("From:[$called]{OUR_TAG}"));
            lines.push("To:[$caller]".to_owned());
        }
    }
    lines.push("Call-ID: [call_id]".to_owned());
    lines.push(format!("CSeq: {cseq} {method}"));
    lines.push("Contact: <sip:spoken@[local_ip]:[local_port];transport=[transport]>".to_owned());
    lines.push("Max-Forwards: 70".to_owned());
    lines.extend(details.iter().map(|line| (*line).to_owned()));
    message(xml, method != "ACK", &lines, body);
}

fn response(
    xml: &mut String,
    side: Side,
    told: &mut Told,
    (code, method): (&str, &str),
    body: &[&str],
    details: &[&str],
) {
    let is_final = !code.starts_with('1');
    let mut lines = vec![format!("SIP/2.0 {code} Said")];
    if told.invited && method == "INVITE" {
        let tag = if body.contains(&"fork") { ";tag=[pid]b[call_number]" } else { OUR_TAG };
        lines.extend(["Via:[$via]".to_owned(), "From:[$caller]".to_owned()]);
        lines.push(format!("To:[$called]{tag}"));
        lines.extend(["[last_Call-ID:]".to_owned(), "CSeq:[$cseq]".to_owned()]);
    } else {
        // A CANCEL bears no tag of ours yet.
        let tag = if method == "CANCEL" { OUR_TAG } else { "" };
        lines.extend(["[last_Via:]".to_owned(), "[last_From:]".to_owned(), format!("[last_To:]{tag}")]);
        lines.extend(["[last_Call-ID:]".to_owned(), "[last_CSeq:]".to_owned()]);
    }
    if !details.iter().any(|line| line.starts_with("Contact:")) {
        lines.push("Contact: <sip:spoken@[local_ip]:[local_port];transport=[transport]>".to_owned());
    }
    lines.extend(details.iter().map(|line| (*line).to_owned()));
    // An answer to INVITE is repeated until its ACK; so is a reliable provisional one. Until then SIPp says nothing else.
    let reliable = details.iter().any(|line| line.starts_with("RSeq:"));
    message(xml, method == "INVITE" && (is_final || reliable), &lines, body);
    told.dialog |= side == Side::Called;
}

fn receive(
    xml: &mut String,
    side: Side,
    told: &mut Told,
    what: &str,
    details: &[&str],
    names: &mut BTreeSet<String>,
) {
    let (what, optional) = match what.strip_suffix('?') {
        Some(what) => (what, " optional=\"true\""),
        None => (what, ""),
    };
    let mut actions = String::new();
    let mut act = |pattern: &str, place: &str, check: bool, into: &[&str]| {
        let pattern = pattern.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let check = if check { " check_it=\"true\"" } else { "" };
        names.extend(into.iter().map(|name| (*name).to_owned()));
        let into = into.join(",");
        writeln!(actions, "    <ereg regexp=\"{pattern}\" {place}{check} assign_to=\"{into}\"/>")
            .expect("a String takes everything");
    };
    let opens = match what.parse::<u16>() {
        Ok(code) => side == Side::Caller && (101..300).contains(&code) && !told.surely,
        Err(_) => what == "INVITE" && side == Side::Called && !told.dialog,
    };
    if opens && what == "INVITE" {
        for (header, name) in [("Via", "via"), ("From", "caller"), ("To", "called"), ("CSeq", "cseq")] {
            act(".*", &format!("search_in=\"hdr\" header=\"{header}:\""), false, &[name]);
        }
        told.invited = true;
    }
    told.dialog |= opens;
    told.surely |= opens && optional.is_empty();
    for detail in details {
        let (detail, check) = match detail.strip_prefix('?') {
            Some(detail) => (detail.trim(), false),
            None => (*detail, true),
        };
        let (pattern, name) = detail.rsplit_once(" => ").unwrap_or((detail, ""));
        let whole = format!("{name}matched");
        match (name, check) {
            ("", _) => act(pattern, "search_in=\"msg\"", check, &["matched"]),
            (name, false) => act(pattern, "search_in=\"msg\"", false, &[name]),
            (name, true) => act(pattern, "search_in=\"msg\"", true, &[whole.as_str(), name]),
        }
    }
    let kind = if what.parse::<u16>().is_ok() { "response" } else { "request" };
    let remember = if opens { " rrs=\"true\"" } else { "" };
    match actions.is_empty() {
        true => writeln!(xml, "  <recv {kind}=\"{what}\"{optional}{remember}/>"),
        false => writeln!(
            xml,
            "  <recv {kind}=\"{what}\"{optional}{remember}><action>\n{actions}  </action></recv>"
        ),
    }
    .expect("a String takes everything");
}

/// What a message carries, by name: its type and text.
fn body(name: &str) -> Option<(&'static str, String)> {
    let audio = |connection: &str, direction: &str| {
        let lines = [
            "v=0",
            "o=- 1 1 IN IP[local_ip_type] [local_ip]",
            "s=-",
            &format!("c=IN IP4 {connection}"),
            "t=0 0",
            "m=audio [auto_media_port] RTP/AVP 8 96",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:96 telephone-event/8000",
            direction,
        ];
        ("application/sdp", lines.map(|line| format!("    {line}\n")).concat())
    };
    let sent = audio("[media_ip]", "a=sendrecv");
    Some(match name {
        "audio" => sent,
        "sendonly" => audio("[media_ip]", "a=sendonly"),
        "mu-law" => ("application/sdp", sent.1.replace(" 8 96", " 0 96").replace("8 PCMA", "0 PCMU")),
        // Another port of the phone's.
        "moved" => ("application/sdp", sent.1.replace("[auto_media_port]", "[auto_media_port+2]")),
        "inactive" => audio("[media_ip]", "a=inactive"),
        // Hold as RFC 2543 had it.
        "nowhere" => audio("0.0.0.0", "a=sendrecv"),
        "fax" => (
            "application/sdp",
            audio("[media_ip]", "a=T38FaxVersion:0")
                .1
                .replace("m=audio [auto_media_port] RTP/AVP 8 96", "m=image [auto_media_port] udptl t38")
                .lines()
                .filter(|line| !line.contains("rtpmap"))
                .map(|line| format!("{line}\n"))
                .collect(),
        ),
        "key" => ("application/dtmf-relay", "    Signal=1\n    Duration=160\n".to_owned()),
        _ => return None,
    })
}
