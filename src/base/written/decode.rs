//! From a file's bytes to text. What is not UTF-8 is told with its place, and read on as the editors that write it mean
//! it: the other faults of the file are found too.

use super::wording;
use crate::base::finding::{Findings, Place, Source};

/// Byte order marks of UTF-16: little and big end first.
const UTF_16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// The file as text; nothing when it is in UTF-16, which is told like any other fault.
pub fn decode(path: &str, bytes: &[u8], findings: &mut Findings) -> Option<Source> {
    if UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
        findings.error(&Place { source: Source::new(path, ""), span: 0..0 }, wording::utf_16());
        return None;
    }
    let mut text = String::with_capacity(bytes.len());
    let mut first = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let at = text.len();
            // ISO 8859-1 is the first 256 characters of Unicode.
            text.push(char::from(*byte));
            first = first.or(Some((at..text.len(), *byte)));
        }
    }
    let source = Source::new(path, &text);
    if let Some((span, byte)) = first {
        findings.error(&Place { source: source.clone(), span }, wording::not_utf8(byte));
    }
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::finding::Finding;

    fn decoded(bytes: &[u8]) -> (Option<Source>, Vec<Finding>) {
        let mut findings = Findings::default();
        (decode("site.toml", bytes, &mut findings), findings.into_sorted())
    }

    #[test]
    fn utf_8_is_taken_as_it_is() {
        let (source, findings) = decoded("name = \"Été\"".as_bytes());
        assert_eq!((source.expect("text").text(), findings), ("name = \"Été\"", Vec::new()));
    }

    #[test]
    fn a_latin_letter_is_told_with_its_line_column_and_byte_and_read_as_meant() {
        let (source, findings) = decoded(b"# un\nname = \"D\xe9p\xf4t\"");
        assert_eq!(source.expect("text").text(), "# un\nname = \"Dépôt\"");
        let [finding] = &findings[..] else { panic!("one, for the first: {findings:?}") };
        assert_eq!(finding.position(), (2, 10));
        assert!(finding.words.message.contains("byte 0xE9"), "{finding:?}");
        assert!(finding.words.hint.as_ref().is_some_and(|hint| hint.contains("as UTF-8")), "{finding:?}");
    }

    #[test]
    fn a_file_of_two_byte_characters_is_told_once_and_not_read() {
        let (source, findings) = decoded(b"\xff\xfev\0e\0r\0");
        assert_eq!((source, findings.len()), (None, 1));
    }
}
