//! Any text as spillway.toml: it is settings or findings, findings can be drawn, and every trunk can be told apart.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spillway::base::finding::{Source, Style, render};
use spillway::settings::{self, identify};

fuzz_target!(|text: &str| {
    let source = Source::new("config/spillway.toml", text);
    let findings = match settings::load(&source) {
        Ok((settings, warnings)) => {
            assert!(!settings.sip.listen.is_empty());
            for (index, trunk) in settings.trunks.iter().enumerate() {
                assert_eq!(trunk.id.index(), index);
                let _ = identify(&settings.trunks, trunk.peer.value.0, trunk.peer.value.1);
            }
            warnings
        }
        Err(findings) => {
            assert!(!findings.is_empty(), "refused, and nobody knows why");
            findings
        }
    };
    let _ = (settings::outline(&source), render(&findings, Style::Plain), render(&findings, Style::Colours));
});
