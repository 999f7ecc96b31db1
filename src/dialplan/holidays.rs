//! French public holidays [jours fériés], computed: eight fixed dates and those that move with Easter.
//! Code du travail, articles L3133-1 and L3134-13 (Alsace-Moselle).

use jiff::civil::Date;

/// Which public holidays close a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holidays {
    /// All of France.
    France,
    /// Also Good Friday and 26 December, in Moselle (57), Bas-Rhin (67) and Haut-Rhin (68).
    AlsaceMoselle,
}

/// Month and day of those that never move.
const FIXED: [(i8, i8); 8] = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
/// Days after Easter: Easter Monday, Ascension, Whit Monday.
const AFTER_EASTER: [i32; 3] = [1, 39, 50];

impl Holidays {
    /// What the dialplan may write.
    pub const NAMES: [&'static str; 4] = ["FR", "FR-57", "FR-67", "FR-68"];

    /// Reads « FR » or « FR-57 ».
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "FR" => Some(Self::France),
            "FR-57" | "FR-67" | "FR-68" => Some(Self::AlsaceMoselle),
            _ => None,
        }
    }

    /// Whether `date` is a public holiday.
    #[must_use]
    pub fn includes(self, date: Date) -> bool {
        let after_easter = date.day_of_year() as i32 - easter_day_of_year(date.year());
        let everywhere = FIXED.contains(&(date.month(), date.day())) || AFTER_EASTER.contains(&after_easter);
        match self {
            Self::France => everywhere,
            Self::AlsaceMoselle => everywhere || after_easter == -2 || (date.month(), date.day()) == (12, 26),
        }
    }
}

/// Easter Sunday as a day of the year, by the Gregorian computus (Meeus, Astronomical Algorithms, chapter 8).
fn easter_day_of_year(year: i16) -> i32 {
    let year = i32::from(year);
    let golden = year % 19;
    let (century, year_of_century) = (year / 100, year % 100);
    let (leap_centuries, century_rest) = (century / 4, century % 4);
    let lunar = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - leap_centuries - lunar + 15) % 30;
    let weekday = (32 + 2 * century_rest + 2 * (year_of_century / 4) - epact - year_of_century % 4) % 7;
    let correction = (golden + 11 * epact + 22 * weekday) / 451;
    let march_based = epact + weekday - 7 * correction + 114;
    let (month, day) = (march_based / 31, march_based % 31 + 1);
    let leap = i32::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let before_month = if month == 3 { 59 } else { 90 };
    before_month + leap + day
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn of_year(holidays: Holidays, year: i16) -> Vec<String> {
        let days = date(year, 1, 1).series(jiff::ToSpan::day(1)).take_while(|day| day.year() == year);
        days.filter(|day| holidays.includes(*day)).map(|day| day.to_string()[5..].to_owned()).collect()
    }

    #[test]
    fn the_eleven_of_2026_and_2027() {
        let y2026 = [
            "01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25",
        ];
        assert_eq!(of_year(Holidays::France, 2026), y2026);
        let y2027 = [
            "01-01", "03-29", "05-01", "05-06", "05-08", "05-17", "07-14", "08-15", "11-01", "11-11", "12-25",
        ];
        assert_eq!(of_year(Holidays::France, 2027), y2027);
    }

    #[test]
    fn alsace_and_moselle_have_two_more() {
        let y2026 = of_year(Holidays::AlsaceMoselle, 2026);
        assert_eq!(y2026.len(), 13);
        assert!(y2026.contains(&"04-03".to_owned()) && y2026.contains(&"12-26".to_owned()));
        assert!(of_year(Holidays::AlsaceMoselle, 2027).contains(&"03-26".to_owned()));
    }

    #[test]
    fn easter_is_where_the_church_says() {
        // Leap years and the latest and earliest of the century.
        for (year, month, day) in [(2000, 4, 23), (2008, 3, 23), (2024, 3, 31), (2025, 4, 20), (2038, 4, 25)]
        {
            assert_eq!(easter_day_of_year(year), i32::from(date(year, month, day).day_of_year()), "{year}");
        }
    }
}
