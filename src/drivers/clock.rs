//! The clock: the only place where `now` comes from.

use crate::base::{Moment, Now, Utc};
use std::time::{Duration, Instant, SystemTime};

/// Both clocks of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// A clock whose [`Moment::ZERO`] is now.
    #[must_use]
    pub fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    /// The instant that is [`Moment::ZERO`], for drivers that keep time themselves.
    #[must_use]
    pub const fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Now. A calendar before 1970 reads as 1970.
    #[must_use]
    pub fn now(&self) -> Now {
        let moment = Moment::ZERO + self.epoch.elapsed();
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let micros = i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX);
        Now { moment, utc: Utc::from_micros(micros) }
    }

    /// How long until `at`; zero when it has passed.
    #[must_use]
    pub fn until(&self, at: Moment) -> Duration {
        at.since(Moment::ZERO + self.epoch.elapsed())
    }
}
