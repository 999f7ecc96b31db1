//! The demo's site, dialplans/demo, inside the binary: `spillway demo` needs no file.

use crate::base::finding::{Finding, Source};
use crate::dialplan::{self, Ids, Known, Plan, SoundFile};
use crate::drivers::dialplan_files::sound_of;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The site's path, and the folder its sounds are found in.
const SITE: &str = "dialplans/demo/demo.toml";

macro_rules! sounds {
    ($($path:literal),+ $(,)?) => {
        [$((concat!("dialplans/demo/", $path), include_bytes!(concat!("../../dialplans/demo/", $path)).as_slice())),+]
    };
}

/// Every sound of the site, by the path the plan names it with.
static SOUNDS: [(&str, &[u8]); 5] = sounds![
    "messages/bienvenue.wav",
    "messages/choix.wav",
    "messages/rappelez.wav",
    "messages/urgences.wav",
    "musique/attente.wav",
];

/// The site as written.
#[must_use]
pub fn source() -> Source {
    Source::new(SITE, include_str!("../../dialplans/demo/demo.toml"))
}

/// The bytes of a sound the plan names.
#[must_use]
pub fn sound(path: &Path) -> Option<&'static [u8]> {
    SOUNDS.iter().find(|(known, _)| Path::new(known) == path).map(|(_, bytes)| *bytes)
}

/// The site, checked. `known` must have its trunks, `operateur` and `ipoffice`.
///
/// # Errors
/// Everything wrong with it: trunks that are not there.
pub fn load(known: &Known, ids: &mut Ids) -> Result<(Plan, Vec<Finding>), Vec<Finding>> {
    let files: BTreeMap<PathBuf, SoundFile> =
        SOUNDS.iter().map(|(path, bytes)| (PathBuf::from(path), sound_of(bytes))).collect();
    dialplan::load(&[source()], &files, known, ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::finding::{Style, render};
    use crate::base::{HoursId, TrunkId, Utc};

    #[test]
    fn the_demo_site_is_without_fault_and_always_open() {
        let known = Known { trunks: vec![("operateur".into(), TrunkId(0)), ("ipoffice".into(), TrunkId(1))] };
        let (plan, warnings) = match load(&known, &mut Ids::default()) {
            Ok(loaded) => loaded,
            Err(findings) => panic!("{}", render(&findings, Style::Plain)),
        };
        assert_eq!(warnings, []);
        assert_eq!(plan.queues.iter().flatten().count(), 2);
        assert_eq!(plan.hours[HoursId(0).index()].next_change(Utc::from_micros(0)), None);
        assert!(plan.number("0384961370").is_some() && plan.number("+33810961370").is_some());
        for file in
            plan.prompts.iter().map(|prompt| &prompt.file).chain(plan.music.iter().flat_map(|m| &m.files))
        {
            assert!(sound(file).is_some(), "{}", file.display());
        }
    }
}
