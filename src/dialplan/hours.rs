//! When a service is open: weekly spans, closures, computed public holidays, in the site's own time zone.
//! Must never know how they were written, nor what time it is.

use super::holidays::Holidays;
use crate::base::{Name, Utc};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

/// Opening hours, ready to be asked.
#[derive(Debug, Clone)]
pub struct Hours {
    /// Its name.
    pub name: Name,
    /// Where its clock hangs.
    pub zone: TimeZone,
    /// What is open, Monday first; spans of a day in rising order, apart from each other.
    pub week: [Vec<Span>; 7],
    /// Which public holidays close it.
    pub holidays: Option<Holidays>,
    /// What else closes it.
    pub closures: Vec<Closure>,
}

/// Part of a day, in minutes since local midnight, the end left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first minute, 0 to 1,439.
    pub from: u16,
    /// The minute after the last, up to 1,440.
    pub until: u16,
}

/// A planned closure [fermeture programmée].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// On which days.
    pub days: Days,
    /// Which part of them.
    pub span: Span,
}

/// The days of a closure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Days {
    /// From one day to another, both within.
    Between(Date, Date),
    /// A weekday of every month but these: `nth` 1 to 4, -1 for the last, 0 for every one.
    Every {
        /// Which of the month's.
        nth: i8,
        /// Which day.
        weekday: Weekday,
        /// Months left out, 1 to 12.
        except: Vec<i8>,
    },
}

impl Days {
    fn include(&self, date: Date) -> bool {
        match self {
            Self::Between(first, last) => (*first..=*last).contains(&date),
            Self::Every { nth, weekday, except } => {
                date.weekday() == *weekday
                    && !except.contains(&date.month())
                    && match nth {
                        0 => true,
                        -1 => date.day() > date.days_in_month() - 7,
                        nth => (date.day() - 1) / 7 + 1 == *nth,
                    }
            }
        }
    }
}

impl Span {
    /// The whole day.
    pub const DAY: Self = Self { from: 0, until: 1_440 };

    fn contains(self, minute: u16) -> bool {
        (self.from..self.until).contains(&minute)
    }
}

/// How far [`Hours::next_change`] looks: beyond every closure anyone plans.
const HORIZON_DAYS: usize = 800;

impl Hours {
    /// Hours that never close.
    #[must_use]
    pub fn always_open(name: Name) -> Self {
        let week = std::array::from_fn(|_| vec![Span::DAY]);
        Self { name, zone: TimeZone::UTC, week, holidays: None, closures: Vec::new() }
    }

    /// Whether it is open at this point on the calendar.
    #[must_use]
    pub fn is_open(&self, at: Utc) -> bool {
        let local = self.zone.to_datetime(timestamp(at));
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let date = local.date();
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        self.week[weekday].iter().any(|span| span.contains(minute))
            && !self.holidays.is_some_and(|holidays| holidays.includes(date))
            && !self
                .closures
                .iter()
                .any(|closure| closure.span.contains(minute) && closure.days.include(date))
    }

    /// When the state next changes after `at`; nothing when it never does.
    #[must_use]
    pub fn next_change(&self, at: Utc) -> Option<Utc> {
        if self.week.iter().all(Vec::is_empty) {
            return None;
        }
        let open = self.is_open(at);
        let mut day = self.zone.to_datetime(timestamp(at)).date();
        for _ in 0..HORIZON_DAYS {
            let change = self.edges(day).into_iter().find(|edge| *edge > at && self.is_open(*edge) != open);
            if change.is_some() {
                return change;
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// Every instant of a local day at which the state may change, in order. A local time the clock shows twice is two
    /// instants; one it skips is the moment of the skip.
    fn edges(&self, day: Date) -> Vec<Utc> {
        let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
        let closures = self.closures.iter().map(|closure| &closure.span);
        let mut minutes: Vec<u16> = vec![0];
        minutes.extend(self.week[weekday].iter().chain(closures).flat_map(|span| [span.from, span.until]));
        let mut edges: Vec<Utc> = minutes.into_iter().flat_map(|minute| self.instants(day, minute)).collect();
        let midnight = DateTime::from_parts(day, Time::midnight());
        if let Ok(start) = self.zone.to_timestamp(midnight) {
            let shifts = self.zone.following(start).map(|shift| shift.timestamp());
            edges.extend(shifts.take_while(|shift| self.zone.to_datetime(*shift).date() == day).map(utc));
        }
        edges.sort_unstable();
        edges
    }

    fn instants(&self, day: Date, minute: u16) -> Vec<Utc> {
        let date = if minute < 1_440 { Ok(day) } else { day.tomorrow() };
        let time = Time::new((minute / 60 % 24) as i8, (minute % 60) as i8, 0, 0);
        let (Ok(date), Ok(time)) = (date, time) else { return Vec::new() };
        let ambiguous = self.zone.to_ambiguous_timestamp(DateTime::from_parts(date, time));
        [ambiguous.earlier(), ambiguous.later()].into_iter().flatten().map(utc).collect()
    }
}

fn timestamp(at: Utc) -> Timestamp {
    let nearest = if at.as_micros() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(at.as_micros()).unwrap_or(nearest)
}

fn utc(at: Timestamp) -> Utc {
    Utc::from_micros(at.as_microsecond())
}

#[cfg(test)]
mod tests;
