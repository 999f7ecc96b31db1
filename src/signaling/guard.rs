//! Strangers: how often each source may ask, and who is banned for what it did. A source is an IPv4 address or an IPv6 /64,
//! which whoever holds one address of it holds whole. Must never hold a trunk's address or a registered phone's against
//! it, nor believe a datagram's source: only a handshake or an answered challenge shows that somebody is there.

use super::config::BanPolicy;
use crate::base::{Map, Moment, limits, seeded_map};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// An address, as far as one party holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }

    /// The same as bytes, an IPv4 address mapped (RFC 4291 section 2.5.5.2).
    pub(super) fn bytes(self) -> [u8; 16] {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        }
    }
}

/// A token bucket as one moment: when it will be full again.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket(Moment);

impl Bucket {
    /// Takes one of `burst` tokens, each of which comes back after `every`; says whether there was one.
    fn take(&mut self, now: Moment, every: Duration, burst: u32) -> bool {
        let full_at = self.0.max(now) + every;
        let allowed = full_at.since(now) <= every * burst;
        if allowed {
            self.0 = full_at;
        }
        allowed
    }

    fn is_full(self, now: Moment) -> bool {
        self.0 <= now
    }
}

/// What is remembered of a source.
#[derive(Clone, Copy, Debug, Default)]
struct Habit {
    asked: Bucket,
    faults: Bucket,
}

impl Habit {
    fn is_forgotten(self, now: Moment) -> bool {
        self.asked.is_full(now) && self.faults.is_full(now)
    }
}

/// What becomes of a stranger's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be looked at.
    Heard,
    /// Its source asks too often.
    TooOften,
    /// There are too many sources to tell apart, and together they ask too often.
    TooMany,
}

/// Who may ask, and who may not.
#[derive(Debug)]
pub(super) struct Guard {
    policy: BanPolicy,
    habits: Map<Source, Habit>,
    /// Of everyone the table has no room for.
    rest: Bucket,
    /// When the table was last looked through for sources to forget.
    swept: Moment,
    /// Until when.
    bans: Map<Source, Moment>,
    /// Where phones registered, and until when.
    vouched: Map<Source, Moment>,
    /// Accounts that are guessed at from where phones registered.
    guessed: Map<(Source, u64), Guessed>,
}

/// An account, as somewhere it is guessed at.
#[derive(Clone, Copy, Debug, Default)]
struct Guessed {
    wrong: Bucket,
    /// It is not let in from there before.
    closed_until: Moment,
}

impl Guard {
    pub(super) fn new(policy: BanPolicy, seed: u64) -> Self {
        Self {
            policy,
            habits: seeded_map(seed),
            rest: Bucket::default(),
            swept: Moment::ZERO,
            bans: seeded_map(seed),
            vouched: seeded_map(seed),
            guessed: seeded_map(seed),
        }
    }

    /// Whether a source's messages are dropped unread.
    pub(super) fn is_banned(&self, now: Moment, address: IpAddr) -> bool {
        !self.bans.is_empty() && self.bans.get(&Source::of(address)).is_some_and(|until| *until > now)
    }

    /// Counts a stranger's request.
    pub(super) fn hear(&mut self, now: Moment, address: IpAddr) -> Verdict {
        let source = Source::of(address);
        // Phones of an office share an address, and prove themselves one by one.
        let factor = if self.is_vouched(now, source) { limits::VOUCHED_FACTOR } else { 1 };
        let every = Duration::from_secs(1) / limits::ASKED_PER_SECOND / factor;
        let (bucket, otherwise) = match self.habit(now, source) {
            Some(habit) => (&mut habit.asked, Verdict::TooOften),
            None => (&mut self.rest, Verdict::TooMany),
        };
        if bucket.take(now, every, limits::ASKED_AT_ONCE * factor) { Verdict::Heard } else { otherwise }
    }

    /// A source that is surely there was refused; gives for how long it is banned, when that was once too often.
    pub(super) fn blame(&mut self, now: Moment, address: IpAddr) -> Option<Duration> {
        let source = Source::of(address);
        let BanPolicy { after, within, lasts } = self.policy;
        if self.is_vouched(now, source) {
            return None;
        }
        let habit = self.habit(now, source)?;
        if habit.faults.take(now, within / after.max(1), after) {
            return None;
        }
        if self.bans.len() >= limits::BANS {
            self.bans.retain(|_, until| *until > now);
        }
        let room = self.bans.len() < limits::BANS;
        room.then(|| self.bans.insert(source, now + lasts)).map(|_| lasts)
    }

    /// A phone is registered from there until then: its neighbours' faults are not held against it.
    pub(super) fn vouch_for(&mut self, now: Moment, address: IpAddr, until: Moment) {
        if self.vouched.len() >= limits::SOURCES {
            self.vouched.retain(|_, until| *until > now);
        }
        let source = Source::of(address);
        if self.vouched.len() < limits::SOURCES || self.vouched.contains_key(&source) {
            let known = self.vouched.entry(source).or_default();
            *known = until.max(*known);
            self.bans.remove(&source);
        }
    }

    /// Nobody is registered from there any more.
    pub(super) fn no_longer_vouch_for(&mut self, address: IpAddr) {
        self.vouched.remove(&Source::of(address));
    }

    /// A wrong password for this account, where phones registered and nobody is banned: once too often, the account alone is
    /// shut to that place, and its neighbours go on.
    pub(super) fn guess(&mut self, now: Moment, address: IpAddr, account: u64) {
        let source = Source::of(address);
        let BanPolicy { after, within, lasts } = self.policy;
        if !self.is_vouched(now, source) {
            return;
        }
        if self.guessed.len() >= limits::SOURCES {
            self.guessed.retain(|_, guessed| guessed.closed_until > now || !guessed.wrong.is_full(now));
        }
        let key = (source, account);
        if self.guessed.len() < limits::SOURCES || self.guessed.contains_key(&key) {
            let guessed = self.guessed.entry(key).or_default();
            if !guessed.wrong.take(now, within / after.max(1), after) {
                guessed.closed_until = now + lasts;
            }
        }
    }

    /// Whether this account was guessed at too often from there.
    pub(super) fn is_shut(&self, now: Moment, address: IpAddr, account: u64) -> bool {
        let guessed = self.guessed.get(&(Source::of(address), account));
        guessed.is_some_and(|guessed| guessed.closed_until > now)
    }

    /// How many bans are held, some perhaps run out.
    pub(super) fn ban_count(&self) -> usize {
        self.bans.len()
    }

    /// Who is banned, and for how long yet; the longest first.
    pub(super) fn bans(&self, now: Moment) -> Vec<(IpAddr, Duration)> {
        let live = self.bans.iter().filter(|(_, until)| **until > now);
        let mut bans: Vec<_> = live.map(|(source, until)| (source.0, until.since(now))).collect();
        bans.sort_by_key(|(address, left)| (std::cmp::Reverse(*left), *address));
        bans
    }

    fn is_vouched(&self, now: Moment, source: Source) -> bool {
        self.vouched.get(&source).is_some_and(|until| *until > now)
    }

    /// What is remembered of a source; nothing where there is no room for one more.
    fn habit(&mut self, now: Moment, source: Source) -> Option<&mut Habit> {
        if self.habits.len() >= limits::SOURCES && !self.habits.contains_key(&source) {
            // Looking through the table at each request would be work for strangers.
            if now.since(self.swept) < Duration::from_secs(1) {
                return None;
            }
            self.swept = now;
            self.habits.retain(|_, habit| !habit.is_forgotten(now));
            if self.habits.len() >= limits::SOURCES {
                return None;
            }
        }
        Some(self.habits.entry(source).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BanPolicy =
        BanPolicy { after: 3, within: Duration::from_secs(30), lasts: Duration::from_secs(60) };

    fn guard() -> Guard {
        Guard::new(POLICY, 1)
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    fn source(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    fn heard(guard: &mut Guard, now: Moment, address: IpAddr, times: u32) -> u32 {
        let heard = (0..times).filter(|_| guard.hear(now, address) == Verdict::Heard).count();
        u32::try_from(heard).expect("few")
    }

    #[test]
    fn a_source_may_ask_in_a_burst_and_then_so_often() {
        let mut guard = guard();
        assert_eq!(heard(&mut guard, at(10), source(1), 1_000), limits::ASKED_AT_ONCE);
        assert_eq!(heard(&mut guard, at(11), source(1), 1_000), limits::ASKED_PER_SECOND);
        assert_eq!(heard(&mut guard, at(11), source(2), 1), 1, "others are others");
        assert_eq!(heard(&mut guard, at(60), source(1), 1_000), limits::ASKED_AT_ONCE);
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_a_mapped_address_is_the_ipv4_one() {
        let mut guard = guard();
        let parse = |text: &str| text.parse::<IpAddr>().expect("an address");
        heard(&mut guard, at(1), parse("2001:db8::1"), 1_000);
        assert_eq!(guard.hear(at(1), parse("2001:db8::ffff:2")), Verdict::TooOften);
        assert_eq!(guard.hear(at(1), parse("2001:db8:0:1::1")), Verdict::Heard);
        heard(&mut guard, at(1), parse("192.0.2.1"), 1_000);
        assert_eq!(guard.hear(at(1), parse("::ffff:192.0.2.1")), Verdict::TooOften);
    }

    #[test]
    fn sources_without_number_fill_no_memory_and_push_nobody_out() {
        let mut guard = guard();
        let known = source(0xC000_0201);
        assert_eq!(guard.hear(at(1), known), Verdict::Heard);
        let sources = u32::try_from(limits::SOURCES).expect("few");
        let last = (0..sources * 3).map(|n| guard.hear(at(1), source(n))).last();
        assert_eq!(last, Some(Verdict::TooMany));
        assert_eq!(guard.habits.len(), limits::SOURCES);
        assert_eq!(guard.hear(at(1), known), Verdict::Heard);
        assert_eq!(guard.hear(at(60), source(u32::MAX)), Verdict::Heard);
        assert_eq!(guard.habits.len(), 1, "who has been quiet is forgotten");
    }

    #[test]
    fn who_is_refused_too_often_is_banned_for_a_while() {
        let mut guard = guard();
        for _ in 0..3 {
            assert_eq!(guard.blame(at(1), source(1)), None);
        }
        assert!(!guard.is_banned(at(1), source(1)));
        assert_eq!(guard.blame(at(2), source(1)), Some(POLICY.lasts));
        assert!(guard.is_banned(at(61), source(1)) && !guard.is_banned(at(62), source(1)));
        assert_eq!(guard.bans(at(12)), [(source(1), Duration::from_secs(50))]);
        assert!(guard.bans(at(62)).is_empty() && !guard.is_banned(at(2), source(2)));
        let slow = (0..20).filter_map(|n| guard.blame(at(100 + n * 10), source(3))).count();
        assert_eq!(slow, 0, "three in thirty seconds, for ever, are no more than three in thirty seconds");
    }

    #[test]
    fn where_a_phone_is_registered_nobody_is_banned_and_more_is_heard() {
        let mut guard = guard();
        let _ = (0..4).map(|_| guard.blame(at(1), source(1))).last();
        assert!(guard.is_banned(at(1), source(1)));
        guard.vouch_for(at(1), source(1), at(600));
        assert!(!guard.is_banned(at(1), source(1)));
        assert!((0..100).all(|_| guard.blame(at(2), source(1)).is_none()));
        let more = limits::ASKED_AT_ONCE * limits::VOUCHED_FACTOR;
        assert_eq!(heard(&mut guard, at(2), source(1), 10_000), more);
        let _ = (0..4).map(|_| guard.blame(at(700), source(1))).last();
        assert!(guard.is_banned(at(700), source(1)), "it has lapsed");
    }

    #[test]
    fn bans_fill_no_memory() {
        let mut guard = Guard::new(BanPolicy { after: 1, ..POLICY }, 1);
        let bans = u32::try_from(limits::BANS).expect("few");
        for n in 0..bans * 2 {
            // The table of habits is as large: what is forgotten there makes room.
            let now = at(u64::from(n) * 100);
            let _ = (0..2).map(|_| guard.blame(now, source(n))).last();
        }
        assert!(guard.bans.len() <= limits::BANS && guard.habits.len() <= limits::SOURCES);
    }
}
