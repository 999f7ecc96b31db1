//! What TOML 1.1 adds to 1.0 is refused: other tools that read these files (editors, scripts) know 1.0 only.

use super::wording;
use crate::base::finding::{Findings, Place, Source};
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
    let mut inline = Vec::new();
    let mut comma = None;
    for event in events {
        let span = event.span().start()..event.span().end();
        let mut refuse = |span: std::ops::Range<usize>, what| {
            findings.error(&Place { source: source.clone(), span }, wording::toml_1_1(what));
        };
        let in_table = inline.last() == Some(&true);
        match event.kind() {
            EventKind::InlineTableOpen => inline.push(true),
            EventKind::ArrayOpen => inline.push(false),
            EventKind::InlineTableClose | EventKind::ArrayClose => {
                inline.pop();
                if let Some(comma) = comma.take().filter(|_| in_table) {
                    refuse(comma, "a comma after the last entry of { … }");
                }
            }
            EventKind::ValueSep => comma = Some(span),
            EventKind::Newline if in_table => {
                let before = source.text()[..span.start].chars().next_back().map_or(0, char::len_utf8);
                refuse(span.start - before..span.start, "a line end within { … }");
            }
            EventKind::Comment if in_table => refuse(span, "a comment within { … }"),
            EventKind::Whitespace | EventKind::Newline | EventKind::Comment => {}
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

fn new_in(raw: &str, encoding: Option<Encoding>) -> Option<&'static str> {
    match encoding {
        Some(Encoding::BasicString | Encoding::MlBasicString) => {
            let mut characters = raw.chars();
            while let Some(character) = characters.next() {
                if character == '\\' && matches!(characters.next(), Some('e' | 'x')) {
                    return Some("the escapes \\e and \\x");
                }
            }
            None
        }
        Some(Encoding::LiteralString | Encoding::MlLiteralString) => None,
        None => is_time_without_seconds(raw).then_some("a time without seconds"),
    }
}

/// `07:32` or `1979-05-27T07:32+01:00`.
fn is_time_without_seconds(raw: &str) -> bool {
    let time = raw.split(['T', 't', ' ']).next_back().unwrap_or("");
    let local = time.split(['Z', 'z', '+', '-']).next().unwrap_or("");
    local.starts_with(|character: char| character.is_ascii_digit()) && local.matches(':').count() == 1
}
