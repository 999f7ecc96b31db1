//! `spillway demo`: serves the embedded site on loopback and plays callers and agents against it, over real SIP and real
//! audio. Exit code 0 only if every call ended as its part says.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it runs a service and its players on threads of its own"
)]

mod cast;
mod players;
mod screen;
mod stage;
mod tally;
#[cfg(test)]
mod tests;
mod words;

use super::language::Language;
use super::status;
use crate::base::{Moment, Random};
use crate::drivers::clock::Clock;
use crate::drivers::control::{self, Answer, Command};
use crate::drivers::{logs, open_files, signals};
use crossbeam_channel::{Receiver, bounded};
use players::{Pace, Players, Playing, Told};
use screen::Screen;
use stage::{Stage, StageError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tally::Tally;

/// Between two looks at the service.
const LOOK: Duration = Duration::from_millis(250);
/// A call that is not over so long after the last was placed never will be.
const PATIENCE: Duration = Duration::from_secs(120);
/// Calls, unless told otherwise.
const CALLS: u64 = 40;

/// What `demo` is asked.
#[derive(Debug)]
pub struct DemoArgs {
    /// How many call; 40 when neither this nor `duration` is given.
    pub calls: Option<u64>,
    /// Calls a second.
    pub rate: f64,
    /// How long new calls are placed.
    pub duration: Option<Duration>,
    /// Where metrics are served; any free port of loopback when `None`.
    pub http: Option<SocketAddr>,
    /// Stay up afterwards, until SIGINT or SIGTERM.
    pub keep: bool,
}

/// Plays, and returns the exit code: 0 when every call ended as it should, 1 when one did not, 2 when the demo could not
/// be played.
#[must_use]
pub fn run(args: &DemoArgs) -> u8 {
    let language = Language::of_environment();
    match play(args, language) {
        Ok(all_well) => u8::from(!all_well),
        Err(error) => {
            eprintln!("error: {error}");
            2
        }
    }
}

fn play(args: &DemoArgs, language: Language) -> Result<bool, StageError> {
    // Logs were started before, in a test.
    let _ = logs::start(logs::LogFormat::Text, "error");
    open_files::raise_limit();
    let folder = folder()?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    let players = Players::open(Random::from_seed(seed))?;
    let stage = Stage::open(&folder, players.addresses(), args.http)?;
    let (interrupt, interrupted) = bounded(1);
    signals::on_stop(move |_| {
        // Full: it was told before.
        let _ = interrupt.try_send(());
    })?;
    println!("{}", opening(&stage, language));
    let calls = args.calls.unwrap_or(if args.duration.is_some() { u64::MAX } else { CALLS });
    let pace = Pace { calls, rate: args.rate, until: args.duration };
    let mut demo = Demo { tally: Tally::default(), screen: Screen::open(), language, all_placed: None };
    let playing = players.play(stage.sip, pace)?;
    let finished = demo.watch(&stage, &playing, &interrupted)?;
    demo.screen.erase()?;
    if finished && args.keep {
        println!("{}", keeping(&stage, language));
        // Whatever ends the wait: the signal, or the end of whoever would send it.
        let _ = interrupted.recv();
    }
    drop(playing);
    let (records, shown) = (stage.records.clone(), stage.shown.clone());
    let metrics = folder.join("metrics.prom");
    std::fs::write(&metrics, stage.close()?)?;
    shown.try_iter().for_each(|observation| demo.tally.observe(&observation));
    Ok(demo.summary(&records, &metrics, finished))
}

/// A folder of this run's own.
fn folder() -> io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("spillway-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

struct Demo {
    tally: Tally,
    screen: Screen,
    language: Language,
    /// When the last call had been placed.
    all_placed: Option<Moment>,
}

impl Demo {
    /// Watches until every call is over; says whether it came to that.
    fn watch(
        &mut self,
        stage: &Stage,
        playing: &Playing,
        interrupted: &Receiver<()>,
    ) -> Result<bool, StageError> {
        let clock = Clock::start();
        loop {
            if interrupted.recv_timeout(LOOK).is_ok() || stage.has_stopped() {
                return Ok(false);
            }
            let now = clock.now().moment;
            stage.shown.try_iter().for_each(|observation| self.tally.observe(&observation));
            for told in playing.told.try_iter() {
                match told {
                    Told::Placed => self.tally.placed += 1,
                    Told::Ended(story) => drop(self.tally.stories.insert(story.tag, story)),
                    Told::AllPlaced => self.all_placed = Some(now),
                    Told::Failed(error) => return Err(error.into()),
                }
            }
            self.draw(stage, now.since(Moment::ZERO))?;
            match self.all_placed {
                Some(_) if self.tally.is_complete() => return Ok(true),
                Some(since) if now.since(since) > PATIENCE => return Ok(false),
                Some(_) | None => {}
            }
        }
    }

    fn draw(&mut self, stage: &Stage, played: Duration) -> io::Result<()> {
        let progress = words::progress(played, &self.tally, self.language);
        let mut table = vec![progress.clone(), String::new()];
        // A service too busy to answer is asked again at the next look.
        if let Ok(Answer::Status(status)) = control::ask(&stage.control, Command::Status) {
            table.extend(status::tables(&status, self.language));
            table.push(String::new());
        }
        table.extend(words::outcomes(&self.tally, self.language));
        self.screen.show(played, &table, &progress)
    }

    /// Says how it went; gives whether all went well.
    fn summary(&self, records: &Path, metrics: &Path, finished: bool) -> bool {
        let language = self.language;
        for line in words::outcomes(&self.tally, language) {
            println!("{line}");
        }
        println!("{}\n", words::sum(&self.tally, language));
        for line in words::indicators(&self.tally, language) {
            println!("{line}");
        }
        println!(
            "\n{:<28} {}",
            language.say("enregistrements (SQLite)", "records (SQLite)"),
            records.display()
        );
        println!("{:<28} {}", language.say("dernières métriques", "last metrics"), metrics.display());
        let wrongs = self.tally.wrongs();
        for wrong in &wrongs {
            eprintln!("{} {wrong}", language.say("écart :", "wrong:"));
        }
        if !finished {
            eprintln!(
                "{}",
                language.say("la démonstration n'est pas allée au bout", "the demo did not finish")
            );
        }
        let all_well = finished && wrongs.is_empty();
        if all_well {
            println!(
                "\n{}",
                language.say("Chaque appel a fini comme prévu.", "Every call ended as it should.")
            );
        }
        all_well
    }
}

fn opening(stage: &Stage, language: Language) -> String {
    let Stage { sip, http, .. } = stage;
    match language {
        Language::French => {
            format!("Spillway sert son site de démonstration sur {sip}, http://{http}/metrics\n")
        }
        Language::English => format!("Spillway serves its demo site on {sip}, http://{http}/metrics\n"),
    }
}

fn keeping(stage: &Stage, language: Language) -> String {
    let http = stage.http;
    match language {
        Language::French => format!("Reste en service : http://{http}/metrics, Ctrl-C pour arrêter."),
        Language::English => format!("Still serving: http://{http}/metrics, Ctrl-C to stop."),
    }
}
