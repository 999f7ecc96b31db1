//! Names of our own making: branches, tags, Call-IDs. Each carries a keyed mark, so that one of ours is known again
//! when nothing else of it is left (design.md, Recovery). Must never draw a number itself.

use sha2::{Digest, Sha256};
use std::fmt;

/// What a branch of RFC 3261 begins with (section 8.1.1.7).
const MAGIC_COOKIE: &[u8] = b"z9hG4bK";
/// Sixteen digits of number and eight of mark.
const DIGITS: usize = 24;

/// What a name is for; a tag never passes for a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    /// A Via branch.
    Branch,
    /// A From or To tag.
    Tag,
    /// A Call-ID.
    CallId,
    /// A Diversion.
    Diversion,
}

/// A name of ours: a number and its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Marked {
    /// The number it stands for.
    pub(super) number: u64,
    mark: u32,
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:08x}", self.number, self.mark)
    }
}

/// The key that makes and knows marks.
#[derive(Clone)]
pub(super) struct MarkKey([u8; 32]);

impl MarkKey {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Names `number`.
    pub(super) fn name(&self, kind: NameKind, number: u64) -> Marked {
        let bytes = self.digest(&[&[kind as u8], &number.to_be_bytes()]);
        Marked { number, mark: u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) }
    }

    /// The number a name of ours stands for; nothing for a name somebody else made.
    pub(super) fn known(&self, kind: NameKind, name: &[u8]) -> Option<u64> {
        let digits = match kind {
            NameKind::Branch => name.strip_prefix(MAGIC_COOKIE)?,
            NameKind::Tag | NameKind::CallId | NameKind::Diversion => name,
        };
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() == DIGITS)?;
        let number = u64::from_str_radix(digits.get(..16)?, 16).ok()?;
        let mark = u32::from_str_radix(digits.get(16..)?, 16).ok()?;
        (self.name(kind, number).mark == mark).then_some(number)
    }

    /// A number that only we can derive from `parts`: the same ones give the same number.
    pub(super) fn derived(&self, parts: &[&[u8]]) -> u64 {
        let bytes = self.digest(parts);
        u64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0);
        for part in parts {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MarkKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ours_is_known_again_and_no_other_is() {
        let ours = MarkKey::new([7; 32]);
        let branch = format!("z9hG4bK{}", ours.name(NameKind::Branch, 42));
        assert_eq!(ours.known(NameKind::Branch, branch.as_bytes()), Some(42));
        let tag = ours.name(NameKind::Tag, 42).to_string();
        assert_eq!(ours.known(NameKind::Tag, tag.as_bytes()), Some(42));
        assert_eq!(ours.known(NameKind::CallId, tag.as_bytes()), None);
        assert_eq!(MarkKey::new([8; 32]).known(NameKind::Tag, tag.as_bytes()), None);
        for strange in ["", "z9hG4bK", "000000000000002a00000000", "é00000000000002a0000000"] {
            assert_eq!(ours.known(NameKind::Tag, strange.as_bytes()), None, "{strange}");
        }
    }
}
