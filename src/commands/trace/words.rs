//! What each fact of a call is called beside the ladder, in French and in English. Must never decide what is shown where.

use crate::call::{Fact, LegEnd};
use crate::commands::language::Language;
use crate::wire::sip::{HeaderName, Message, StartLine};

/// What a message with a session description says it carries.
const SDP: &[u8] = b"application/sdp";

/// What happened, or nothing for facts that are about no call.
pub(super) fn words(fact: &Fact, language: Language) -> Option<String> {
    let say = |french, english| language.say(french, english);
    Some(match fact {
        Fact::Arrived { caller, dialled, .. } => {
            let caller = if caller.is_empty() { say("numéro masqué", "withheld number") } else { caller };
            format!("{} {caller} {} {dialled}", say("appel de", "call from"), say("vers le", "to"))
        }
        Fact::CallerAnswered => say("décroché (200)", "answered (200)").into(),
        Fact::CallerConfirmed => say("confirmé (ACK)", "confirmed (ACK)").into(),
        Fact::FlowEntered { flow } => format!("{} {flow}", say("parcours", "flow")),
        Fact::PromptStarted { prompt } => format!("{} {prompt}", say("annonce", "prompt")),
        Fact::PromptEnded => say("annonce finie", "prompt over").into(),
        Fact::MenuEntered { menu, attempt } => format!("menu {menu}, {attempt}"),
        Fact::KeyPressed { key, known: true } => format!("{} {key}", say("touche", "key")),
        Fact::KeyPressed { key, known: false } => {
            format!("{} {key}, {}", say("touche", "key"), say("inconnue", "unknown"))
        }
        Fact::Enqueued { queue, position } => {
            format!("{} {queue}, {} {position}", say("en file", "queued"), say("place", "place"))
        }
        Fact::Widened { queue } => format!("{} {queue}", say("élargi à", "widened to")),
        Fact::RingStarted { queue, .. } => format!("{} ({queue})", say("sonne", "rings")),
        Fact::RingEnded { end, .. } | Fact::TargetEnded { end, .. } | Fact::TransferEnded { end, .. } => {
            leg_end(*end, language).into()
        }
        Fact::AcceptanceAsked { .. } => say("décroche, touche demandée", "picks up, asked for a key").into(),
        Fact::Forwarded { .. } => say("renvoie vers un autre poste", "forwards elsewhere").into(),
        Fact::Dequeued { queue, end } => {
            format!("{} {queue} ({})", say("hors file", "left queue"), end.label())
        }
        Fact::TargetRung { dialled, from_queue, .. } => match from_queue {
            Some(queue) => format!("{} {queue} → {dialled}", say("débordement de", "overflow of")),
            None => format!("{} → {dialled}", say("renvoi", "routed")),
        },
        Fact::Bridged { .. } => say("en communication", "talking").into(),
        Fact::TransferStarted { to, .. } => format!("{} {to}", say("transfère vers", "transfers to")),
        Fact::TransferredToNumber { agent, number, .. } => {
            format!("{agent} {} {number}", say("transfère vers le", "transfers to"))
        }
        Fact::TransferLeft { .. } => say("quitte le transfert", "leaves the transfer").into(),
        Fact::LegTaken { call, .. } => {
            format!("{} {}", say("repris de l'appel", "taken over from call"), call.0)
        }
        Fact::LegGiven { call, .. } => format!("{} {}", say("passe dans l'appel", "goes on in call"), call.0),
        Fact::Held { .. } => say("met en garde", "holds").into(),
        Fact::Resumed { .. } => say("reprend", "resumes").into(),
        Fact::MessageStarted { message } => format!("{} {message}", say("message de fin", "closing message")),
        Fact::LegHungUp { cause, .. } => format!("{} ({})", say("raccroche", "hangs up"), cause.label()),
        Fact::Refused { cause } => format!("{} ({})", say("refusé", "refused"), cause.label()),
        Fact::Faulted { what } => format!("{} {what}", say("défaut :", "fault:")),
        Fact::Ended { cause } => format!("{} ({})", say("fin", "over"), cause.label()),
        Fact::AgentBecame { .. } | Fact::Started { .. } | Fact::Stopped => return None,
    })
}

const fn leg_end(end: LegEnd, language: Language) -> &'static str {
    match end {
        LegEnd::Answered => language.say("répond", "answers"),
        LegEnd::NoAnswer => language.say("sans réponse, arrêté", "no answer, stopped"),
        LegEnd::Busy => language.say("occupé", "busy"),
        LegEnd::Declined => language.say("refuse", "declines"),
        LegEnd::Unreachable => language.say("injoignable", "unreachable"),
        LegEnd::Cancelled => language.say("arrêté", "stopped"),
        LegEnd::Deflected => {
            language.say("rendu à l'appelant, suite inconnue", "given back to the caller's side, end unknown")
        }
    }
}

/// What a SIP message is called beside the ladder: its method, or its code and the method it answers; whether it carries a
/// session description; whether it passed before.
pub(super) fn sip_words(text: &str, is_copy: bool, language: Language) -> String {
    let Ok(message) = Message::parse(text.as_bytes()) else {
        return language.say("illisible", "unreadable").into();
    };
    let mut words = match message.start() {
        StartLine::Request { method, .. } => method.to_string(),
        StartLine::Response { code, phrase } => {
            let answers = message.cseq().map_or_else(|_| String::new(), |cseq| format!(" ({})", cseq.method));
            format!("{code} {}{answers}", String::from_utf8_lossy(phrase).escape_debug())
        }
    };
    let is_sdp = |kind: &[u8]| kind.to_ascii_lowercase().starts_with(SDP);
    if !message.body().is_empty() && message.header(HeaderName::ContentType).is_some_and(is_sdp) {
        words.push_str(", SDP");
    }
    if is_copy {
        words.push_str(language.say(", répété", ", again"));
    }
    words
}
