//! Dialplans as people get them wrong: each file in `dialplan/bad` is refused with the findings beside it, rendered as
//! `spillway check` shows them. `UPDATE_EXPECTED=1` writes them anew; read what changed.

use proptest::prelude::*;
use spillway::base::finding::{Finding, Source, Style, render};
use spillway::base::{QueueId, TrunkId};
use spillway::dialplan::{self, Ids, Known, Plan, SoundFile};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What lies beside every site here.
fn files(folder: &str) -> BTreeMap<PathBuf, SoundFile> {
    let seconds = [("bienvenue", 3), ("choix", 4), ("rappelez", 5), ("urgences", 5)];
    let prompts = seconds.map(|(name, seconds)| (format!("{folder}messages/{name}.wav"), seconds));
    let music = (format!("{folder}musique/attente.wav"), 16);
    let all = prompts.into_iter().chain([music]);
    all.map(|(path, seconds)| (path.into(), SoundFile::Lasts(Duration::from_secs(seconds)))).collect()
}

fn known() -> Known {
    Known { trunks: vec![("operateur".into(), TrunkId(0)), ("ipoffice".into(), TrunkId(1))] }
}

fn load(path: &str, text: &str) -> Result<(Plan, Vec<Finding>), Vec<Finding>> {
    let source = Source::new(path, text);
    let files = files(source.folder());
    dialplan::load(&[source], &files, &known(), &mut Ids::default())
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialplan").join(name)
}

fn dialplans(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).expect("it is there").map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    all.sort();
    all
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the one switch that writes the expectations anew")]
fn every_bad_dialplan_is_refused_with_its_lines_and_hints() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let all = dialplans(&folder("bad"));
    assert!(all.len() >= 20, "{} bad dialplans", all.len());
    let mut wrong = Vec::new();
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let Err(findings) = load(name, &text) else {
            wrong.push(format!("{name} is accepted"));
            continue;
        };
        let drawn = render(&findings, Style::Plain);
        let expected = path.with_extension("expected");
        if update {
            fs::write(&expected, &drawn).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != drawn {
            wrong.push(format!("{name} says now:\n{drawn}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ten_faults_of_one_file_are_told_at_once() {
    let text = fs::read_to_string(folder("bad/ten_faults.toml")).unwrap();
    let findings = load("ten_faults.toml", &text).expect_err("refused");
    assert!(findings.iter().filter(|finding| finding.is_error()).count() >= 10, "{}", findings.len());
}

/// The examples of the finished language: nothing in them is wrong, only too early.
#[test]
fn what_comes_later_is_told_apart_from_what_is_wrong() {
    for site in ["habitat70", "opac71"] {
        let text = fs::read_to_string(folder("later").join(format!("{site}/{site}.toml"))).unwrap();
        let source = Source::new(&format!("{site}.toml"), &text);
        let music =
            BTreeMap::from([(PathBuf::from("musique/a.wav"), SoundFile::Lasts(Duration::from_secs(9)))]);
        let findings =
            dialplan::load(&[source], &music, &known(), &mut Ids::default()).expect_err("too early");
        for finding in &findings {
            assert!(
                finding.words.message.contains("not in this version"),
                "{}",
                render(&findings, Style::Plain)
            );
        }
        assert!(findings.len() > 5, "{site}: {}", findings.len());
    }
}

const GOOD: &str = include_str!("dialplan/good.toml");

fn good() -> Plan {
    match load("good.toml", GOOD) {
        Ok((plan, warnings)) => {
            assert_eq!(warnings, []);
            plan
        }
        Err(findings) => panic!("{}", render(&findings, Style::Plain)),
    }
}

#[test]
fn a_good_dialplan_becomes_what_it_says() {
    use spillway::dialplan::{Action, AtClose, Condition, Destination, Overflow, Strategy, WhileRinging};
    let plan = good();
    let (_, number) = plan.number("0033384961370").expect("a number of ours");
    assert_eq!(&*number.name, "03 84 96 13 70");
    assert_eq!(plan.number("0810717171").expect("its other face").1.flow, number.flow);
    assert!(plan.number("0384961371").is_none());
    let flow = &plan.flows[number.flow.index()];
    assert!(matches!(flow.steps[0].when[..], [Condition::Closed(_)]));
    assert!(matches!(flow.steps[0].action, Action::Go(Destination::Message(_))));
    let menu = &plan.menus[0];
    assert_eq!((menu.wait, menu.tries), (Duration::from_secs(5), 2));
    let Destination::Queue(technique) = menu.keys[&'1'] else { panic!("key 1 leads to a queue") };
    assert!(matches!(menu.keys[&'*'], Destination::Menu(_)));
    let queue = plan.queue(technique).expect("in this plan");
    assert_eq!(
        (&*queue.name, queue.strategy, queue.ring),
        ("technique", Strategy::LongestIdle, Duration::from_secs(12))
    );
    assert_eq!((queue.wrap_up, queue.while_ringing), (Duration::from_secs(20), WhileRinging::Finish));
    assert_eq!(queue.music.map(|music| plan.music[music.index()].files.len()), Some(1));
    let [widen, leave] = queue.overflow[..] else { panic!("two entries") };
    assert!(matches!(widen, Overflow { to: Destination::Queue(_), .. }));
    assert!(matches!(leave, Overflow { to: Destination::Target(_), .. }));
    let shared =
        |queue: &str| plan.queues.iter().flatten().find(|known| &*known.name == queue).map(|q| q.agents[0]);
    assert_eq!(shared("technique"), shared("renfort"), "the same extension is the same agent");
    let renfort = plan.queues.iter().flatten().find(|queue| &*queue.name == "renfort").expect("written");
    assert!(matches!(renfort.at_close, AtClose::Leave(_, Destination::Message(_))));
    assert_eq!(renfort.full.map(|full| full.length), Some(20));
    assert_eq!(plan.slas.iter().map(|sla| &*sla.name).collect::<Vec<_>>(), ["accueil", "contrat"]);
    assert_eq!(plan.digest.len(), 64);
}

#[test]
fn ids_of_queues_and_agents_outlive_a_reload() {
    let mut ids = Ids::default();
    let files = files("");
    let load = |text: &str, ids: &mut Ids| {
        dialplan::load(&[Source::new("good.toml", text)], &files, &known(), ids).expect("without fault").0
    };
    let first = load(GOOD, &mut ids);
    let renamed =
        GOOD.replace("[queue.technique]", "[queue.depannage]").replace("\"technique\"", "\"depannage\"");
    let second = load(&renamed, &mut ids);
    let id = |plan: &Plan, name: &str| {
        let found =
            plan.queues.iter().position(|queue| queue.as_ref().is_some_and(|queue| &*queue.name == name));
        found.map(|index| QueueId(u32::try_from(index).expect("small")))
    };
    assert_eq!(id(&first, "renfort"), id(&second, "renfort"));
    let gone = id(&first, "technique").expect("in the first");
    assert!(second.queue(gone).is_none() && id(&second, "depannage") != Some(gone));
    assert_eq!(first.agents.len(), second.agents.len());
    assert_ne!(first.digest, second.digest);
}

#[test]
fn numbers_are_unique_across_sites() {
    let sources = [Source::new("a.toml", GOOD), Source::new("b.toml", GOOD)];
    let findings = dialplan::load(&sources, &files(""), &known(), &mut Ids::default()).expect_err("twice");
    let lines: Vec<(&str, u32)> = findings.iter().map(|f| (f.source.path(), f.position().0)).collect();
    assert!(findings.iter().all(|finding| finding.words.message.contains("is written twice")));
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|(path, _)| *path == "b.toml"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any text is refused or accepted, never more; what is said of it can be drawn.
    #[test]
    fn no_text_is_too_odd(text in "\\PC*") {
        if let Err(findings) = load("odd.toml", &text) {
            let _ = render(&findings, Style::Plain);
        }
    }

    /// A good file with a piece cut out, doubled or replaced: the faults people and merges make.
    #[test]
    fn no_slip_of_the_pen_is_too_odd(at in 0.0..1.0_f64, length in 0_usize..60, with in "[\\[\\]{}=\"',.#a-z0-9 \n-]{0,12}") {
        let boundary = |mut at: usize| {
            while !GOOD.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within a short file")]
        let start = boundary((at * GOOD.len() as f64) as usize);
        let end = boundary((start + length).min(GOOD.len()));
        let text = format!("{}{with}{}", &GOOD[..start], &GOOD[end..]);
        match load("slip.toml", &text) {
            Ok((_, findings)) | Err(findings) => {
                let _ = render(&findings, Style::Plain);
            }
        }
    }

    /// Many destinations pointing anywhere: the checks end, whatever the tangle.
    #[test]
    fn no_tangle_is_too_deep(ways in prop::collection::vec((0_usize..40, 0_usize..40, 0_usize..40), 40)) {
        let mut text = GOOD.to_owned();
        for (index, (one, two, otherwise)) in ways.iter().enumerate() {
            text.push_str(&format!(
                "\n[menu.m{index}]\nsay = \"choix\"\n1 = \"m{one}\"\n2 = \"m{two}\"\nelse = \"m{otherwise}\"\n"
            ));
        }
        let _ = load("tangle.toml", &text.replace("{ go = \"motif\" }", "{ go = \"m0\" }"));
    }
}
