//! `[phones]`: the agents' phones that register here, and the file of their users. Opens nothing: whoever reads the
//! users' file hands its text over. Must never show a digest: findings show the lines they are about, so they are
//! shown without what follows the name.

use super::{Located, Trunk, wording};
use crate::base::finding::{Findings, Place, Source};
use crate::base::written::Section;
use crate::base::{Name, Secret, TrunkId};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// RFC 3261 section 10.2.1.1 leaves it to us: an hour is usual.
const LONGEST_EXPIRES: Duration = Duration::from_secs(3_600);
/// What asks more often is a flood, not a phone.
const SHORTEST_EXPIRES: Duration = Duration::from_secs(60);
/// A phone that keeps a binding longer than a day is asked nothing when it moves.
const LONGEST_POSSIBLE: Duration = Duration::from_secs(86_400);

/// The phones' line where trunks are named: `via = "phones"`.
pub const PHONES: &str = "phones";

/// `[phones]`.
#[derive(Clone, Debug)]
pub struct Phones {
    /// Their line: the id after the last trunk's.
    pub line: TrunkId,
    /// Whose passwords count (RFC 3261 section 22): part of every digest in the users' file.
    pub realm: Name,
    /// The users' file.
    pub users: Located<PathBuf>,
    /// The shortest registration that is taken; 60 s by default.
    pub expires_min: Duration,
    /// The longest that is granted; an hour by default.
    pub expires_max: Duration,
    /// Where emergency numbers go.
    pub emergency: Option<TrunkId>,
    /// Where other numbers outside go; nowhere when `None`.
    pub outside: Option<TrunkId>,
    /// The number trunks see of a phone that calls; its extension when `None`.
    pub caller: Option<Name>,
}

/// One line of the users' file.
#[derive(Clone, Debug)]
pub struct PhoneUser {
    /// The name it registers and is dialled by.
    pub extension: Name,
    /// Whose it is; may be empty.
    pub name: Name,
    /// H(extension:realm:password) by MD5, as lower-case hexadecimal digits.
    pub ha1_md5: Option<Secret>,
    /// The same by SHA-256.
    pub ha1_sha256: Option<Secret>,
}

/// Reads `[phones]`, after the trunks.
pub(super) fn read(
    root: &Section<'_>,
    trunks: &[Trunk],
    folder: &Path,
    findings: &mut Findings,
) -> Option<Phones> {
    let section = root.section(PHONES)?;
    let named = root.named("trunk");
    if let Some((name, _)) = named.iter().find(|(name, _)| name.value == PHONES) {
        findings.error(&name.place, wording::trunk_named_phones());
    }
    let trunk = |key: &str, findings: &mut Findings| {
        let text = section.text(key)?;
        let found = trunks.iter().find(|trunk| &*trunk.name == text.value);
        if found.is_none() && !named.iter().any(|(name, _)| name.value == text.value) {
            let known = named.iter().map(|(name, _)| name.value);
            findings.error(&text.place, wording::no_such_trunk(text.value, known));
        }
        found.map(|trunk| trunk.id)
    };
    let (emergency, outside) = (trunk("emergency", findings), trunk("outside", findings));
    if section.entry("emergency").is_none() {
        findings.warning(&section.place(), wording::no_emergency());
    }
    let (expires_min, expires_max) = expires(&section, findings);
    let caller = section.text("caller").and_then(|caller| {
        let diallable = |byte: u8| byte.is_ascii_digit() || byte == b'+';
        if caller.value.is_empty() || !caller.value.bytes().all(diallable) {
            findings.error(&caller.place, wording::bad_phones_caller(caller.value));
            return None;
        }
        Some(caller.value.into())
    });
    let realm = section.text("realm")?;
    if realm.value.is_empty() || realm.value.contains(['"', '\\', ':']) || !is_printable(realm.value) {
        findings.error(&realm.place, wording::bad_realm(realm.value));
    }
    let file = section.section("users")?.text("file")?;
    Some(Phones {
        line: u16::try_from(trunks.len()).map(TrunkId).ok()?,
        realm: realm.value.into(),
        users: Located { value: folder.join(file.value), place: file.place },
        expires_min,
        expires_max,
        emergency,
        outside,
        caller,
    })
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// The shortest and the longest registration.
fn expires(section: &Section<'_>, findings: &mut Findings) -> (Duration, Duration) {
    let Some(expires) = section.section("expires") else { return (SHORTEST_EXPIRES, LONGEST_EXPIRES) };
    let (min, max) = (expires.duration("min"), expires.duration("max"));
    let shortest = min.as_ref().map_or(SHORTEST_EXPIRES, |min| min.value);
    let longest = max.as_ref().map_or(LONGEST_EXPIRES.max(shortest), |max| max.value);
    if let Some(min) = min.as_ref().filter(|min| min.value < SHORTEST_EXPIRES) {
        findings.error(&min.place, wording::expires_too_soon());
    }
    if let Some(min) = min.as_ref().filter(|min| min.value > LONGEST_EXPIRES) {
        // RFC 3261 section 10.3 step 6: only less than an hour may be called too brief.
        findings.error(&min.place, wording::expires_min_too_long());
    }
    if let Some(max) = max.filter(|max| max.value < shortest || max.value > LONGEST_POSSIBLE) {
        findings.error(&max.place, wording::expires_max_out_of_bounds());
    }
    (shortest, longest)
}

/// Reads the users' file: a header line, then one phone a line, fields parted by `;` or `,`.
#[must_use]
pub fn read_users(source: &Source, findings: &mut Findings) -> Vec<PhoneUser> {
    let reading = Reading::of(source);
    let mut lines = reading.lines.iter();
    let Some(Columns { extension, name, ha1_md5, ha1_sha256 }) =
        lines.next().and_then(|line| Columns::of(&line.fields))
    else {
        findings.error(&reading.place(0), wording::no_users_header());
        return Vec::new();
    };
    let mut users: Vec<(PhoneUser, Place)> = Vec::new();
    for (index, line) in reading.lines.iter().enumerate().skip(1) {
        let place = reading.place(index);
        let field = |column: Option<usize>| column.and_then(|at| line.fields.get(at)).map_or("", |text| text);
        let digest = |column: Option<usize>, digits: usize, findings: &mut Findings| {
            let text = field(column);
            let sound = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !text.is_empty() && !sound {
                findings.error(&place, wording::bad_digest(digits));
            }
            sound.then(|| Secret::new(text.to_ascii_lowercase().as_bytes()))
        };
        let (md5, sha256) = (digest(ha1_md5, 32, findings), digest(ha1_sha256, 64, findings));
        let text = field(Some(extension));
        if !is_extension(text) {
            findings.error(&place, wording::bad_phone_extension(text));
            continue;
        }
        if let Some((_, first)) = users.iter().find(|(user, _)| &*user.extension == text) {
            findings.error_with(&place, wording::phone_twice(text), first, "first here");
            continue;
        }
        if field(ha1_md5).is_empty() && field(ha1_sha256).is_empty() {
            findings.error(&place, wording::no_digest(text));
        }
        let user =
            PhoneUser { extension: text.into(), name: field(name).into(), ha1_md5: md5, ha1_sha256: sha256 };
        users.push((user, place));
    }
    if users.is_empty() && !findings.any_error() {
        findings.warning(&reading.place(0), wording::no_phone());
    }
    users.into_iter().map(|(user, _)| user).collect()
}

/// What may be dialled as an agent's extension (language.md, Agents), and needs no escape in a SIP URI's user.
#[must_use]
pub fn is_extension(text: &str) -> bool {
    let diallable = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+*".contains(&byte);
    (1..=32).contains(&text.len()) && text.bytes().all(diallable)
}

/// Which field is what.
struct Columns {
    extension: usize,
    name: Option<usize>,
    ha1_md5: Option<usize>,
    ha1_sha256: Option<usize>,
}

impl Columns {
    fn of(header: &[&str]) -> Option<Self> {
        let column = |name: &str| header.iter().position(|field| field.eq_ignore_ascii_case(name));
        let columns = Self {
            extension: column("extension")?,
            name: column("name"),
            ha1_md5: column("ha1_md5"),
            ha1_sha256: column("ha1_sha256"),
        };
        (columns.ha1_md5.is_some() || columns.ha1_sha256.is_some()).then_some(columns)
    }
}

/// A users' file cut into fields, and what may be shown of it.
struct Reading<'a> {
    lines: Vec<Line<'a>>,
    shown: Source,
}

struct Line<'a> {
    fields: Vec<&'a str>,
    /// Its place in what may be shown.
    span: std::ops::Range<usize>,
}

impl<'a> Reading<'a> {
    fn of(source: &'a Source) -> Self {
        let text = source.text();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let comma = !header.contains(';') && header.contains(',');
        let separator = if comma { ',' } else { ';' };
        let (mut lines, mut shown) = (Vec::new(), String::new());
        for line in text.lines() {
            let fields: Vec<&str> = line.split(separator).map(unquoted).collect();
            let start = shown.len();
            let has_header = lines.is_empty();
            // Only the header and each line's first field: whatever else stands there may be a digest.
            shown.push_str(if has_header { line } else { fields.first().copied().unwrap_or_default() });
            if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                lines.push(Line { fields, span: start..shown.len() });
            }
            shown.push('\n');
        }
        Self { lines, shown: Source::new(source.path(), &shown) }
    }

    fn place(&self, line: usize) -> Place {
        let span = self.lines.get(line).map_or(0..0, |line| line.span.clone());
        Place { source: self.shown.clone(), span }
    }
}

fn unquoted(field: &str) -> &str {
    let field = field.trim();
    field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(field).trim()
}

#[cfg(test)]
mod tests;
