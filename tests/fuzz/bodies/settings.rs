//! Any text as spillway.toml: it is settings or findings, findings can be drawn, and every trunk is found by its name.

use spillway::base::finding::{Source, Style, render};
use spillway::settings;

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source::new("config/spillway.toml", text);
    let findings = match settings::load(&source) {
        Ok((settings, warnings)) => {
            assert!(!settings.sip.listen.is_empty());
            for (index, trunk) in settings.trunks.iter().enumerate() {
                assert_eq!(trunk.id.index(), index);
                assert_eq!(settings.trunk(&trunk.name).map(|found| found.id), Some(trunk.id));
                assert!(trunk.found_by.is_some() || !trunk.peers.is_empty(), "a trunk that leads nowhere");
            }
            warnings
        }
        Err(findings) => {
            assert!(!findings.is_empty(), "refused, and nobody knows why");
            findings
        }
    };
    let _ = (settings::outline(&source), render(&findings, Style::Plain), render(&findings, Style::Colours));
}
