//! Why a leg or a call ended: one table from cause to SIP code, Q.850 cause, metric label and words.

use serde::{Deserialize, Serialize};

/// Why a leg was refused or ended, or a call could go no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A normal hang-up after answer.
    Normal,
    /// The caller gave up before an answer.
    Cancelled,
    /// Nobody answered in time.
    NoAnswer,
    /// The called phone is busy.
    Busy,
    /// The called party refused.
    Declined,
    /// The called phone or trunk could not be reached.
    Unreachable,
    /// No such number here.
    NotFound,
    /// The source may not call.
    Forbidden,
    /// A channel limit of a trunk is reached.
    NoChannel,
    /// More calls a second than a trunk carries.
    RateLimited,
    /// True overload of the machine.
    Overload,
    /// No codec in common, or no acceptable media.
    MediaRefused,
    /// The request can't be understood.
    BadRequest,
    /// The same call came back, or Max-Forwards ran out.
    Loop,
    /// Somebody else answered first.
    AnsweredElsewhere,
    /// The call's ACK, or another message it can't do without, never came.
    Lost,
    /// The plan offers nothing further.
    NothingLeft,
    /// The service is shutting down.
    ShuttingDown,
    /// A fault of ours.
    Internal,
    /// The service stopped without ending the call.
    Interrupted,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CauseRow {
    /// The SIP answer, where one is due.
    pub sip_code: u16,
    /// The SIP reason phrase.
    pub phrase: &'static str,
    /// The cause of ITU-T Q.850, for the Reason header (RFC 3326).
    pub q850: u8,
    /// The label in metrics and records.
    pub label: &'static str,
    /// What a supervisor reads, in English.
    pub english: &'static str,
    /// What a supervisor reads, in French.
    pub french: &'static str,
}

const fn row(
    sip_code: u16,
    phrase: &'static str,
    q850: u8,
    label: &'static str,
    english: &'static str,
    french: &'static str,
) -> CauseRow {
    CauseRow { sip_code, phrase, q850, label, english, french }
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 20] = [
        Self::Normal,
        Self::Cancelled,
        Self::NoAnswer,
        Self::Busy,
        Self::Declined,
        Self::Unreachable,
        Self::NotFound,
        Self::Forbidden,
        Self::NoChannel,
        Self::RateLimited,
        Self::Overload,
        Self::MediaRefused,
        Self::BadRequest,
        Self::Loop,
        Self::AnsweredElsewhere,
        Self::Lost,
        Self::NothingLeft,
        Self::ShuttingDown,
        Self::Internal,
        Self::Interrupted,
    ];

    /// The cause's row.
    #[must_use]
    pub const fn row(self) -> CauseRow {
        match self {
            Self::Normal => row(200, "OK", 16, "normal", "hung up", "raccroché"),
            Self::Cancelled => {
                row(487, "Request Terminated", 16, "cancelled", "caller gave up", "abandon de l'appelant")
            }
            Self::NoAnswer => {
                row(480, "Temporarily Unavailable", 19, "no_answer", "no answer", "sans réponse")
            }
            Self::Busy => row(486, "Busy Here", 17, "busy", "busy", "occupé"),
            Self::Declined => row(603, "Decline", 21, "declined", "refused", "refusé"),
            Self::Unreachable => {
                row(480, "Temporarily Unavailable", 27, "unreachable", "unreachable", "injoignable")
            }
            Self::NotFound => row(404, "Not Found", 1, "not_found", "no such number", "numéro inconnu"),
            Self::Forbidden => row(403, "Forbidden", 21, "forbidden", "not allowed", "interdit"),
            Self::NoChannel => {
                row(486, "Busy Here", 34, "no_channel", "every channel taken", "toutes les lignes prises")
            }
            Self::RateLimited => row(
                503,
                "Service Unavailable",
                42,
                "rate_limited",
                "too many calls a second",
                "trop d'appels par seconde",
            ),
            Self::Overload => {
                row(503, "Service Unavailable", 42, "overload", "machine overloaded", "machine surchargée")
            }
            Self::MediaRefused => {
                row(488, "Not Acceptable Here", 88, "media_refused", "no common codec", "aucun codec commun")
            }
            Self::BadRequest => {
                row(400, "Bad Request", 95, "bad_request", "malformed request", "requête incorrecte")
            }
            Self::Loop => row(482, "Loop Detected", 25, "loop", "call loop", "appel en boucle"),
            Self::AnsweredElsewhere => row(
                487,
                "Request Terminated",
                26,
                "answered_elsewhere",
                "answered elsewhere",
                "pris ailleurs",
            ),
            Self::Lost => {
                row(408, "Request Timeout", 102, "lost", "the far end went silent", "interlocuteur perdu")
            }
            Self::NothingLeft => row(
                480,
                "Temporarily Unavailable",
                20,
                "nothing_left",
                "nobody left to try",
                "plus de destination",
            ),
            Self::ShuttingDown => {
                row(503, "Service Unavailable", 41, "shutting_down", "service stopping", "arrêt du service")
            }
            Self::Internal => {
                row(500, "Server Internal Error", 41, "internal", "internal fault", "erreur interne")
            }
            Self::Interrupted => row(
                503,
                "Service Unavailable",
                41,
                "interrupted",
                "interrupted by a crash",
                "interrompu par une panne",
            ),
        }
    }

    /// The SIP code that refuses for this cause; a cause that is no refusal counts as nobody having been there.
    #[must_use]
    pub const fn refusal_code(self) -> u16 {
        let code = self.row().sip_code;
        if code < 300 { 480 } else { code }
    }

    /// The label in metrics and records.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.row().label
    }

    /// What a refusal by the far end means: RFC 3261 section 21 folded onto our causes.
    #[must_use]
    pub const fn from_sip_code(code: u16) -> Self {
        match code {
            200..=299 => Self::Normal,
            400 | 413 | 414 | 416 | 420 | 421 | 493 => Self::BadRequest,
            403 | 401 | 407 => Self::Forbidden,
            404 | 410 | 484 | 485 | 604 => Self::NotFound,
            408 | 480 => Self::NoAnswer,
            482 | 483 => Self::Loop,
            486 | 600 => Self::Busy,
            487 => Self::Cancelled,
            415 | 488 | 606 => Self::MediaRefused,
            603 => Self::Declined,
            _ => Self::Unreachable,
        }
    }
}
