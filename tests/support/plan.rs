//! From a story's site to a `Plan`, through the real loader. A story writes what it is about; what every site has to say
//! besides (who it is, which trunks its phones are behind) is said here, and every sound it names exists.

use spillway::base::TrunkId;
use spillway::base::finding::{Source, Style, render};
use spillway::dialplan::{Files, Ids, Known, Plan, SoundFile, load};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The trunks every story has: the public network, and the IPBX the agents sit behind.
pub const TRUNKS: [&str; 2] = ["operateur", "ipoffice"];
/// How long every prompt takes to say.
pub const PROMPT: Duration = Duration::from_secs(3);

/// What the stories leave unsaid.
const EVERY_SITE: &str = r#"
version = 1

[site]
name     = "Histoires"
timezone = "Europe/Paris"
country  = "FR"

[defaults.queue]
via = "ipoffice"

[defaults.target]
via = "operateur"
"#;

/// The plan of a site.
///
/// # Panics
/// With the findings, when the loader refuses it.
pub fn plan(site: &str) -> Plan {
    let source = Source::new("histoires.toml", &format!("{EVERY_SITE}{site}"));
    // The phones' line comes after the trunks.
    let lines = TRUNKS.into_iter().chain(["phones"]);
    let trunks = (0..).zip(lines).map(|(id, name)| (name.into(), TrunkId(id))).collect();
    let loaded = load(&[source], &EverySound, &Known { trunks }, &mut Ids::default());
    let (plan, _) = loaded.unwrap_or_else(|findings| {
        panic!("the story's site is refused:\n{}", render(&findings, Style::Plain))
    });
    plan
}

/// A folder in which every message and one piece of music exist.
struct EverySound;

impl Files for EverySound {
    fn sound(&self, _path: &Path) -> SoundFile {
        SoundFile::Lasts(PROMPT)
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        vec![folder.join("piano.wav")]
    }
}
