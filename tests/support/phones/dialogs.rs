//! Dialogs of the far ends, named and spoken in: a phone may have several at once. Must never know what comes of it.

use super::words::{header, status};
use super::{Desk, TRUNK, World, tag_of};
use spillway::base::Outcome;
use spillway::call::Record;
use spillway::engine::core::TrunkState;
use std::net::SocketAddr;
use std::sync::Arc;

/// A dialog as its far end knows it.
#[derive(Clone, Debug)]
pub struct Dialog {
    desk: Desk,
    call_id: String,
    /// Its own From or To, tag included.
    local: String,
    /// Ours.
    remote: String,
}

impl Dialog {
    /// Its name in a Replaces header (RFC 3891 section 6.1): our tag is the one of whoever is asked.
    pub fn replaces(&self) -> String {
        format!("{};to-tag={};from-tag={}", self.call_id, tag(&self.remote), tag(&self.local))
    }

    /// A Refer-To that names it.
    pub fn refer_to(&self, user: &str) -> String {
        let escaped = self.replaces().replace('@', "%40").replace(';', "%3B").replace('=', "%3D");
        format!("Refer-To: <sip:{user}@spillway?Replaces={escaped}>\r\n")
    }
}

fn tag(value: &str) -> &str {
    value.split(";tag=").nth(1).expect("a tag")
}

impl World {
    /// The caller on the public network, or whoever is called there.
    pub fn public(&self) -> Desk {
        Desk::at(TRUNK, "+33612345678")
    }

    /// The dialog of the call a far end was rung for last.
    pub fn rung_dialog(&self, desk: &Desk) -> Dialog {
        let invite = self.last_invite_to(desk).expect("rung");
        Dialog {
            desk: desk.clone(),
            call_id: header(&invite, "Call-ID").into(),
            local: format!("{};tag={}", header(&invite, "To"), tag_of(desk)),
            remote: header(&invite, "From").into(),
        }
    }

    /// The dialog of the call a far end placed last.
    pub fn placed_dialog(&self, desk: &Desk) -> Dialog {
        let is_answer = |(to, text): &&(SocketAddr, String)| {
            *to == desk.remote && text.starts_with("SIP/2.0 ") && header(text, "CSeq").ends_with("INVITE")
        };
        let answer =
            self.sent.iter().rev().filter(is_answer).find(|(_, text)| header(text, "To").contains(";tag="));
        let answer = &answer.expect("an answer").1;
        Dialog {
            desk: desk.clone(),
            call_id: header(answer, "Call-ID").into(),
            local: header(answer, "From").into(),
            remote: header(answer, "To").into(),
        }
    }

    /// A far end says something in a dialog of its own; gives what that was answered.
    pub fn says_in(&mut self, dialog: &Dialog, method: &str, more: &str) -> Option<String> {
        self.says_whole(dialog, method, more, "")
    }

    /// The same, with media.
    pub fn says_with(&mut self, dialog: &Dialog, method: &str, sdp: &str) -> Option<String> {
        self.says_whole(dialog, method, "Content-Type: application/sdp\r\n", sdp)
    }

    fn says_whole(&mut self, dialog: &Dialog, method: &str, more: &str, body: &str) -> Option<String> {
        self.n += 1;
        let Dialog { desk, call_id, local, remote } = dialog;
        let text = format!(
            "{method} sip:192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKd{};rport\r\nMax-Forwards: 70\r\n\
             From: {local}\r\nTo: {remote}\r\nCall-ID: {call_id}\r\nCSeq: {} {method}\r\nContact: <{}>\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            desk.remote,
            self.n,
            1_000 + self.n,
            desk.contact(),
            body.len(),
        );
        self.say(desk.flow(), &text);
        let is_answer = |(to, text): &&(SocketAddr, String)| {
            *to == desk.remote && text.starts_with("SIP/2.0 ") && header(text, "CSeq").ends_with(method)
        };
        self.sent.iter().rev().find(is_answer).map(|(_, text)| status(text))
    }

    /// What NOTIFYs of this dialog said of its REFER: the status lines, in order.
    pub fn notified(&self, dialog: &Dialog) -> Vec<String> {
        let of_dialog = |text: &str| text.starts_with("NOTIFY") && header(text, "Call-ID") == dialog.call_id;
        let told = self.sent.iter().filter(|(_, text)| of_dialog(text));
        let line =
            |text: &str| text.lines().last().map(|line| line.trim_start_matches("SIP/2.0 ").to_owned());
        told.filter_map(|(_, text)| line(text)).collect()
    }

    /// Whether a dialog was ended by a BYE of ours.
    pub fn was_let_go(&self, dialog: &Dialog) -> bool {
        self.sent.iter().any(|(_, text)| text.starts_with("BYE") && header(text, "Call-ID") == dialog.call_id)
    }

    /// The records' outcomes.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.records.iter().map(|record| record.outcome).collect()
    }

    /// The records, in order of their calls.
    pub fn by_call(&self) -> Vec<Arc<Record>> {
        let mut records = self.records.clone();
        records.sort_by_key(|record| record.call);
        records
    }

    /// What an agent of this label does.
    pub fn agent(&self, label: &str) -> &'static str {
        let core = self.engine.core();
        let is_theirs = |id: &spillway::base::AgentId| {
            core.plan().agent(*id).is_some_and(|agent| agent.name.as_str() == label)
        };
        let id = core.acd().agents().find(is_theirs).expect("an agent of the plan");
        core.acd().agent_state(id).label()
    }

    /// Every trunk's state as whoever watches sees it.
    pub fn trunks(&self) -> Vec<(String, TrunkState)> {
        let shown = self.engine.status(self.now).trunks;
        shown.into_iter().map(|trunk| (trunk.name.to_string(), trunk.state)).collect()
    }
}
