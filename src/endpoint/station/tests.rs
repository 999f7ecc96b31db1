//! A trunk and an IPBX calling each other over a wire that loses nothing, on virtual time.

use super::*;
use crate::base::Cause;
use crate::endpoint::{Answering, Between, Ending, Key, Side, Story, Voice};
use std::collections::VecDeque;
use std::time::Duration;

const TRUNK: usize = 0;
const IPBX: usize = 1;

#[derive(Default)]
struct Wire {
    sip: VecDeque<(SocketAddr, Vec<u8>)>,
    rtp: VecDeque<(usize, SocketAddr, Vec<u8>)>,
    events: Vec<Event>,
}

impl Sink for Wire {
    fn sip(&mut self, flow: Flow, message: &[u8]) {
        self.sip.push_back((flow.remote, message.to_vec()));
    }
    fn rtp(&mut self, socket: usize, to: SocketAddr, packet: &[u8]) {
        self.rtp.push_back((socket, to, packet.to_vec()));
    }
    fn event(&mut self, event: Event) {
        self.events.push(event);
    }
}

struct Pair {
    now: Moment,
    stations: [Station; 2],
    wires: [Wire; 2],
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl Pair {
    fn new() -> Self {
        let station = |name: &str, port: u16, seed| {
            let config = StationConfig::new(name, address(port), vec![address(port + 2), address(port + 4)]);
            Station::new(config, Random::from_number(seed))
        };
        Self {
            now: Moment::from_millis(1_000),
            stations: [station("trunk", 5_070, 1), station("ipbx", 5_080, 2)],
            wires: Default::default(),
        }
    }

    fn dial(&mut self, dial: Dial) -> LegKey {
        self.stations[TRUNK].dial(self.now, dial, &mut self.wires[TRUNK])
    }

    fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        loop {
            while self.deliver() {}
            let next = self.stations.iter().filter_map(Station::poll_timeout).min();
            let Some(at) = next.filter(|at| *at <= until) else { break };
            self.now = self.now.max(at);
            for (station, wire) in self.stations.iter_mut().zip(&mut self.wires) {
                station.handle_timeout(self.now, wire);
            }
        }
        self.now = until;
    }

    fn deliver(&mut self) -> bool {
        let mut moved = false;
        for (from, to) in [(TRUNK, IPBX), (IPBX, TRUNK)] {
            let source = self.stations[from].config().clone();
            if let Some((remote, message)) = self.wires[from].sip.pop_front() {
                assert_eq!(remote, self.stations[to].config().sip);
                self.stations[to].handle_sip(self.now, source.sip, &message, &mut self.wires[to]);
                moved = true;
            }
            if let Some((socket, remote, packet)) = self.wires[from].rtp.pop_front() {
                let place = self.stations[to].config().rtp.iter().position(|rtp| *rtp == remote);
                let place = place.expect("one of its sockets");
                let wire = &mut self.wires[to];
                self.stations[to].handle_rtp(self.now, place, source.rtp[socket], &packet, wire);
                moved = true;
            }
        }
        moved
    }

    fn stories(&self, side: usize) -> Vec<Story> {
        let ended = self.wires[side].events.iter().filter_map(|event| match &event.happened {
            Happened::Ended(story) => Some((**story).clone()),
            Happened::Invited { .. } | Happened::Ringing | Happened::Answered | Happened::FirstAudio => None,
        });
        ended.collect()
    }

    fn only_story(&self, side: usize) -> Story {
        let [story] = self.stories(side).try_into().expect("one story");
        story
    }
}

fn answer_after(ring_ms: u64, talk_ms: Option<u64>, voice: Voice) -> Pickup {
    let exactly = |ms| Between::exactly(Duration::from_millis(ms));
    Pickup::Answer(Answering { ring: exactly(ring_ms), talk: talk_ms.map(exactly), voice })
}

fn call() -> Dial {
    Dial { tag: 42, ..Dial::new(address(5_080), "201", "+33601020304") }
}

#[test]
fn a_phone_rings_answers_talks_and_hangs_up_and_both_stories_agree() {
    let mut pair = Pair::new();
    pair.stations[IPBX].phone("201", answer_after(3_000, Some(10_000), Voice::Stamped));
    pair.dial(Dial { voice: Voice::Stamped, ..call() });
    pair.advance(Duration::from_secs(20));
    let (placed, taken) = (pair.only_story(TRUNK), pair.only_story(IPBX));
    assert_eq!(
        (placed.side, placed.ending, placed.tag),
        (Side::Placed, Ending::FarHungUp(Cause::Normal), 42)
    );
    assert_eq!((taken.side, taken.ending), (Side::Taken, Ending::HungUp));
    assert_eq!((taken.user.as_str(), taken.caller.as_str()), ("201", "+33601020304"));
    for story in [&placed, &taken] {
        assert_eq!(story.setup(), Some(Duration::from_secs(3)));
        assert_eq!(story.talked(), Some(Duration::from_secs(10)));
        assert!(story.first_audio.expect("audio").since(story.begun) < Duration::from_millis(3_021));
    }
}

#[test]
fn nothing_is_left_of_a_call_once_its_timers_ran_out() {
    let mut pair = Pair::new();
    pair.stations[IPBX].anyone(answer_after(0, Some(1_000), Voice::Off));
    pair.dial(call());
    pair.advance(Duration::from_secs(60));
    for station in &pair.stations {
        assert_eq!((station.calls(), station.left(), station.poll_timeout()), (0, 0, None));
    }
    assert_eq!(pair.stations[TRUNK].traffic().retransmitted, 0);
    assert_eq!(pair.stations[TRUNK].traffic().requests_sent, 1, "an ACK is no request of its own");
}

#[test]
fn refusals_patience_and_hang_ups_end_calls_as_they_should() {
    let mut pair = Pair::new();
    pair.stations[IPBX].phone("busy", Pickup::Refuse(486));
    pair.stations[IPBX].phone("mute", Pickup::RingForever);
    pair.stations[IPBX].anyone(answer_after(0, None, Voice::Off));
    let to = |number: &str| Dial { number: number.into(), ..call() };
    pair.dial(Dial { tag: 1, ..to("busy") });
    pair.dial(Dial { tag: 2, patience: Some(Duration::from_secs(5)), ..to("mute") });
    pair.dial(Dial { tag: 3, talk: Some(Duration::from_secs(2)), ..to("202") });
    pair.dial(Dial { tag: 4, patience: Some(Duration::from_secs(4)), ..to("203") });
    pair.advance(Duration::from_secs(10));
    let mut endings: Vec<_> = pair.stories(TRUNK).iter().map(|story| (story.tag, story.ending)).collect();
    endings.sort_by_key(|ending| ending.0);
    assert_eq!(
        endings,
        [(1, Ending::FarRefused(486)), (2, Ending::GaveUp), (3, Ending::HungUp), (4, Ending::HungUp)]
    );
    let far = pair.stories(IPBX);
    assert_eq!(far.iter().filter(|story| story.ending == Ending::FarGaveUp).count(), 1);
    assert_eq!(far.iter().filter(|story| story.ending == Ending::Refused(486)).count(), 1);
    assert_eq!(pair.stations[TRUNK].calls() + pair.stations[IPBX].calls(), 0);
}

#[test]
fn keys_travel_as_telephone_events_to_a_call_that_sends_nothing_else() {
    let mut pair = Pair::new();
    pair.stations[IPBX].anyone(answer_after(0, Some(5_000), Voice::Off));
    let keys = vec![Key { after: Duration::from_secs(1), digit: '1' }];
    pair.dial(Dial { keys, ..call() });
    pair.advance(Duration::from_millis(900));
    let mut seen = 0;
    for _ in 0..100 {
        let due = pair.stations[TRUNK].poll_timeout().expect("a key to press");
        pair.now = due;
        pair.stations[TRUNK].handle_timeout(due, &mut pair.wires[TRUNK]);
        seen += pair.wires[TRUNK].rtp.drain(..).filter(|(_, _, packet)| packet.len() == 16).count();
        if seen == 8 {
            break;
        }
    }
    assert_eq!(seen, 8);
}
