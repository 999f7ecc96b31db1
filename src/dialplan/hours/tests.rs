//! Hours across the weekly rhythm, closures, holidays and both clock changes.

use super::*;
use jiff::civil::date;
use jiff::tz::TimeZoneDatabase;

fn paris() -> TimeZone {
    TimeZoneDatabase::bundled().get("Europe/Paris").expect("bundled")
}

fn span(from: &str, until: &str) -> Span {
    let minute = |text: &str| text[..2].parse::<u16>().unwrap() * 60 + text[3..].parse::<u16>().unwrap();
    Span { from: minute(from), until: minute(until) }
}

/// Mon-Thu 8:30-12:00 and 13:30-17:30, Fri until 16:30: the contract's article 2.
fn crc() -> Hours {
    let mut week: [Vec<Span>; 7] = Default::default();
    for day in &mut week[..4] {
        *day = vec![span("08:30", "12:00"), span("13:30", "17:30")];
    }
    week[4] = vec![span("08:30", "12:00"), span("13:30", "16:30")];
    Hours { name: "crc".into(), zone: paris(), week, holidays: Some(Holidays::France), closures: Vec::new() }
}

fn at(local: &str) -> Utc {
    let local: DateTime = local.parse().expect("a local time");
    utc(paris().to_timestamp(local).expect("in range"))
}

fn change(hours: &Hours, local: &str) -> Option<String> {
    hours.next_change(at(local)).map(|at| paris().to_datetime(timestamp(at)).to_string())
}

#[test]
fn the_week_of_the_contract() {
    let hours = crc();
    for (local, open) in [
        ("2026-03-10 08:29:59", false),
        ("2026-03-10 08:30:00", true),
        ("2026-03-10 11:59:59.999999", true),
        ("2026-03-10 12:00:00", false),
        ("2026-03-10 13:30:00", true),
        ("2026-03-13 16:30:00", false),
        ("2026-03-12 16:30:00", true),
        ("2026-03-14 10:00:00", false),
        ("2026-04-06 10:00:00", false),
    ] {
        assert_eq!(hours.is_open(at(local)), open, "{local}");
    }
}

#[test]
fn the_next_change_skips_week_ends_and_holidays() {
    let hours = crc();
    assert_eq!(change(&hours, "2026-03-10 09:00:00").as_deref(), Some("2026-03-10T12:00:00"));
    assert_eq!(change(&hours, "2026-03-13 16:30:00").as_deref(), Some("2026-03-16T08:30:00"));
    assert_eq!(change(&hours, "2026-04-03 17:00:00").as_deref(), Some("2026-04-07T08:30:00"));
}

#[test]
fn opening_follows_the_wall_clock_when_it_shifts() {
    let hours = crc();
    // Friday 27 March 2026 is winter time, Monday 30 summer time: one UTC hour apart.
    let friday = at("2026-03-27 08:30:00").as_micros();
    let monday = at("2026-03-30 08:30:00").as_micros();
    assert!(hours.is_open(Utc::from_micros(monday)) && !hours.is_open(Utc::from_micros(monday - 1)));
    assert_eq!(monday - friday, (3 * 24 - 1) * 3_600_000_000);
}

fn sunday_night(spans: Vec<Span>) -> Hours {
    let mut hours = crc();
    hours.week[6] = spans;
    hours
}

#[test]
fn a_span_the_clock_skips_opens_late() {
    let hours = sunday_night(vec![span("02:30", "03:30")]);
    // 29 March 2026: 02:00 becomes 03:00.
    assert_eq!(change(&hours, "2026-03-29 01:00:00").as_deref(), Some("2026-03-29T03:00:00"));
    assert_eq!(change(&hours, "2026-03-29 03:00:00").as_deref(), Some("2026-03-29T03:30:00"));
    let skipped = sunday_night(vec![span("02:10", "02:50")]);
    assert_eq!(change(&skipped, "2026-03-29 01:00:00").as_deref(), Some("2026-03-30T08:30:00"));
}

#[test]
fn a_span_the_clock_shows_twice_is_open_twice() {
    let hours = sunday_night(vec![span("02:10", "02:50")]);
    // 25 October 2026: 03:00 becomes 02:00.
    let first = at("2026-10-25 01:00:00");
    let mut changes = Vec::new();
    let mut now = first;
    for _ in 0..4 {
        now = hours.next_change(now).expect("it changes");
        changes.push((now.as_micros() - first.as_micros()) / 60_000_000);
    }
    assert_eq!(changes, [70, 110, 130, 170]);
}

#[test]
fn closures_by_day_half_day_rhythm_and_period() {
    let mut hours = crc();
    let tuesday = Days::Every { nth: 1, weekday: Weekday::Tuesday, except: vec![7, 8] };
    hours.closures = vec![
        Closure { days: Days::Between(date(2026, 6, 19), date(2026, 6, 19)), span: Span::DAY },
        Closure { days: Days::Between(date(2026, 11, 25), date(2026, 11, 25)), span: span("13:30", "17:30") },
        Closure { days: tuesday, span: span("09:00", "12:00") },
        Closure { days: Days::Between(date(2026, 12, 28), date(2027, 1, 8)), span: Span::DAY },
    ];
    for (local, open) in [
        ("2026-06-19 10:00:00", false),
        ("2026-11-25 11:00:00", true),
        ("2026-11-25 14:00:00", false),
        ("2026-06-02 10:00:00", false),
        ("2026-06-02 08:45:00", true),
        ("2026-06-09 10:00:00", true),
        ("2026-07-07 10:00:00", true),
        ("2027-01-08 10:00:00", false),
        ("2027-01-11 10:00:00", true),
    ] {
        assert_eq!(hours.is_open(at(local)), open, "{local}");
    }
    assert_eq!(change(&hours, "2026-06-02 08:45:00").as_deref(), Some("2026-06-02T09:00:00"));
    assert_eq!(change(&hours, "2026-12-24 17:30:00").as_deref(), Some("2027-01-11T08:30:00"));
    hours.closures = vec![Closure {
        days: Days::Every { nth: -1, weekday: Weekday::Friday, except: vec![] },
        span: Span::DAY,
    }];
    assert!(!hours.is_open(at("2026-03-27 10:00:00")) && hours.is_open(at("2026-03-20 10:00:00")));
}

#[test]
fn what_never_changes_says_so() {
    assert_eq!(Hours::always_open("toujours".into()).next_change(at("2026-01-01 00:00:00")), None);
    let mut never = crc();
    never.week = Default::default();
    assert_eq!(never.next_change(at("2026-01-01 00:00:00")), None);
    assert!(!never.is_open(Utc::from_micros(i64::MAX)));
}
