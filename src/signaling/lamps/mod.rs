//! Lamps: phones that watch whether others are on the phone (RFC 6665, RFC 4235). Who watches whom, until when, and what
//! each was last told. Must never tell with whom anybody speaks.

mod body;
mod subscribe;

pub use body::Lamp;

use super::dialog::{Dialog, put_contact};
use super::stack::Stack;
use super::timer::TimerName;
use super::transaction::{ClientKey, Layer, Owner, Reply, Report};
use crate::base::{Flow, Map, Moment, Name, PhoneId};
use crate::wire::sip::{HeaderName, Message, Method};
use std::collections::BTreeSet;

/// One subscription. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LampKey(pub(super) u64);

/// Every subscription, by the number in our tag.
#[derive(Debug, Default)]
pub(super) struct Lamps {
    watches: Map<LampKey, Watch>,
    /// The same by whom they watch.
    by_watched: Map<Name, BTreeSet<LampKey>>,
    /// What everybody who is watched does, where that is something.
    shown: Map<Name, Lamp>,
}

/// One phone watching one extension.
#[derive(Debug)]
struct Watch {
    watcher: PhoneId,
    watched: Name,
    dialog: Dialog,
    until: Moment,
    /// RFC 4235 section 4.1.1: rises by one with each.
    version: u32,
    /// The NOTIFY under way: the next waits for its answer, so that none overtakes another.
    telling: Option<ClientKey>,
    /// What was last told is no longer so.
    is_behind: bool,
}

impl Lamps {
    /// How many extensions a phone watches.
    fn of(&self, watcher: PhoneId) -> usize {
        self.watches.values().filter(|watch| watch.watcher == watcher).count()
    }

    fn add(&mut self, key: LampKey, watch: Watch) {
        self.by_watched.entry(watch.watched.clone()).or_default().insert(key);
        self.watches.insert(key, watch);
    }

    /// Who watches somebody.
    fn watching(&self, watched: &Name) -> Vec<LampKey> {
        self.by_watched.get(watched).into_iter().flatten().copied().collect()
    }

    fn drop(&mut self, layer: &mut Layer, key: LampKey) {
        let watch = self.watches.remove(&key);
        if let Some(watch) = watch
            && let Some(keys) = self.by_watched.get_mut(&watch.watched)
        {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_watched.remove(&watch.watched);
            }
        }
        layer.timers.cancel(TimerName::LampLapse(key));
    }
}

impl Stack {
    /// Somebody's lamp changed. Whoever watches it is told.
    pub fn light(&mut self, now: Moment, extension: &Name, lamp: Lamp) {
        let before = match lamp {
            Lamp::Dark => self.lamps.shown.remove(extension),
            Lamp::Trying { .. } | Lamp::Early { .. } | Lamp::Confirmed { .. } => {
                self.lamps.shown.insert(extension.clone(), lamp)
            }
        };
        if before.unwrap_or(Lamp::Dark) == lamp {
            return;
        }
        for key in self.lamps.watching(extension) {
            self.tell_lamp(now, key);
        }
    }

    /// Subscriptions alive.
    #[must_use]
    pub fn lamps(&self) -> usize {
        self.lamps.watches.len()
    }

    /// Sends the full state, now or once the NOTIFY before it is answered.
    fn tell_lamp(&mut self, now: Moment, key: LampKey) {
        let Some(watch) = self.lamps.watches.get_mut(&key) else { return };
        if watch.telling.is_some() {
            watch.is_behind = true;
            return;
        }
        watch.is_behind = false;
        let lamp = self.lamps.shown.get(&watch.watched).copied().unwrap_or(Lamp::Dark);
        let is_alive = watch.until > now;
        watch.telling = Some(notify(&mut self.layer, now, key, watch, lamp, is_alive));
        watch.version += 1;
    }

    /// What became of a NOTIFY. A phone that takes none is watched for no longer (RFC 6665 section 4.2.2).
    pub(super) fn lamp_told(
        &mut self,
        now: Moment,
        key: LampKey,
        report: &Report,
        answer: Option<&Message<'_>>,
    ) {
        let code = answer.and_then(Message::code).unwrap_or_default();
        if report.reply == Reply::Response && code < 200 {
            return;
        }
        let Some(watch) = self.lamps.watches.get_mut(&key).filter(|watch| watch.telling == Some(report.key))
        else {
            return;
        };
        watch.telling = None;
        if !(200..=299).contains(&code) || watch.until <= now {
            return self.lamps.drop(&mut self.layer, key);
        }
        if watch.is_behind {
            self.tell_lamp(now, key);
        }
    }

    /// Nothing renewed a subscription in time.
    pub(super) fn lamp_lapsed(&mut self, now: Moment, key: LampKey) {
        let Some(watch) = self.lamps.watches.get_mut(&key) else { return };
        watch.until = now;
        // The last word says that it was the last.
        self.tell_lamp(now, key);
    }

    /// A stream closed: who watched over it hears no more.
    pub(super) fn forget_lamps(&mut self, flow: Flow) {
        let watches = self.lamps.watches.iter();
        let lost: Vec<LampKey> =
            watches.filter(|(_, watch)| watch.dialog.flow == flow).map(|(key, _)| *key).collect();
        for key in lost {
            self.lamps.drop(&mut self.layer, key);
        }
    }
}

fn notify(
    layer: &mut Layer,
    now: Moment,
    key: LampKey,
    watch: &mut Watch,
    lamp: Lamp,
    is_alive: bool,
) -> ClientKey {
    let flow = watch.dialog.path(&layer.config.listens);
    let public = layer.public(flow);
    let scheme = watch.dialog.scheme();
    let left = watch.until.since(now).as_secs();
    let body = body::write(&watch.watched, public, watch.version, lamp);
    watch.dialog.request(layer, now, Method::Notify, Owner::Lamp(key), |writer| {
        put_contact(writer, flow, public, scheme);
        writer.header(HeaderName::Event, subscribe::EVENT);
        if is_alive {
            writer.header_fmt(HeaderName::SubscriptionState, format_args!("active;expires={left}"));
        } else {
            writer.header(HeaderName::SubscriptionState, "terminated;reason=timeout");
        }
        writer.body(body::TYPE, body.as_bytes());
    })
}
