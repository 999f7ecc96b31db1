//! INFO in a dialog (RFC 6086): keys as phones and carriers send them beside or instead of RFC 4733. Two body types are
//! in use that no RFC defines; both are read as leniently as their senders write them.

use super::{Leg, State};
use crate::base::Moment;
use crate::signaling::event::LegEvent;
use crate::signaling::screen;
use crate::signaling::transaction::{Layer, ServerKey};
use crate::signaling::verbs::phrase;
use crate::wire::sip::{HeaderName, Message};

/// The body types that carry a key.
const ACCEPTED: &str = "application/dtmf-relay, application/dtmf";
/// Keys by their RFC 4733 event number, as some write them: 10 for `*`, 11 for `#`, 12 to 15 for A to D.
const NUMBERED: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// What an INFO says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Info {
    /// Nothing: a sign of life.
    Empty,
    /// A key was pressed.
    Key(char),
    /// A key's body without a key in it.
    Malformed,
    /// A body of a package we never asked for (RFC 6086 section 4.2.2).
    Package,
    /// A body of another type.
    Foreign,
}

impl Leg {
    /// Their INFO came.
    pub(in crate::signaling) fn on_info(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        server: ServerKey,
        request: &Message<'_>,
    ) {
        let info = read(request);
        let code = match info {
            Info::Empty | Info::Key(_) => 200,
            Info::Malformed => 400,
            Info::Package => 469,
            Info::Foreign => 415,
        };
        layer.answer(now, server, code, phrase(code), |writer, _| match info {
            Info::Empty | Info::Key(_) | Info::Malformed => {}
            Info::Package => {
                writer.header("Recv-Info", "");
            }
            Info::Foreign => {
                writer.header(HeaderName::Accept, ACCEPTED).header(HeaderName::AcceptEncoding, "identity");
            }
        });
        if let (Info::Key(key), State::Established(_)) = (info, &self.state) {
            layer.tell(self.key, LegEvent::KeyPressed { key });
        }
    }
}

fn read(request: &Message<'_>) -> Info {
    if request.body().trim_ascii().is_empty() {
        return if request.other("Info-Package").is_some() { Info::Package } else { Info::Empty };
    }
    let is = |wanted: &str| screen::is_plain(request, wanted);
    if is("application/dtmf-relay") || is("application/dtmf") {
        return key(request.body()).map_or(Info::Malformed, Info::Key);
    }
    if request.other("Info-Package").is_some() { Info::Package } else { Info::Foreign }
}

/// The key of `Signal=5`, or of `5` alone; what else the body says (`Duration=160`) is passed over.
fn key(body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body).ok()?;
    let named = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case("signal").then_some(value)
    });
    let written = named.unwrap_or(text).trim();
    let mut characters = written.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return NUMBERED.into_iter().find(|key| only.eq_ignore_ascii_case(key));
    }
    let number: usize = written.parse().ok()?;
    NUMBERED.get(number).copied()
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn a_key_is_read_however_it_is_written() {
        for (body, expected) in [
            ("Signal=5\r\nDuration=160\r\n", Some('5')),
            ("Signal= 5\r\nDuration= 160", Some('5')),
            ("Duration=160\nsignal = *\n", Some('*')),
            ("Signal=#", Some('#')),
            ("Signal=10\r\n", Some('*')),
            ("Signal=11\r\n", Some('#')),
            ("Signal=d", Some('D')),
            ("5", Some('5')),
            (" 0 \r\n", Some('0')),
            ("15", Some('D')),
            ("16", None),
            ("Signal=\r\nDuration=160", None),
            ("Signal=E", None),
            ("Signal=55", None),
            ("Duration=160", None),
            ("\u{0665}", None),
            ("-1", None),
        ] {
            assert_eq!(key(body.as_bytes()), expected, "{body:?}");
        }
        assert_eq!(key(&[0xff, b'5']), None);
    }
}
