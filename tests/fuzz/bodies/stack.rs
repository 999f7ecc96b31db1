//! A whole SIP stack between peers that say anything, in virtual time (`peer` says how an input is read). Its first
//! byte says who may call: anyone, two trunks, or two trunks that are asked for a sign of life. Further steps: `V`,
//! which verb, which leg. It never panics, everything it sends can be read, what it holds is bounded by what came, no
//! leg speaks after its end, and once everybody hung up nothing is left.

use super::peer::{OURS, Peer, STEPS, Step, THEIRS, address, due, path};
use spillway::base::{Cause, Codec, Flow, Moment, Random, Transport, TrunkId};
use spillway::signaling::{
    Admission, Caller, CallerHeader, Direction, Invite, LegEvent, LegKey, Listen, LocalMedia, MediaOffer,
    Output, OwnAddress, Rejection, Stack, StackConfig, TrunkPeer,
};
use std::time::Duration;

struct World {
    stack: Stack,
    peer: Peer,
    now: Moment,
    /// Every leg there was, and whether it ended.
    legs: Vec<(LegKey, bool)>,
    /// Things said and done.
    deeds: usize,
}

pub fn run(bytes: &[u8]) {
    let Some((admission, steps)) = bytes.split_first() else { return };
    let mut world = World::new(admission % 3);
    for chunk in steps.split(|byte| *byte == 0xff).take(STEPS) {
        let Some(step) = world.peer.step(chunk) else { continue };
        world.deeds += 1;
        match step {
            Step::Say(flow, bytes) => world.stack.receive(world.now, flow, &bytes),
            Step::Unframed(flow, bytes) => world.stack.unframed(world.now, flow, &bytes),
            Step::Lose(flow) => world.stack.flow_lost(world.now, flow),
            Step::Wait(time) => world.wait(time),
            Step::Other([b'V', verb, leg, ..]) => world.act(*verb, *leg),
            Step::Other(_) => {}
        }
        world.look();
    }
    world.end(usize::from(admission % 3 == 2) * 2);
}

impl World {
    fn new(admission: u8) -> Self {
        let ping = (admission == 2).then_some(Duration::from_secs(30));
        let trunk = |id: u16| TrunkPeer {
            id: TrunkId(id),
            name: "trunk".into(),
            transport: Transport::Udp,
            peer: address(THEIRS[usize::from(id)]),
            peers: vec![],
            found_by: None,
            own: OwnAddress::default(),
            large_over_tcp: false,
            accept: vec![],
            ping,
            caller_from: [CallerHeader::From, CallerHeader::PAssertedIdentity][usize::from(id)],
            codecs: Codec::ALL.to_vec(),
            prack: true,
            domain: None,
            account: None,
        };
        let admission =
            if admission == 0 { Admission::Anyone } else { Admission::Trunks(vec![trunk(0), trunk(1)]) };
        let listens = [Transport::Udp, Transport::Tcp];
        let listens = listens.map(|transport| Listen { transport, address: address(OURS), advertised: None });
        let config = StackConfig { max_legs: 16, ..StackConfig::new(listens.to_vec(), admission) };
        let stack = Stack::new(config, Random::from_number(7));
        Self { stack, peer: Peer::default(), now: Moment::from_millis(1_000), legs: Vec::new(), deeds: 0 }
    }

    fn act(&mut self, verb: u8, leg: u8) {
        let (stack, now) = (&mut self.stack, self.now);
        if verb % 12 < 2 && self.legs.len() < STEPS {
            let local = local(4_000);
            let caller = Caller {
                number: "+33384961370".into(),
                display: Some("Zoé".into()),
                anonymous: leg & 8 != 0,
            };
            let mut invite = Invite::new(path(leg), "0385421000", caller, local.clone());
            if verb % 12 == 1 {
                invite.offer = MediaOffer::Late(local);
            }
            let leg = stack.invite(now, invite);
            return self.legs.push((leg, false));
        }
        let Some(&(leg, _)) = self.legs.iter().rev().nth(usize::from(leg)) else { return };
        match verb % 12 {
            2 => stack.ring(now, leg),
            3 => stack.progress(now, leg, local(6_000)),
            4 => stack.accept(now, leg, local(6_000)),
            5 => stack.reject(now, leg, Rejection::from(Cause::Busy)),
            6 => stack.cancel(now, leg, Cause::AnsweredElsewhere),
            7 => stack.bye(now, leg, Cause::Normal),
            8 => stack.release_bye(now, leg),
            _ => stack.reinvite(now, leg, LocalMedia { direction: Direction::SendOnly, ..local(8_000) }),
        }
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        // Two trunks are asked every 30 s, each message is sent again every 4 s at the least.
        for _ in 0..STEPS * 200 {
            let Some(next) = due(self.stack.poll_timeout().map(|(at, _)| at), self.now, until) else {
                return self.now = until;
            };
            self.now = next;
            self.stack.handle_timeout(self.now);
            self.look();
        }
        panic!("timers without end");
    }

    /// Takes what the stack has to say, and looks whether it grew.
    fn look(&mut self) {
        while let Some(output) = self.stack.poll() {
            match output {
                Output::Send { flow, bytes } => self.peer.hears(flow, &bytes),
                Output::Invited { leg, .. } => self.legs.push((leg, false)),
                Output::Leg { leg, event } => {
                    let known =
                        self.legs.iter_mut().find(|(key, _)| *key == leg).expect("a leg we were told of");
                    assert!(
                        !std::mem::replace(&mut known.1, event == LegEvent::Ended),
                        "{leg} spoke after its end"
                    );
                }
                Output::Resolve(question) => panic!("every peer here has an address: {question:?}"),
                Output::Observed(_) => {}
            }
        }
        let (legs, transactions, timers) =
            (self.stack.legs(), self.stack.transactions(), self.stack.timers());
        assert!(legs <= self.legs.iter().filter(|(_, ended)| !ended).count());
        assert!(
            transactions <= 4 * (self.deeds + 1),
            "{transactions} transactions after {} deeds",
            self.deeds
        );
        assert!(timers <= 3 * transactions + 5 * legs + 2, "{timers} timers for {transactions} and {legs}");
    }

    /// Everybody hangs up and every timer falls: at most the trunks' pings are left.
    fn end(mut self, pings: usize) {
        for _ in 0..4 {
            for (leg, _) in self.legs.clone() {
                self.deeds += 2;
                self.stack.bye(self.now, leg, Cause::Normal);
                self.stack.release_bye(self.now, leg);
            }
            self.look();
            self.wait(Duration::from_secs(90));
        }
        assert_eq!(self.stack.legs(), 0);
        assert!(
            self.stack.transactions() <= pings && self.stack.timers() <= 3 * pings,
            "{:?}",
            self.stack.poll_timeout()
        );
        assert!(self.legs.iter().all(|(_, ended)| *ended), "a leg was never said to end");
    }
}

fn local(port: u16) -> LocalMedia {
    let flow: Flow = path(0);
    LocalMedia {
        rtp: (flow.local.ip(), port).into(),
        codecs: Codec::ALL.into_iter().collect(),
        direction: Direction::SendRecv,
    }
}
