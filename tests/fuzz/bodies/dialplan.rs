//! Any text as one site, or as two split at a form feed: a plan or findings, and findings can be drawn.

use spillway::base::finding::{Source, Style, render};
use spillway::base::{TrunkId, Utc};
use spillway::dialplan::{Files, Hours, Ids, Known, SoundFile, load};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Sounds exist or not, by the length of their name.
struct Folder;

impl Files for Folder {
    fn sound(&self, path: &Path) -> SoundFile {
        match path.as_os_str().len() % 8 {
            0 => SoundFile::Absent,
            1 => SoundFile::Unreadable("damaged".into()),
            _ => SoundFile::Lasts(Duration::from_secs(3)),
        }
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        vec![folder.join("piano.wav"), folder.join("violon.wav")]
    }
}

/// A change is after the moment it was asked at, and changes something.
fn look(hours: &Hours) {
    for day in 0..8 {
        let at = Utc::from_micros((1_780_905_600 + day * 4_567_890) * 1_000_000);
        if let Some(change) = hours.next_change(at) {
            assert!(change > at && hours.is_open(change) != hours.is_open(at), "{at:?} {change:?}");
        }
    }
}

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let texts = text.splitn(2, '\u{c}');
    let sources: Vec<_> =
        texts.zip(["un.toml", "deux.toml"]).map(|(text, path)| Source::new(path, text)).collect();
    let trunks = vec![("operateur".into(), TrunkId(0)), ("ipoffice".into(), TrunkId(1))];
    let mut ids = Ids::default();
    let findings = match load(&sources, &Folder, &Known { trunks: trunks.clone() }, &mut ids) {
        Ok((plan, warnings)) => {
            let again =
                load(&sources, &Folder, &Known { trunks }, &mut ids).expect("accepted once, accepted again");
            assert_eq!(again.0.digest, plan.digest);
            for hours in &plan.hours {
                look(hours);
            }
            warnings
        }
        Err(findings) => {
            assert!(!findings.is_empty(), "refused, and nobody knows why");
            findings
        }
    };
    let _ = (render(&findings, Style::Plain), render(&findings, Style::Colours));
}
