//! What TOML 1.1 adds to 1.0 is refused: other tools that read these files (editors, scripts) know 1.0 only.

use super::wording;
use crate::base::finding::{Findings, Place, Source};
use std::ops::Range;
use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};

/// As deep as the `toml` crate itself goes.
const DEPTH: u32 = 80;

/// Adds every use of TOML 1.1: line ends, comments and a last comma in inline tables, `\e` and `\x`, times without
/// seconds.
pub(super) fn check(source: &Source, findings: &mut Findings) {
    let written = toml_parser::Source::new(source.text());
    let tokens: Vec<_> = written.lex().collect();
    let mut events: Vec<Event> = Vec::new();
    parse_document(&tokens, &mut RecursionGuard::new(&mut events, DEPTH), &mut ());
    let mut open: Vec<Container> = Vec::new();
    let mut comma = None;
    for event in events {
        let span = event.span().start()..event.span().end();
        let mut refuse = |span: Range<usize>, (what, instead): (&str, &str)| {
            findings.error(&Place { source: source.clone(), span }, wording::toml_1_1(what, instead));
        };
        match event.kind() {
            EventKind::InlineTableOpen => open.push(Container::Table { at: span, told: false }),
            EventKind::ArrayOpen => open.push(Container::List),
            EventKind::InlineTableClose | EventKind::ArrayClose => {
                let told =
                    matches!(open.pop(), Some(Container::List | Container::Table { told: true, .. }) | None);
                if let Some(comma) = comma.take().filter(|_| !told) {
                    refuse(comma, LAST_COMMA);
                }
            }
            EventKind::ValueSep => comma = Some(span),
            EventKind::Newline => {
                if let Some(Container::Table { at, told: told @ false }) = open.last_mut() {
                    *told = true;
                    refuse(at.clone(), LINE_END);
                }
            }
            EventKind::Whitespace | EventKind::Comment => {}
            EventKind::Scalar | EventKind::SimpleKey => {
                comma = None;
                if let Some(what) = new_in(&source.text()[span.clone()], event.encoding()) {
                    refuse(span, what);
                }
            }
            EventKind::StdTableOpen
            | EventKind::StdTableClose
            | EventKind::ArrayTableOpen
            | EventKind::ArrayTableClose
            | EventKind::KeySep
            | EventKind::KeyValSep
            | EventKind::Error => comma = None,
        }
    }
}

/// What is open around an event.
enum Container {
    /// `[ … ]`: may span lines and end with a comma in TOML 1.0 too.
    List,
    /// `{ … }`, from where; each is told once.
    Table { at: Range<usize>, told: bool },
}

const LINE_END: (&str, &str) =
    ("{ … } over several lines", "write it on one line, or as a [table] of its own");
const LAST_COMMA: (&str, &str) = ("a comma after the last entry of { … }", "take it out");
const ESCAPE: (&str, &str) = ("the escape \\e or \\x", "write the character itself, or \\u and four digits");
const SHORT_TIME: (&str, &str) = ("a time without seconds", "write :00");

fn new_in(raw: &str, encoding: Option<Encoding>) -> Option<(&'static str, &'static str)> {
    match encoding {
        Some(Encoding::BasicString | Encoding::MlBasicString) => {
            let mut characters = raw.chars();
            while let Some(character) = characters.next() {
                if character == '\\' && matches!(characters.next(), Some('e' | 'x')) {
                    return Some(ESCAPE);
                }
            }
            None
        }
        Some(Encoding::LiteralString | Encoding::MlLiteralString) => None,
        None => is_time_without_seconds(raw).then_some(SHORT_TIME),
    }
}

/// `07:32` or `1979-05-27T07:32+01:00`.
fn is_time_without_seconds(raw: &str) -> bool {
    let time = raw.split(['T', 't', ' ']).next_back().unwrap_or("");
    let local = time.split(['Z', 'z', '+', '-']).next().unwrap_or("");
    local.starts_with(|character: char| character.is_ascii_digit()) && local.matches(':').count() == 1
}
