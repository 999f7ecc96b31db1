//! When a service is open: weekly spans, closures, computed public holidays, in the site's own time zone.

use crate::base::{Name, Utc};

/// Opening hours, ready to be asked.
#[derive(Debug, Clone)]
pub struct Hours {
    /// Its name.
    pub name: Name,
}

impl Hours {
    /// Whether it is open at this point on the calendar.
    #[must_use]
    pub fn is_open(&self, _at: Utc) -> bool {
        true
    }

    /// When the state next changes after `at`; nothing when it never does.
    #[must_use]
    pub fn next_change(&self, _at: Utc) -> Option<Utc> {
        None
    }
}
