//! What a checked dialplan becomes: immutable, every name resolved to an id. Calls pin one and end under it.
//! Must never know how it was written (spans, TOML, defaults): that is the document's.

use super::hours::Hours;
use crate::base::{
    AgentId, Cause, FlowId, HoursId, MenuId, MessageId, MusicId, Name, PromptId, QueueId, SiteId, SlaId,
    TargetId, TrunkId,
    phone::{Country, PhoneNumber},
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Every site of the machine, compiled. Tables are indexed by the ids of `base::ids`.
#[derive(Debug, Default)]
pub struct Plan {
    /// Digest of everything the plan was compiled from, hexadecimal: records name the plan they ran under.
    pub digest: Name,
    /// Sites, by [`SiteId`].
    pub sites: Vec<Site>,
    /// Which flow a dialled number starts. Unique across sites.
    pub numbers: BTreeMap<PhoneNumber, Number>,
    /// Flows, by [`FlowId`].
    pub flows: Vec<Flow>,
    /// Menus, by [`MenuId`].
    pub menus: Vec<Menu>,
    /// Queues, by [`QueueId`]; a queue another plan knew and this one does not is `None`.
    pub queues: Vec<Option<Queue>>,
    /// Targets, by [`TargetId`].
    pub targets: Vec<Target>,
    /// Closing messages, by [`MessageId`].
    pub messages: Vec<Message>,
    /// Opening hours, by [`HoursId`].
    pub hours: Vec<Hours>,
    /// Prompts, by [`PromptId`].
    pub prompts: Vec<Prompt>,
    /// Hold music, by [`MusicId`].
    pub music: Vec<Music>,
    /// Agents, by [`AgentId`]; an agent another plan knew and this one does not is `None`.
    pub agents: Vec<Option<Agent>>,
    /// Service-level agreements, by [`SlaId`].
    pub slas: Vec<Sla>,
}

/// One site: one TOML file and what lies beside it.
#[derive(Debug, Clone)]
pub struct Site {
    /// The file's name without `.toml`.
    pub id: Name,
    /// What people call it.
    pub name: Name,
    /// How numbers are read here.
    pub country: Country,
    /// Language of prompts and reports.
    pub language: Language,
}

/// A language callers, agents and supervisors are served in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// French.
    French,
    /// English.
    English,
}

/// A number of ours.
#[derive(Debug, Clone)]
pub struct Number {
    /// As written in the dialplan: the label of its metrics.
    pub name: Name,
    /// Whose it is.
    pub site: SiteId,
    /// Where its calls begin.
    pub flow: FlowId,
}

/// Somewhere a call can be sent. One namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// Read a flow from its top.
    Flow(FlowId),
    /// Ask the caller.
    Menu(MenuId),
    /// Wait for an agent.
    Queue(QueueId),
    /// Ring a number over a trunk.
    Target(TargetId),
    /// Say something and hang up.
    Message(MessageId),
}

/// Steps read from top to bottom, like a firewall; the last is an unconditional `go`.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its name.
    pub name: Name,
    /// Its steps, in written order.
    pub steps: Vec<Step>,
}

/// Conditions, then one action. All conditions must hold.
#[derive(Debug, Clone)]
pub struct Step {
    /// When the step applies; empty is always.
    pub when: Vec<Condition>,
    /// What it does.
    pub action: Action,
}

/// A condition of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Within these hours.
    Open(HoursId),
    /// Outside these hours.
    Closed(HoursId),
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Play a prompt to its end, then read on.
    Play(PromptId),
    /// Go there; the flow is over.
    Go(Destination),
}

/// A question answered with one key.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Its name.
    pub name: Name,
    /// The question.
    pub say: PromptId,
    /// How long to wait for a key after the question; 5 s by default.
    pub wait: Duration,
    /// How often the question is asked; 2 by default.
    pub tries: u32,
    /// Where each key leads: `0`-`9`, `*`, `#`.
    pub keys: BTreeMap<char, Destination>,
    /// Where no key, or the wrong ones, lead.
    pub otherwise: Destination,
}

/// A waiting line and the agents who serve it.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its name.
    pub name: Name,
    /// Whose it is.
    pub site: SiteId,
    /// Who serves it, in written order.
    pub agents: Vec<AgentId>,
    /// Who is rung.
    pub strategy: Strategy,
    /// How long one agent is rung; 15 s by default.
    pub ring: Duration,
    /// How long an agent is left alone after a call of this queue; 0 by default.
    pub wrap_up: Duration,
    /// What is heard while waiting; silence is `None`.
    pub music: Option<MusicId>,
    /// When the caller leaves, on the caller's own clock, in rising order; the last leaves for good.
    pub overflow: Vec<Overflow>,
    /// Callers at once, and where one more goes; no limit but memory's is `None`.
    pub full: Option<Full>,
    /// Where callers go when no agent is logged in; they wait when `None`.
    pub nobody: Option<Destination>,
    /// What closing time does.
    pub at_close: AtClose,
    /// What the caller's deadline does to a phone that is ringing.
    pub while_ringing: WhileRinging,
    /// What whoever answers must do to be put through; nothing where the answer is enough.
    pub accept: Option<Acceptance>,
    /// How it is judged.
    pub sla: Option<SlaId>,
}

/// A key to press before a call is put through: an IPBX may answer for its user, and does not press keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance {
    /// Which.
    pub key: char,
    /// What asks for it; a tone when `None`.
    pub whisper: Option<PromptId>,
    /// How long it is waited for, from the answer.
    pub wait: Duration,
}

/// Who is rung next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The one who has been free longest.
    LongestIdle,
    /// Every free one at once; the first to answer wins.
    RingAll,
}

/// One entry of `overflow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow {
    /// Since the caller first entered a queue.
    pub after: Duration,
    /// To a queue widens; to anything else leaves.
    pub to: Destination,
}

/// `full`: a queue's length limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// Callers who may wait at once.
    pub length: u32,
    /// Where one more goes.
    pub to: Destination,
}

/// `at_close`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtClose {
    /// The queue has no hours of its own: the flows see to who enters and when.
    Open,
    /// Outside these hours whoever would enter goes where the last overflow leads; those inside are served until their
    /// deadline.
    Serve(HoursId),
    /// Outside these hours whoever would enter goes there, and so do those inside.
    Leave(HoursId, Destination),
}

/// `while_ringing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhileRinging {
    /// The deadline cancels the ring.
    Cancel,
    /// The deadline waits for the rest of this ring.
    Finish,
}

/// A number rung over a trunk.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name.
    pub name: Name,
    /// Whose it is.
    pub site: SiteId,
    /// Whom to ring.
    pub number: PhoneNumber,
    /// Over which trunk.
    pub via: TrunkId,
    /// How long; 30 s by default.
    pub ring: Duration,
    /// Where the call goes when it fails.
    pub otherwise: Destination,
    /// What whoever answers must do to be put through; nothing where the answer is enough.
    pub accept: Option<Acceptance>,
    /// How it is judged.
    pub sla: Option<SlaId>,
}

/// An ending: said, then BYE.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its name.
    pub name: Name,
    /// What is said.
    pub play: PromptId,
}

/// A spoken text.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Its name.
    pub name: Name,
    /// Its recording.
    pub file: PathBuf,
}

/// Music for those who wait: files played in turn, for ever.
#[derive(Debug, Clone)]
pub struct Music {
    /// Its name.
    pub name: Name,
    /// The recordings, sorted by name.
    pub files: Vec<PathBuf>,
}

/// Someone who answers: a (via, extension) pair.
#[derive(Debug, Clone)]
pub struct Agent {
    /// The label from the dialplan, « Nadia ». Two labels for one extension: the first is kept.
    pub name: Name,
    /// The trunk behind which the phone is.
    pub via: TrunkId,
    /// Dialled as written.
    pub extension: Name,
    /// What makes them the same person in every queue and site, for facts and metrics: `201@ipoffice`.
    pub key: Name,
}

/// A service-level agreement.
#[derive(Debug, Clone)]
pub struct Sla {
    /// Its name.
    pub name: Name,
    /// From when the wait is counted.
    pub clock: Clock,
    /// Answered strictly sooner than `under`, in strictly more than `above` percent.
    pub qs1: Option<Qs1>,
    /// Picked up in strictly more than this percent.
    pub qs2_above: Option<f64>,
    /// Hang-ups sooner than this count nowhere; 5 s by default.
    pub ignore_hangup_under: Duration,
}

/// The first quality indicator: share answered in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Qs1 {
    /// Strictly less than this, 40 s in the contract.
    pub under: Duration,
    /// Percent, strictly more.
    pub above: f64,
}

/// From when an SLA counts the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// From the INVITE.
    Arrival,
    /// From our answer.
    Answer,
    /// From entering the first queue.
    Queue,
    /// From ringing the target.
    Handover,
}

/// Whom a phone of ours may dial without a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direct {
    /// The emergency services.
    Emergency,
    /// Another phone that registers here.
    Phone,
    /// Anyone outside.
    Outside,
}

impl Direct {
    /// The name facts and records use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Phone => "phone",
            Self::Outside => "outside",
        }
    }

    /// How long it rings. Outside the far end's network says when to stop; three minutes are where a proxy must (RFC 3261
    /// section 16.6, timer C).
    #[must_use]
    pub const fn ring(self) -> Duration {
        match self {
            Self::Emergency | Self::Outside => Duration::from_secs(180),
            Self::Phone => Duration::from_secs(60),
        }
    }
}

/// What a dialled number leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowStart {
    /// A flow of ours.
    Flow(FlowId),
    /// Someone else, whom no plan names: a phone of ours dialled them.
    Direct {
        /// What kind of number it is.
        to: Direct,
        /// As dialled.
        dialled: Name,
    },
    /// Nothing: the call is refused.
    Refused(Cause),
}

impl Queue {
    /// Where the last overflow entry leads: the queue's way out when it has no other.
    ///
    /// # Panics
    /// When `overflow` is empty, which `check` refuses.
    #[must_use]
    pub fn last_resort(&self) -> Destination {
        self.overflow.last().expect("a queue has an overflow").to
    }

    /// The hours outside which nobody enters, and where callers go instead.
    #[must_use]
    pub fn closes(&self) -> Option<(HoursId, Destination)> {
        match self.at_close {
            AtClose::Open => None,
            AtClose::Serve(hours) => Some((hours, self.last_resort())),
            AtClose::Leave(hours, to) => Some((hours, to)),
        }
    }
}

impl Plan {
    /// The queue with this id, when this plan has it.
    #[must_use]
    pub fn queue(&self, id: QueueId) -> Option<&Queue> {
        self.queues.get(id.index()).and_then(Option::as_ref)
    }

    /// The agent with this id, when this plan has it.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(id.index()).and_then(Option::as_ref)
    }

    /// Finds the flow of a dialled user part: read by each site's country, first match in written order of sites.
    #[must_use]
    pub fn number(&self, dialled: &str) -> Option<(&PhoneNumber, &Number)> {
        self.sites.iter().enumerate().find_map(|(index, site)| {
            let (key, number) = self.numbers.get_key_value(&site.country.read(dialled))?;
            (number.site.index() == index).then_some((key, number))
        })
    }
}
