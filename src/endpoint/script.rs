//! What a caller does, and how a phone takes its calls. Data only.

use crate::base::Random;
use std::net::SocketAddr;
use std::time::Duration;

/// What a call's audio is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Voice {
    /// Nothing is sent, what comes is not looked at: the cheapest.
    #[default]
    Off,
    /// Nothing is sent, what comes is counted.
    Listening,
    /// Silence, each packet stamped with its moment, so that the far station can tell how long it travelled.
    Stamped,
    /// A sine of this many Hz.
    Tone(u16),
}

/// A duration drawn anew for each call, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The shortest.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
}

impl Between {
    /// Any duration from `least` to `most`.
    #[must_use]
    pub const fn new(least: Duration, most: Duration) -> Self {
        Self { least, most }
    }

    /// Always the same.
    #[must_use]
    pub const fn exactly(duration: Duration) -> Self {
        Self::new(duration, duration)
    }

    /// One of them, to the millisecond.
    pub fn draw(self, random: &mut Random) -> Duration {
        let width = self.most.saturating_sub(self.least);
        let steps = u64::try_from(width.as_millis()).unwrap_or(u64::MAX - 1) + 1;
        self.least + Duration::from_millis(random.below(steps)).min(width)
    }
}

/// A key to press (RFC 4733).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// How long after the answer.
    pub after: Duration,
    /// `0` to `9`, `*`, `#`, `A` to `D`.
    pub digit: char,
}

/// A call to place.
#[derive(Clone, Debug)]
pub struct Dial {
    /// Comes back in the call's story.
    pub tag: u64,
    /// Where the INVITE goes.
    pub to: SocketAddr,
    /// The number dialled.
    pub number: String,
    /// The caller's number.
    pub caller: String,
    /// The keys to press.
    pub keys: Vec<Key>,
    /// Hangs up, or gives up ringing, this long after dialling; never when `None`.
    pub patience: Option<Duration>,
    /// Hangs up this long after the answer; waits to be hung up on when `None`.
    pub talk: Option<Duration>,
    /// What it says.
    pub voice: Voice,
}

impl Dial {
    /// A silent call that waits to be hung up on.
    #[must_use]
    pub fn new(to: SocketAddr, number: &str, caller: &str) -> Self {
        Self {
            tag: 0,
            to,
            number: number.into(),
            caller: caller.into(),
            keys: Vec::new(),
            patience: None,
            talk: None,
            voice: Voice::Off,
        }
    }
}

/// How a phone takes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pickup {
    /// It rings, then answers.
    Answer(Answering),
    /// It refuses at once with this status code, 300 to 699.
    Refuse(u16),
    /// It rings until the caller gives up.
    RingForever,
}

/// How a phone answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answering {
    /// How long it rings first. Nothing: the answer comes without a 180.
    pub ring: Between,
    /// How long it talks before it hangs up; waits to be hung up on when `None`.
    pub talk: Option<Between>,
    /// What it says.
    pub voice: Voice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_duration_reaches_both_ends_and_leaves_neither() {
        let mut random = Random::from_number(5);
        let between = Between::new(Duration::from_millis(4), Duration::from_millis(6));
        let drawn: Vec<u128> = (0..100).map(|_| between.draw(&mut random).as_millis()).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&4), Some(&6)));
        let exact = Between::exactly(Duration::from_micros(1_500));
        assert_eq!(exact.draw(&mut random), Duration::from_micros(1_500));
    }
}
