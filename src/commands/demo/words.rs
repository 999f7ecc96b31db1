//! What the demo says, in French and English.

use super::tally::Tally;
use crate::base::Outcome;
use crate::commands::language::Language;
use std::time::Duration;

/// An outcome, for people.
pub const fn outcome(outcome: Outcome, language: Language) -> &'static str {
    let (french, english) = match outcome {
        Outcome::Interrupted => ("interrompus par une panne", "interrupted by a crash"),
        Outcome::Failed => ("en échec", "failed"),
        Outcome::Rejected => ("refusés", "rejected"),
        Outcome::Answered => ("traités par un agent", "answered by an agent"),
        Outcome::OverflowedAnswered => ("débordés, traités", "overflowed, answered"),
        Outcome::OverflowedNoAnswer => ("débordés, sans réponse", "overflowed, no answer"),
        Outcome::OverflowedAbandoned => ("débordés, abandonnés", "overflowed, abandoned"),
        Outcome::OverflowedFailed => ("débordés, en échec", "overflowed, failed"),
        Outcome::OverflowedUnobserved => ("débordés, suite inconnue", "overflowed, end unknown"),
        Outcome::RoutedAnswered => ("dirigés, traités", "routed, answered"),
        Outcome::RoutedNoAnswer => ("dirigés, sans réponse", "routed, no answer"),
        Outcome::RoutedAbandoned => ("dirigés, abandonnés", "routed, abandoned"),
        Outcome::RoutedFailed => ("dirigés, en échec", "routed, failed"),
        Outcome::RoutedUnobserved => ("dirigés, suite inconnue", "routed, end unknown"),
        Outcome::Callback => ("à rappeler", "callback left"),
        Outcome::Message => ("invités à rappeler", "asked to call again"),
        Outcome::AbandonedShort => ("raccrochages immédiats", "hung up at once"),
        Outcome::AbandonedWaiting => ("abandonnés en attente", "abandoned waiting"),
        Outcome::AbandonedMenu => ("abandonnés au menu", "abandoned in the menu"),
        Outcome::AbandonedGreeting => ("abandonnés à l'accueil", "abandoned at the greeting"),
    };
    language.say(french, english)
}

/// One line of how far the demo is.
pub fn progress(played: Duration, tally: &Tally, language: Language) -> String {
    let (seconds, placed, over) = (played.as_secs(), tally.placed, tally.recorded);
    match language {
        Language::French => format!("{seconds:>4} s : {placed} appels présentés, {over} terminés"),
        Language::English => format!("{seconds:>4} s: {placed} calls offered, {over} over"),
    }
}

/// Each outcome with its count.
pub fn outcomes(tally: &Tally, language: Language) -> Vec<String> {
    let line = |(kind, count)| format!("{:<28} {count:>6}", outcome(kind, language));
    tally.outcomes().into_iter().map(line).collect()
}

/// The sum the outcomes must make.
pub fn sum(tally: &Tally, language: Language) -> String {
    let counts = tally.outcomes();
    let terms: Vec<String> = counts.iter().map(|(_, count)| count.to_string()).collect();
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let mark = if total == tally.placed { "=" } else { "≠" };
    format!("{:<28} {:>6} {mark} {}", language.say("présentés", "offered"), tally.placed, terms.join(" + "))
}

/// QS1 and QS2 of each queue and target they were judged on.
pub fn indicators(tally: &Tally, language: Language) -> Vec<String> {
    let line = |((on, indicator), verdicts): (&(crate::base::Name, &str), &super::tally::Verdicts)| {
        let name = indicator.to_uppercase();
        let share = verdicts.permille().map_or_else(
            || "–".into(),
            |permille| {
                let point = language.say(",", ".");
                format!("{}{point}{} %", permille / 10, permille % 10)
            },
        );
        let of = language.say("sur", "of");
        format!("{name} {:<24} {share:>8}   {} {of} {}", &**on, verdicts.hits, verdicts.counted())
    };
    tally.judged.iter().map(line).collect()
}
