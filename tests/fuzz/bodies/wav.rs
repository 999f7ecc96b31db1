//! Any bytes as a prompt's file: a sound lasts within the limit and as long in either law, or says what is wrong.

use spillway::base::{Codec, limits};
use spillway::media::Sound;

pub fn run(bytes: &[u8]) {
    match Sound::from_wav(bytes) {
        Ok(sound) => {
            assert!(sound.duration().as_secs() <= u64::from(limits::SOUND_SECONDS));
            assert!(!sound.bytes(Codec::Pcma).is_empty());
            assert!(sound.bytes(Codec::Pcma).len() <= bytes.len());
            assert_eq!(sound.bytes(Codec::Pcma).len(), sound.bytes(Codec::Pcmu).len());
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}
