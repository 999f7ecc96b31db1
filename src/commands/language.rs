//! Which language people are spoken to in: French where the environment says so, else English.

/// A language of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// French.
    French,
    /// English.
    English,
}

impl Language {
    /// The environment's, by the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set (POSIX, section 8.2).
    #[must_use]
    pub fn of_environment() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::of_locale(&["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default())
    }

    fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("fr") { Self::French } else { Self::English }
    }

    /// The wording in this language.
    #[must_use]
    pub const fn say(self, french: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::French => french,
            Self::English => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_is_spoken_where_the_locale_is_french() {
        for locale in ["fr", "fr_FR.UTF-8", "fr_BE@euro", "FR_CA"] {
            assert_eq!(Language::of_locale(locale), Language::French, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "en_GB.UTF-8", "frr_DE", "POSIX"] {
            assert_eq!(Language::of_locale(locale), Language::English, "{locale}");
        }
    }
}
