//! The messages of RFC 4475 and RFC 5118 and what their manifests expect. Must never play one.
#![allow(dead_code, reason = "each test binary uses its own part")]

use serde_json::Value;
use std::path::{Path, PathBuf};

/// One message and what its manifest expects.
pub struct Case {
    pub name: String,
    /// "4475" or "5118".
    pub rfc: String,
    pub bytes: Vec<u8>,
    pub well_formed: bool,
    pub is_request: bool,
    /// Its manifest plays it over a stream.
    pub streamed: bool,
    pub prefer: Vec<String>,
    pub allow: Vec<String>,
    pub forbid: Vec<String>,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    Preferred,
    Acceptable,
    Wrong,
}

impl Case {
    /// Judges an answer in the manifests' words: a final code, `prov180` when nothing final came, `close`, `drop`.
    pub fn judge(&self, answer: &str) -> Worth {
        let fits = |words: &[String]| {
            let other = !matches!(answer, "400" | "505" | "drop" | "close");
            words.iter().any(|word| word == answer || (word == "any-but-400" && other))
        };
        if self.forbid.iter().any(|word| word == answer) {
            Worth::Wrong
        } else if fits(&self.prefer) {
            Worth::Preferred
        } else if fits(&self.allow) {
            Worth::Acceptable
        } else {
            Worth::Wrong
        }
    }

    /// Whether the best answer is none.
    pub fn earns_silence(&self) -> bool {
        self.prefer.iter().any(|word| word == "drop")
    }
}

/// The messages of `rfc4475` or `rfc5118` lie here.
pub fn folder(rfc: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture").join(rfc)
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
}

/// Every message of both RFCs.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for rfc in ["rfc4475", "rfc5118"] {
        let text = std::fs::read_to_string(folder(rfc).join("manifest.json")).expect("a manifest");
        let manifest: Value = serde_json::from_str(&text).expect("JSON");
        for entry in manifest["messages"].as_array().expect("messages") {
            let bytes =
                std::fs::read(folder(rfc).join(entry["file"].as_str().expect("a file"))).expect("a message");
            assert_eq!(Some(bytes.len() as u64), entry["bytes"].as_u64(), "{}", entry["name"]);
            let is_request = entry["kind"] == "request";
            cases.push(Case {
                name: entry["name"].as_str().expect("a name").to_owned(),
                rfc: rfc.trim_start_matches("rfc").to_owned(),
                bytes,
                well_formed: entry["well_formed"].as_bool().expect("a verdict"),
                is_request,
                // A response belongs to the connection of its request; without one it comes as a datagram.
                streamed: is_request && entry["transport"] != "udp",
                prefer: words(&entry["expect"]["prefer"]),
                allow: words(&entry["expect"]["allow"]),
                forbid: words(&entry["expect"]["forbid"]),
            });
        }
    }
    assert_eq!(cases.len(), 61);
    cases
}
