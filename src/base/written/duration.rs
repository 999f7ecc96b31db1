//! Durations as people write them: « 90s », « 2m », « 1m30s ».

use std::time::Duration;

/// Units, longest first: each at most once, in this order.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// Nothing in a phone call lasts longer.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// Reads a duration of at most a day.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut units = UNITS.iter();
    let mut total_ms = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (count, after) = rest.split_at(digits);
        let unit_end = after.find(|character: char| character.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let (_, unit_ms) = units.by_ref().find(|(name, _)| *name == unit.trim())?;
        let part_ms = count.parse::<u64>().ok()?.checked_mul(*unit_ms)?;
        total_ms = total_ms.checked_add(part_ms)?;
        rest = next;
    }
    Some(Duration::from_millis(total_ms)).filter(|total| *total <= LONGEST)
}

/// Writes a duration the way it is read.
#[must_use]
pub fn say(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut written = String::new();
    for (unit, unit_ms) in UNITS {
        let count = rest / unit_ms;
        rest %= unit_ms;
        if count > 0 {
            written.push_str(&format!("{count}{unit}"));
        }
    }
    if written.is_empty() { "0s".into() } else { written }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_write() {
        for (text, seconds) in
            [("90s", 90), ("2m", 120), ("1m30s", 90), ("1h", 3_600), ("0s", 0), ("1m 30s", 90)]
        {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        for text in
            ["", "90", "s", "1.5s", "30s1m", "1s1s", "-5s", "25h", "99999999999999999999s", "5 minutes", "é"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_back(ms in 0_u64..=86_400_000) {
            let duration = Duration::from_millis(ms);
            prop_assert_eq!(parse(&say(duration)), Some(duration));
        }

        #[test]
        fn no_text_is_too_odd(text in ".*") {
            let _ = parse(&text);
        }
    }
}
