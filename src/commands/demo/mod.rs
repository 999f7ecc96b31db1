//! `spillway demo`: serves the embedded site on loopback and plays callers and agents against it, over real SIP and real
//! audio. Exit code 0 only if every call ended as its part says.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it runs a service and its players on threads of its own"
)]

mod cast;
mod folder;
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
use std::path::Path;
use std::time::Duration;
use tally::Tally;

/// Between two looks at the service.
const LOOK: Duration = Duration::from_millis(250);
/// A call that is not over so long after the last was placed never will be.
const PATIENCE: Duration = Duration::from_secs(120);
/// Calls, unless told otherwise.
const CALLS: u64 = 40;
/// The exit code of a demo that was interrupted: what shells give for SIGINT.
const INTERRUPTED: u8 = 130;

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

/// How the playing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Every call is over.
    Complete,
    /// Somebody asked for the end.
    Interrupted,
    /// Some calls will never be over, or the service stopped.
    GivenUp,
}

/// Plays, and returns the exit code: 0 when every call ended as it should, 1 when one did not, 2 when the demo could not
/// be played, 130 when it was interrupted.
#[must_use]
pub fn run(args: &DemoArgs) -> u8 {
    let language = Language::of_environment();
    match play(args, language) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            2
        }
    }
}

fn play(args: &DemoArgs, language: Language) -> Result<u8, StageError> {
    // Logs were started before, in a test.
    let _ = logs::start(logs::LogFormat::Text, "error");
    open_files::raise_limit();
    let folder = folder::open(&std::env::temp_dir())?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    let players = Players::open(Random::from_seed(seed))?;
    let stage = Stage::open(&folder, players.addresses(), args.http)?;
    let interrupted = interruption()?;
    println!("{}", opening(&stage, language));
    let calls = args.calls.unwrap_or(if args.duration.is_some() { u64::MAX } else { CALLS });
    let pace = Pace { calls, rate: args.rate, until: args.duration };
    let mut demo = Demo { tally: Tally::default(), screen: Screen::open(), language, all_placed: None };
    let mut playing = players.play(stage.sip, pace)?;
    let ended = demo.watch(&stage, &playing, &interrupted)?;
    demo.screen.erase()?;
    match ended {
        Ended::Interrupted => println!("{}", interruption_said(language)),
        Ended::Complete if args.keep => {
            println!("{}", keeping(&stage, language));
            // Whatever ends the wait: the signal, or the end of whoever would send it.
            let _ = interrupted.recv();
        }
        Ended::Complete | Ended::GivenUp => {}
    }
    playing.end();
    demo.listen(&playing, Moment::ZERO)?;
    let (records, shown) = (stage.records.clone(), stage.shown.clone());
    let metrics = folder.join("metrics.prom");
    std::fs::write(&metrics, stage.close()?)?;
    shown.try_iter().for_each(|observation| demo.tally.observe(&observation));
    Ok(demo.summary(&records, &metrics, ended))
}

/// Tells of the first SIGINT or SIGTERM; the second ends the process.
fn interruption() -> io::Result<Receiver<()>> {
    let (interrupt, interrupted) = bounded(1);
    signals::on_stop(move |times| {
        if times > 1 {
            std::process::exit(INTERRUPTED.into());
        }
        // Full: it was told before.
        let _ = interrupt.try_send(());
    })?;
    Ok(interrupted)
}

struct Demo {
    tally: Tally,
    screen: Screen,
    language: Language,
    /// When the last call had been placed.
    all_placed: Option<Moment>,
}

impl Demo {
    /// Watches until every call is over, or will never be.
    fn watch(
        &mut self,
        stage: &Stage,
        playing: &Playing,
        interrupted: &Receiver<()>,
    ) -> Result<Ended, StageError> {
        let clock = Clock::start();
        loop {
            if interrupted.recv_timeout(LOOK).is_ok() {
                return Ok(Ended::Interrupted);
            }
            if stage.has_stopped() {
                return Ok(Ended::GivenUp);
            }
            let now = clock.now().moment;
            stage.shown.try_iter().for_each(|observation| self.tally.observe(&observation));
            self.listen(playing, now)?;
            self.draw(stage, now.since(Moment::ZERO))?;
            match self.all_placed {
                Some(_) if self.tally.is_complete() => return Ok(Ended::Complete),
                Some(since) if now.since(since) > PATIENCE => return Ok(Ended::GivenUp),
                Some(_) | None => {}
            }
        }
    }

    /// Takes note of what the players tell.
    fn listen(&mut self, playing: &Playing, now: Moment) -> Result<(), StageError> {
        for told in playing.told.try_iter() {
            match told {
                Told::Placed => self.tally.placed += 1,
                Told::Ended(story) => drop(self.tally.stories.insert(story.tag, story)),
                Told::AllPlaced => self.all_placed = Some(now),
                Told::Failed(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn draw(&mut self, stage: &Stage, played: Duration) -> io::Result<()> {
        let progress = words::progress(played, &self.tally, self.language);
        let mut table = vec![progress.clone(), String::new()];
        // A service too busy to answer is asked again at the next look.
        if let Ok(Answer::Status(status)) = control::ask(&stage.control, &Command::Status) {
            table.extend(status::tables(&status, self.language));
            table.push(String::new());
        }
        table.extend(words::outcomes(&self.tally, self.language));
        self.screen.show(played, &table, &progress)
    }

    /// Says how it went; gives the exit code.
    fn summary(&self, records: &Path, metrics: &Path, ended: Ended) -> u8 {
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
        let (wrongs, code) = match ended {
            Ended::Complete => {
                let wrongs = self.tally.wrongs();
                let code = u8::from(!wrongs.is_empty());
                (wrongs, code)
            }
            Ended::GivenUp => (self.tally.wrongs(), 1),
            // Whoever was made to hang up did not go as their part says.
            Ended::Interrupted => (self.tally.faults(), INTERRUPTED),
        };
        for wrong in &wrongs {
            eprintln!("{} {wrong}", language.say("écart :", "wrong:"));
        }
        match ended {
            Ended::GivenUp => eprintln!(
                "{}",
                language.say("la démonstration n'est pas allée au bout", "the demo did not finish")
            ),
            Ended::Complete if wrongs.is_empty() => println!(
                "\n{}",
                language.say("Chaque appel a fini comme prévu.", "Every call ended as it should.")
            ),
            Ended::Complete | Ended::Interrupted => {}
        }
        code
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

fn interruption_said(language: Language) -> &'static str {
    language.say(
        "Interrompu : chacun raccroche. Ce qui s'est passé jusque-là :\n",
        "Interrupted: everybody hangs up. What was so far:\n",
    )
}
