//! All ports of one media thread: commands in, packets in, time in; packets and events out. The same code runs in a
//! media thread and in the simulator. Must never know of sockets, clocks or other boards.

mod digits;
mod fill;
mod outgoing;
mod pace;
mod playing;
mod receive;
mod report;
mod source;
mod stream;
#[cfg(test)]
mod tests;

use super::{Command, Event, Kind, PortId, Refusal, Sink, Sound, StreamSetup, Tone};
use crate::base::{Map, Moment, Random, Timers, limits};
use pace::Pace;
use playing::{Playing, Then};
use std::f64::consts::TAU;
use std::sync::Arc;
use stream::{Sends, Stream};

/// All ports of one media thread.
#[derive(Debug)]
pub struct Board {
    id: u8,
    random: Random,
    ports: Map<u16, Port>,
    pace: Pace,
    timers: Timers<Timer>,
    ringback: Arc<Sound>,
    press_key: Arc<Sound>,
    silence: Arc<Sound>,
    /// RFC 7022: a random name, so that reports tell nothing about the machine.
    cname: String,
}

#[derive(Debug)]
enum Port {
    /// Open, lent to nobody.
    Ready,
    /// In use by a leg.
    Lent(Box<Stream>),
    /// Released: what still arrives is dropped.
    Draining,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Timer {
    /// A lent port's next RTCP report.
    Report(u16),
    /// A released port's end.
    Drained(u16),
}

impl Board {
    /// A board without ports.
    #[must_use]
    pub fn new(id: u8, mut random: Random) -> Self {
        let cname = format!("{:016x}", random.number());
        Self {
            id,
            random,
            ports: Map::default(),
            pace: Pace::default(),
            timers: Timers::default(),
            ringback: Arc::new(Sound::from_samples(&ringback())),
            press_key: Arc::new(Sound::from_samples(&press_key())),
            silence: Arc::new(Sound::from_samples(&[0; playing::FRAME])),
            cname,
        }
    }

    /// Carries out one command. `Open` and `Close` come after the driver's own part in them.
    pub fn command(&mut self, now: Moment, command: Command, sink: &mut impl Sink) {
        let port = command.port();
        if let Err(refusal) = self.carry_out(now, command, sink) {
            sink.event(Event::CommandRefused { port, refusal });
        }
    }

    fn carry_out(&mut self, now: Moment, command: Command, sink: &mut impl Sink) -> Result<(), Refusal> {
        if command.port().board != self.id {
            return Err(Refusal::NotOpen);
        }
        match command {
            Command::Open { port } => self.open(port, sink),
            Command::Close { port } => self.close(port, sink),
            Command::Attach { port, tag, setup } => self.attach(now, port, tag, setup),
            Command::Play { port, token, sound, repeat } => {
                let then = if repeat { Then::Again } else { Then::Report(token) };
                self.play(now, port, Playing::new(sound, then))
            }
            Command::Tone { port, tone } => {
                let sound = match tone {
                    Tone::Ringback => &self.ringback,
                    Tone::PressKey => &self.press_key,
                    Tone::Silence => &self.silence,
                };
                self.play(now, port, Playing::new(Arc::clone(sound), Then::Again))
            }
            Command::Quiet { port } => self.quiet(port.number),
            Command::Connect { a, b } => self.connect(a, b),
            Command::Fill { port, token, sound, repeat } => {
                let sound = sound.unwrap_or_else(|| Arc::clone(&self.silence));
                let then = if repeat { Then::Again } else { Then::Report(token) };
                self.fill(now, port.number, Playing::new(sound, then))
            }
            Command::Unfill { port } => self.unfill(port.number),
            Command::Release { port } => self.release(now, port, sink),
        }
    }

    /// When [`Board::tick`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let timer = self.timers.next().map(|(at, _)| at);
        self.pace.next().into_iter().chain(timer).min()
    }

    /// Sends what is due at `now`.
    pub fn tick(&mut self, now: Moment, sink: &mut impl Sink) {
        while let Some((phase, due)) = self.pace.pop_due(now) {
            let mut index = 0;
            while let Some(number) = self.pace.port(phase, index) {
                self.send_frame(number, due, sink);
                index += 1;
            }
        }
        while let Some((_, timer)) = self.timers.pop_due(now) {
            match timer {
                Timer::Report(number) => self.report(now, number, sink),
                Timer::Drained(number) => {
                    self.ports.remove(&number);
                    sink.event(Event::Closed { port: self.id_of(number) });
                }
            }
        }
    }

    /// Pairs whose sockets are open: ready, lent or draining.
    #[must_use]
    pub fn open_ports(&self) -> usize {
        self.ports.len()
    }

    /// Pairs in use by legs.
    #[must_use]
    pub fn lent_ports(&self) -> usize {
        self.ports.values().filter(|port| matches!(port, Port::Lent(_))).count()
    }

    /// Ports that play a sound or a tone.
    #[must_use]
    pub fn playing_ports(&self) -> usize {
        self.pace.len()
    }

    fn open(&mut self, port: PortId, sink: &mut impl Sink) -> Result<(), Refusal> {
        match self.ports.get(&port.number) {
            Some(Port::Lent(_) | Port::Draining) => return Err(Refusal::Lent),
            Some(Port::Ready) | None => {}
        }
        self.ports.insert(port.number, Port::Ready);
        sink.event(Event::Opened { port });
        Ok(())
    }

    fn close(&mut self, port: PortId, sink: &mut impl Sink) -> Result<(), Refusal> {
        match self.ports.get(&port.number) {
            Some(Port::Ready) => {}
            Some(Port::Lent(_) | Port::Draining) => return Err(Refusal::Lent),
            None => return Err(Refusal::NotOpen),
        }
        self.ports.remove(&port.number);
        sink.event(Event::Closed { port });
        Ok(())
    }

    fn attach(&mut self, now: Moment, port: PortId, tag: u64, setup: StreamSetup) -> Result<(), Refusal> {
        match self.ports.get_mut(&port.number) {
            Some(Port::Lent(stream)) => stream.change(tag, setup),
            Some(ready @ Port::Ready) => {
                *ready = Port::Lent(Box::new(Stream::new(now, tag, setup, &mut self.random)));
                let first = report::interval(&mut self.random);
                self.timers.set(Timer::Report(port.number), on_beat(now + first));
            }
            Some(Port::Draining) => return Err(Refusal::NotLent),
            None => return Err(Refusal::NotOpen),
        }
        Ok(())
    }

    fn play(&mut self, now: Moment, port: PortId, playing: Playing) -> Result<(), Refusal> {
        let stream = lent(&mut self.ports, port.number)?;
        if let Sends::Sound(before, _) = &mut stream.sends {
            *before = playing;
            return Ok(());
        }
        self.quiet(port.number)?;
        let phase = self.pace.add(now, port.number);
        lent(&mut self.ports, port.number)?.sends = Sends::Sound(playing, phase);
        Ok(())
    }

    /// Ends what a port sends, and with a connection what its peer sends.
    fn quiet(&mut self, number: u16) -> Result<(), Refusal> {
        let stream = lent(&mut self.ports, number)?;
        match std::mem::replace(&mut stream.sends, Sends::Nothing) {
            Sends::Nothing => {}
            Sends::Sound(_, phase) => self.pace.remove(phase, number),
            Sends::Relayed { peer, fill } => {
                stream.outgoing.pause();
                self.end_fill(number, fill);
                if let Ok(stream) = lent(&mut self.ports, peer) {
                    let before = std::mem::replace(&mut stream.sends, Sends::Nothing);
                    stream.outgoing.pause();
                    if let Sends::Relayed { fill, .. } = before {
                        self.end_fill(peer, fill);
                    }
                }
            }
        }
        Ok(())
    }

    fn connect(&mut self, a: PortId, b: PortId) -> Result<(), Refusal> {
        if a.board != b.board || a == b {
            return Err(Refusal::NotConnectable);
        }
        lent(&mut self.ports, b.number)?;
        if let Sends::Relayed { peer, .. } = &lent(&mut self.ports, a.number)?.sends
            && *peer == b.number
        {
            return Ok(());
        }
        for (port, peer) in [(a.number, b.number), (b.number, a.number)] {
            self.quiet(port)?;
            lent(&mut self.ports, port)?.sends = Sends::Relayed { peer, fill: None };
        }
        Ok(())
    }

    fn release(&mut self, now: Moment, port: PortId, sink: &mut impl Sink) -> Result<(), Refusal> {
        self.quiet(port.number)?;
        let stream = lent(&mut self.ports, port.number)?;
        if let Some(to) = stream.report_destination() {
            let mut report = [0; report::REPORT_BYTES];
            let length = stream.write_report(now, &self.cname, true, &mut report);
            sink.send(port, Kind::Rtcp, to, &report[..length]);
        }
        sink.event(Event::Stats { port, tag: stream.tag, stats: stream.stats() });
        self.ports.insert(port.number, Port::Draining);
        self.timers.cancel(Timer::Report(port.number));
        self.timers.set(Timer::Drained(port.number), on_beat(now + limits::PORT_DRAIN));
        Ok(())
    }

    fn send_frame(&mut self, number: u16, due: Moment, sink: &mut impl Sink) {
        let port = self.id_of(number);
        let Ok(stream) = lent(&mut self.ports, number) else { return };
        if let Some(playing) = stream.playing(due)
            && let Some(token) = playing.ended()
        {
            *playing = Playing::new(Arc::clone(&self.silence), Then::Again);
            sink.event(Event::PlayEnded { port, tag: stream.tag, token });
        }
        stream.send_frame(port, due, sink);
    }

    fn report(&mut self, now: Moment, number: u16, sink: &mut impl Sink) {
        let port = self.id_of(number);
        let Ok(stream) = lent(&mut self.ports, number) else { return };
        if now.since(stream.heard.max(stream.silence_told)) >= limits::MEDIA_SILENCE {
            stream.silence_told = now;
            sink.event(Event::Silent { port, tag: stream.tag, since: stream.heard });
        }
        if let Some(to) = stream.report_destination() {
            let mut report = [0; report::REPORT_BYTES];
            let length = stream.write_report(now, &self.cname, false, &mut report);
            sink.send(port, Kind::Rtcp, to, &report[..length]);
        }
        let next = report::interval(&mut self.random);
        self.timers.set(Timer::Report(number), on_beat(now + next));
    }

    const fn id_of(&self, number: u16) -> PortId {
        PortId { board: self.id, number }
    }
}

/// The next tenth of a second: what nobody waits for falls due together, and wakes the thread once.
fn on_beat(at: Moment) -> Moment {
    const BEAT_NANOS: u64 = 100_000_000;
    Moment::from_nanos(at.as_nanos().next_multiple_of(BEAT_NANOS))
}

fn lent(ports: &mut Map<u16, Port>, number: u16) -> Result<&mut Stream, Refusal> {
    match ports.get_mut(&number) {
        Some(Port::Lent(stream)) => Ok(stream),
        Some(Port::Ready | Port::Draining) => Err(Refusal::NotLent),
        None => Err(Refusal::NotOpen),
    }
}

/// One cadence of the French ringback: 440 Hz for 1.5 s, 3.5 s of silence (ITU-T E.180 supplement 2), at -15 dBm0.
fn ringback() -> Vec<i16> {
    let mut samples = vec![0; 40_000];
    beep(&mut samples[..12_000]);
    samples
}

/// Two beeps of 0.15 s, 0.15 s apart, in 2 s: no tone of any network, and no key.
fn press_key() -> Vec<i16> {
    let mut samples = vec![0; 16_000];
    beep(&mut samples[..1_200]);
    beep(&mut samples[2_400..3_600]);
    samples
}

/// 440 Hz at -15 dBm0.
fn beep(samples: &mut [i16]) {
    for (n, sample) in samples.iter_mut().enumerate() {
        *sample = ((TAU * 440.0 * n as f64 / 8_000.0).sin() * 5_700.0) as i16;
    }
}
