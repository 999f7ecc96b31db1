//! The two phones that may register, and what they may do unless a story says otherwise.

use super::{PASSWORD, REALM};
use spillway::base::{Secret, TrunkId};
use spillway::engine::EnginePhones;
use spillway::signaling::{PhoneAccount, PhoneSettings, password_digests};

/// Phones 201 and 202, which may call for help and not dial out.
pub fn phones() -> EnginePhones {
    let account = |extension: &str| {
        let [md5, sha256] = password_digests(extension, REALM, &Secret::new(PASSWORD.as_bytes()));
        PhoneAccount {
            extension: extension.into(),
            ha1_md5: Some(Secret::new(md5.as_bytes())),
            ha1_sha256: Some(Secret::new(sha256.as_bytes())),
        }
    };
    EnginePhones {
        settings: PhoneSettings {
            line: TrunkId(2),
            realm: REALM.into(),
            phones: vec![account("201"), account("202")],
            agents: vec!["203".into()],
            countries: vec!["FR".into()],
            expires_min_s: 60,
            expires_max_s: 3_600,
        },
        emergency: Some(TrunkId(0)),
        outside: None,
        caller: Some("+33384961370".into()),
    }
}
