//! Where four parsers read a message differently, and that every such place is one of DIFFERENCES.md. Must never excuse a
//! difference that nobody has written down.

use crate::extra_cases::extra_cases;
use crate::torture;
use crate::witnesses::{WITNESSES, ours};
use spillway::base::Random;
use spillway::wire::sip::{HeaderName, Message, ParseErrorKind, validate};
use std::collections::{BTreeMap, BTreeSet};

/// Another one makes other changes.
const SEED: u64 = 3_261;
const MUTATIONS: usize = 20_000;

const WRITTEN: &str = include_str!("DIFFERENCES.md");

/// What two readings of a message disagree about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Difference {
    /// We refuse it, for this; nothing where it is no message at all.
    OursRefuses(Option<HeaderName>, Option<ParseErrorKind>),
    /// They do.
    TheirsRefuses,
    /// They panic.
    TheirsPanics,
    /// Both read it, and a part otherwise.
    Part(&'static str, Option<Vec<u8>>, Option<Vec<u8>>),
}

/// What every witness reads otherwise than we do.
fn differences(bytes: &[u8]) -> Vec<(&'static str, Difference)> {
    let ours = ours(bytes);
    let mut found = Vec::new();
    for (witness, read) in WITNESSES {
        let Ok(theirs) = std::panic::catch_unwind(|| read(bytes)) else {
            found.push((witness, Difference::TheirsPanics));
            continue;
        };
        match (&ours, &theirs) {
            (None, None) => {}
            (None, Some(_)) => found.push((witness, refused(bytes))),
            (Some(_), None) => found.push((witness, Difference::TheirsRefuses)),
            (Some(ours), Some(theirs)) => {
                let owned = |part: Option<&[u8]>| part.map(<[u8]>::to_vec);
                let parts = ours.parts().into_iter().zip(theirs.parts());
                found.extend(parts.filter(|((_, ours), (_, theirs))| ours != theirs).map(
                    |((part, ours), (_, theirs))| {
                        (witness, Difference::Part(part, owned(ours), owned(theirs)))
                    },
                ));
            }
        }
    }
    found
}

fn refused(bytes: &[u8]) -> Difference {
    match Message::parse(bytes) {
        Err(error) => Difference::OursRefuses(None, Some(error.kind)),
        Ok(message) => match validate(&message) {
            Err(refusal) => Difference::OursRefuses(refusal.field, Some(refusal.why.kind)),
            Ok(()) => Difference::OursRefuses(None, None),
        },
    }
}

/// The entry of DIFFERENCES.md that says why it is so.
fn entry(witness: &str, difference: &Difference, bytes: &[u8]) -> Option<&'static str> {
    let is_strict = witness == "sipx-sip";
    match difference {
        Difference::TheirsPanics => None,
        Difference::OursRefuses(_, kind) => we_refuse((*kind)?),
        Difference::TheirsRefuses if is_strict => sipx_refuses(&Message::parse(bytes).ok()?),
        Difference::TheirsRefuses => Some("narrow"),
        Difference::Part("branch", Some(ours), None) if is_strict && ours.is_empty() => Some("empty-branch"),
        Difference::Part(..) if is_strict => None,
        Difference::Part(part, ours, theirs) => read_otherwise(part, ours.as_deref(), theirs.as_deref()),
    }
}

const fn we_refuse(kind: ParseErrorKind) -> Option<&'static str> {
    Some(match kind {
        ParseErrorKind::ContentLength | ParseErrorKind::Truncated => "length",
        ParseErrorKind::Duplicated => "twice",
        ParseErrorKind::CSeq => "cseq",
        ParseErrorKind::DisplayName => "display-name",
        ParseErrorKind::Uri | ParseErrorKind::Host | ParseErrorKind::Port => "uri",
        ParseErrorKind::Parameter => "parameter",
        ParseErrorKind::StartLine | ParseErrorKind::StartLineSpacing | ParseErrorKind::StatusCode => {
            "start-line"
        }
        ParseErrorKind::HeaderLine | ParseErrorKind::LineEnd => "lines",
        ParseErrorKind::Via => "via",
        ParseErrorKind::Number => "number",
        ParseErrorKind::CallId => "call-id",
        ParseErrorKind::Empty
        | ParseErrorKind::Unfinished
        | ParseErrorKind::TooLong
        | ParseErrorKind::TooManyHeaders
        | ParseErrorKind::Missing => return None,
    })
}

fn sipx_refuses(message: &Message<'_>) -> Option<&'static str> {
    if message.headers(HeaderName::ContentLength).count() > 1 {
        return Some("length-repeated");
    }
    let via = message.top_via().ok()?;
    let is_old = !via.has_cookie() || message.from().is_ok_and(|from| from.tag.is_none());
    let has_no_hops = message.header(HeaderName::MaxForwards).is_none();
    Some(if is_old || has_no_hops { "older-peers" } else { "liberal" })
}

fn read_otherwise(part: &str, ours: Option<&[u8]>, theirs: Option<&[u8]>) -> Option<&'static str> {
    match part {
        "body" => Some("body-without-length"),
        "from" | "to" if ours.is_some_and(|uri| uri.contains(&b'%')) => Some("escaped-twice"),
        "from" | "to" if ours.is_some_and(|uri| uri.contains(&b'[')) => Some("ipv6-rewritten"),
        "from_tag" | "to_tag" | "branch" if theirs.is_none() => Some("spaced-parameter"),
        "branch" if theirs.is_some_and(|branch| branch.contains(&b',')) => Some("via-list"),
        "branch" | "from" | "to" | "from_tag" | "to_tag" | "call_id" => Some("odd-values"),
        _ => None,
    }
}

/// Goes through `cases`; each difference must have its entry. Gives the entries there were.
fn classified(cases: impl Iterator<Item = (String, Vec<u8>)>) -> BTreeSet<&'static str> {
    let (mut seen, mut open) = (BTreeSet::new(), BTreeMap::new());
    for (name, bytes) in cases {
        for (witness, difference) in differences(&bytes) {
            match entry(witness, &difference, &bytes) {
                Some(entry) => drop(seen.insert(entry)),
                None => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    open.entry(format!("{witness}: {difference:?}")).or_insert((name.clone(), text));
                }
            }
        }
    }
    let list: Vec<_> = open.iter().map(|(what, (name, text))| format!("{name}: {what}\n{text:?}")).collect();
    assert!(open.is_empty(), "{} differences nobody has written down:\n{}", open.len(), list.join("\n\n"));
    seen
}

fn cases() -> Vec<(String, Vec<u8>)> {
    let torture = torture::cases().into_iter().map(|case| (case.name, case.bytes));
    torture.chain(extra_cases().into_iter().map(|(name, bytes)| (name.to_owned(), bytes))).collect()
}

/// Pieces that matter to some rule of the grammar.
const PIECES: [&[u8]; 24] = [
    b"\r\n ",
    b"\"",
    b"\\",
    b"<",
    b">",
    b",",
    b";",
    b"=",
    b":",
    b"@",
    b"[",
    b"]",
    b" ",
    b"\t",
    b"%",
    b"%41",
    b"?",
    b"*",
    b"0",
    b"4294967296",
    b"sips:",
    b"tel:",
    b";tag=x",
    b";lr",
];

/// Changed by a seed, each a few times; what is changed lies in the head, for what a body says is nobody's matter here.
fn mutated() -> impl Iterator<Item = (String, Vec<u8>)> {
    let cases = cases();
    let mut random = Random::from_number(SEED);
    let mut below = move |end: usize| usize::try_from(random.below(end.max(1) as u64)).expect("it was one");
    (0..MUTATIONS).map(move |number| {
        let (name, bytes) = &cases[below(cases.len())];
        let mut bytes = bytes.clone();
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
        for _ in 0..=below(2) {
            let at = below(head.min(bytes.len()));
            let over = at + below(3).min(bytes.len() - at);
            bytes.splice(at..over, PIECES[below(PIECES.len())].iter().copied());
        }
        (format!("{name}, change {number}"), bytes)
    })
}

#[test]
fn every_difference_between_the_parsers_is_written_down() {
    let mut seen = classified(cases().into_iter());
    assert!(!seen.contains("odd-values") && !seen.contains("liberal"), "only what was changed holds such");
    seen.extend(classified(mutated()));
    let written = WRITTEN.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    assert_eq!(written.collect::<BTreeSet<_>>(), seen, "entries of DIFFERENCES.md, and those there are");
}
