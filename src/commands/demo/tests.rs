//! The cast and the tally, without playing; and an end in the middle of the play.

use super::cast::{self, Part};
use super::players::{Pace, Players};
use super::screen::Screen;
use super::stage::Stage;
use super::tally::Tally;
use super::{Demo, LOOK, words};
use crate::base::{CallId, Cause, Moment, Name, Outcome, Random, Utc};
use crate::call::Record;
use crate::commands::language::Language;
use crate::endpoint::{Ending, Side, Story};
use crate::engine::Observation;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn story(number: u64, ending: Ending) -> Box<Story> {
    Box::new(Story {
        tag: number,
        side: Side::Placed,
        user: "0384961370".into(),
        caller: cast::caller(number),
        diverted_by: None,
        begun: Moment::ZERO,
        ringing: None,
        answered: Some(Moment::from_millis(10)),
        first_audio: Some(Moment::from_millis(30)),
        ended: Moment::from_millis(9_000),
        ending,
    })
}

fn record(number: u64, outcome: Outcome) -> Observation {
    Observation::Recorded(Arc::new(Record {
        call: CallId(number),
        arrived_utc: Utc::default(),
        ended_utc: Utc::default(),
        site: None,
        trunk: Name::from("operateur"),
        caller: cast::caller(number),
        dialled: "0384961370".into(),
        number: None,
        plan: Name::default(),
        outcome,
        cause: Cause::Normal,
        queue: None,
        agent: None,
        agent_key: None,
        target: None,
        keys: String::new(),
        picked_up: true,
        flow_ms: 0,
        wait_ms: 0,
        ring_ms: 0,
        talk_ms: 0,
        hold_ms: 0,
        after_ms: 0,
        duration_ms: 0,
        handover_ms: None,
        since_answer_ms: None,
        visit: None,
        rings: Vec::new(),
        transfers: Vec::new(),
        talks: Vec::new(),
    }))
}

/// A demo of the opening's four calls in which all went well.
fn good_opening() -> Tally {
    let mut tally = Tally::default();
    tally.placed = cast::OPENING;
    for number in 0..cast::OPENING {
        let part = Part::of(number);
        let ending = match part {
            Part::Technical | Part::Office => Ending::FarHungUp(Cause::Normal),
            Part::LeavesMenu | Part::LeavesQueue => Ending::HungUp,
        };
        tally.stories.insert(number, story(number, ending));
        tally.observe(&record(number, part.outcomes()[0]));
    }
    tally
}

#[test]
fn the_opening_takes_both_clerks_before_somebody_leaves_the_menu_and_the_queue() {
    let opening: Vec<Part> = (0..cast::OPENING).map(Part::of).collect();
    assert_eq!(opening, [Part::Office, Part::Office, Part::LeavesMenu, Part::LeavesQueue]);
    assert_eq!(cast::CLERKS.len(), 2);
    assert!((cast::OPENING..40).any(|number| Part::of(number) == Part::Technical));
}

#[test]
fn a_demo_in_which_all_went_well_adds_up() {
    let tally = good_opening();
    assert!(tally.is_complete());
    assert_eq!(tally.wrongs(), Vec::<String>::new());
    assert_eq!(words::sum(&tally, Language::English), format!("{:<28} {:>6} = 2 + 1 + 1", "offered", 4));
}

#[test]
fn whatever_did_not_go_as_it_should_is_said() {
    let mut tally = good_opening();
    tally.placed = 7;
    tally.stories.insert(2, story(2, Ending::FarHungUp(Cause::Normal)));
    tally.observe(&record(3, Outcome::AbandonedWaiting));
    tally.stories.insert(4, story(4, Ending::FarHungUp(Cause::Normal)));
    tally.observe(&record(4, Outcome::Failed));
    tally.stories.insert(5, story(5, Ending::FarHungUp(Cause::Normal)));
    let wrongs = tally.wrongs();
    assert!(!tally.is_complete());
    assert_eq!(wrongs.len(), 5, "{wrongs:?}");
    assert!(wrongs[0].contains("(LeavesMenu) lived through"));
    assert!(wrongs[1].contains("(LeavesQueue) has 2 records"));
    assert!(wrongs[2].contains("(Technical) was recorded as failed"));
    assert!(wrongs[3].contains("(Technical) has no record"));
    assert!(wrongs[4].contains("(Technical) its call never ended"));
}

#[test]
fn the_indicators_are_shares_of_what_counts() {
    let mut tally = Tally::default();
    for verdict in ["hit", "hit", "miss", "ignored"] {
        tally.observe(&Observation::Judged {
            site: "demo".into(),
            sla: "accueil".into(),
            on: "technique".into(),
            indicator: "qs1",
            verdict,
        });
    }
    let lines = words::indicators(&tally, Language::French);
    assert_eq!(lines, ["QS1 technique                  66,6 %   2 sur 3"]);
}

#[test]
fn players_who_are_interrupted_hang_up_and_the_service_ends_with_a_record_of_every_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let players = Players::open(Random::from_number(7)).expect("sockets");
    let stage = Stage::open(folder.path(), players.addresses(), None).expect("a service");
    let pace = Pace { calls: 1_000, rate: 20.0, until: None };
    let mut playing = players.play(stage.sip, pace).expect("a thread");
    let mut demo = Demo {
        tally: Tally::default(),
        screen: Screen::open(),
        language: Language::English,
        all_placed: None,
    };
    while demo.tally.placed < 12 {
        std::thread::sleep(LOOK);
        demo.listen(&playing, Moment::ZERO).expect("they play");
    }
    let begun = Instant::now();
    playing.end();
    demo.listen(&playing, Moment::ZERO).expect("they played");
    let shown = stage.shown.clone();
    stage.close().expect("it ends as asked");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    shown.try_iter().for_each(|observation| demo.tally.observe(&observation));
    let Tally { placed, stories, recorded, .. } = &demo.tally;
    assert_eq!((stories.len() as u64, *recorded), (*placed, *placed));
    assert_eq!(demo.tally.faults(), [""; 0]);
}
