//! Phones that register here: a line of their own, whose agents are reachable while they are registered, and what may be
//! dialled on them. Must never know where a phone is.

use super::{Arrival, Channels, Core, TrunkLine};
use crate::base::phone::PhoneNumber;
use crate::base::{AgentId, CallId, Cause, Map, Name, Now, PhoneId, Set, TrunkId, emergency};
use crate::dialplan::{Direct, FlowStart};
use crate::settings::{Deflect, NumberFormat, PHONES};

/// The phones' line.
#[derive(Clone, Debug)]
pub struct PhoneLine {
    /// Its place among the lines: after the last trunk.
    pub line: TrunkId,
    /// Every phone's extension, by [`PhoneId`].
    pub extensions: Vec<Name>,
    /// The trunk emergency numbers go to.
    pub emergency: Option<TrunkId>,
    /// The trunk other numbers outside go to.
    pub outside: Option<TrunkId>,
    /// The number trunks see of a phone.
    pub caller: Option<Name>,
}

/// The phones, and which can be rung.
#[derive(Debug)]
pub(super) struct Phones {
    line: PhoneLine,
    by_extension: Map<Name, PhoneId>,
    reachable: Set<PhoneId>,
}

impl Phones {
    /// Whether it has as many digits as some phone's extension, and the same first one: a slip of a finger within the house
    /// is nobody's number outside.
    fn is_like_an_extension(&self, dialled: &str) -> bool {
        let is_digits = dialled.bytes().all(|byte| byte.is_ascii_digit());
        let shape = |number: &str| (number.len(), number.bytes().next());
        is_digits && self.by_extension.keys().any(|extension| shape(extension) == shape(dialled))
    }
}

impl Core {
    /// The same, with phones that register: none can be rung before it does.
    #[must_use]
    pub fn with_phones(mut self, now: Now, line: PhoneLine) -> Self {
        self.lines.add(TrunkLine {
            name: PHONES.into(),
            channels: Channels::Unlimited,
            numbers: NumberFormat::E164,
            callers: None,
            calls_per_second: None,
            transfer_to: Vec::new(),
            deflect: Deflect::Off,
        });
        let by_extension = line.extensions.iter().cloned().zip((0u32..).map(PhoneId)).collect();
        let agents: Vec<AgentId> = self.agents_on(line.line).map(|(agent, _)| agent).collect();
        self.phones = Some(Phones { line, by_extension, reachable: Set::default() });
        for agent in agents {
            self.acd.reach(now.moment, agent, false);
        }
        self.turn(now);
        self
    }

    /// The name of a line.
    #[must_use]
    pub fn trunk_name(&self, trunk: TrunkId) -> &Name {
        self.lines.name(trunk)
    }

    /// The phone of this extension.
    #[must_use]
    pub fn phone_of(&self, extension: &str) -> Option<PhoneId> {
        self.phones.as_ref()?.by_extension.get(extension).copied()
    }

    /// Whether this is the line of the phones that register here.
    pub(super) fn is_phones_line(&self, trunk: TrunkId) -> bool {
        self.phones.as_ref().is_some_and(|phones| phones.line.line == trunk)
    }

    /// A phone can be rung from now on, or no longer; gives its extension.
    pub fn phone(&mut self, now: Now, phone: PhoneId, is_reachable: bool) -> Option<Name> {
        let phones = self.phones.as_mut()?;
        let extension = phones.line.extensions.get(phone.index())?.clone();
        let is_news =
            if is_reachable { phones.reachable.insert(phone) } else { phones.reachable.remove(&phone) };
        if is_news {
            let line = phones.line.line;
            let agents: Vec<AgentId> =
                self.agents_on(line).filter(|(_, on)| *on == extension).map(|(agent, _)| agent).collect();
            for agent in agents {
                self.acd.reach(now.moment, agent, is_reachable);
            }
            for call in self.acd.abandoned_by_agents() {
                self.pending.push_back((call, crate::call::Event::Unstaffed));
            }
            self.turn(now);
        }
        Some(extension)
    }

    /// The agents on the phones' line, and their extensions.
    fn agents_on(&self, line: TrunkId) -> impl Iterator<Item = (AgentId, Name)> + use<'_> {
        let agents = (0u32..).zip(&self.plan.agents);
        agents.filter_map(move |(number, agent)| {
            let agent = agent.as_ref().filter(|agent| agent.via == line)?;
            Some((AgentId(number), agent.extension.clone()))
        })
    }

    /// Where a number dialled on a phone leads, when it is none of ours: emergency numbers ahead of every limit, other
    /// phones, and outside where that is allowed. Nothing for what a trunk brings, and for numbers of ours.
    pub(super) fn dialled_on_phone(
        &mut self,
        now: Now,
        arrival: &Arrival,
        is_ours: bool,
    ) -> Option<FlowStart> {
        let phones = self.phones.as_ref().filter(|phones| phones.line.line == arrival.trunk)?;
        let dialled = arrival.dialled.as_str();
        let is_emergency = self.is_emergency(dialled);
        let direct = |to| FlowStart::Direct { to, dialled: dialled.into() };
        if is_emergency {
            return Some(match (arrival.refused, phones.line.emergency) {
                (Some(cause), _) => FlowStart::Refused(cause),
                (None, Some(_)) => direct(Direct::Emergency),
                (None, None) => FlowStart::Refused(Cause::NotFound),
            });
        }
        if is_ours {
            return None;
        }
        let start = if phones.by_extension.contains_key(dialled) {
            direct(Direct::Phone)
        } else if phones.is_like_an_extension(dialled) {
            FlowStart::Refused(Cause::NotFound)
        } else {
            match (self.read(dialled), phones.line.outside) {
                (Some(PhoneNumber::E164(_) | PhoneNumber::Short(_)), Some(_)) => direct(Direct::Outside),
                (Some(PhoneNumber::E164(_) | PhoneNumber::Short(_)), None) => {
                    FlowStart::Refused(Cause::Forbidden)
                }
                (Some(PhoneNumber::Text(_)) | None, _) => FlowStart::Refused(Cause::NotFound),
            }
        };
        Some(self.refusal(now, arrival, None).map_or(start, FlowStart::Refused))
    }

    /// Whether this is an emergency number where a site is.
    fn is_emergency(&self, dialled: &str) -> bool {
        self.plan.sites.iter().any(|site| emergency::is_emergency(&site.country.id, dialled))
    }

    /// Whether a call is a phone's to an emergency number.
    #[must_use]
    pub fn is_for_help(&self, call: CallId) -> bool {
        self.calls.get(&call).is_some_and(|slot| {
            let mut legs = slot.legs.iter();
            let is_phones = legs.any(|leg| leg.number == 0 && self.is_phones_line(leg.trunk));
            is_phones && self.is_emergency(&slot.dialled)
        })
    }

    /// A number as the first site's country writes it.
    fn read(&self, dialled: &str) -> Option<PhoneNumber> {
        self.plan.sites.first().map(|site| site.country.read(dialled))
    }

    /// Over which line, and whom, to dial for a call that began on a phone.
    pub(super) fn direct(&self, to: Direct, dialled: &str) -> Option<(TrunkId, String)> {
        let line = &self.phones.as_ref()?.line;
        match to {
            // As dialled: there is no other form of it.
            Direct::Emergency => Some((line.emergency?, dialled.into())),
            Direct::Phone => Some((line.line, dialled.into())),
            Direct::Outside => {
                let (trunk, site) = (line.outside?, self.plan.sites.first()?);
                Some((trunk, self.lines.write(trunk, &site.country, &site.country.read(dialled))))
            }
        }
    }

    /// The number a trunk is to see of a call that came in on `from` and goes out over `to`.
    pub(super) fn shown_number(&self, from: Option<TrunkId>, to: TrunkId) -> Option<Name> {
        let line = &self.phones.as_ref()?.line;
        line.caller.clone().filter(|_| from == Some(line.line) && to != line.line)
    }
}
