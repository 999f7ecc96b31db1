//! What an SLA says of one call: requirements.md, The figures, exactly. Reads the record alone, so that an
//! independent script with the same record comes to the same verdict.

use super::fact::LegEnd;
use super::record::{Record, Ring, Rung};
use crate::base::{Name, Outcome};
use crate::dialplan::{Clock, Plan, Sla};

/// One verdict on one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The SLA.
    pub sla: Name,
    /// The queue or target it is attached to.
    pub on: Name,
    /// What is judged.
    pub indicator: Indicator,
    /// How.
    pub verdict: Verdict,
}

/// A quality indicator of the contract, article 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Indicator {
    /// Share of calls that waited strictly less than the limit [taux de qualité de service].
    Qs1,
    /// Share of calls picked up [taux de décroché].
    Qs2,
}

impl Indicator {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Qs1, Self::Qs2];

    /// The label in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Qs1 => "qs1",
            Self::Qs2 => "qs2",
        }
    }
}

/// What the indicator says of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Counts in N and in the numerator.
    Hit,
    /// Counts in N only.
    Miss,
    /// Counts nowhere: an immediate hang-up.
    Ignored,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Hit, Self::Miss, Self::Ignored];

    /// The label in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Ignored => "ignored",
        }
    }
}

/// What there is to judge: was it answered, after how long on the SLA's clock, and did the caller give up.
struct Wait {
    answered: bool,
    abandoned: bool,
    ms: u64,
}

/// Every verdict on a call: of the SLA of the first queue entered, and of each target rung, for a target that does not
/// answer has failed its own SLA whoever answers after it.
#[must_use]
pub fn judge(record: &Record, plan: &Plan) -> Vec<Judgement> {
    let mut verdicts = Vec::new();
    let queue = record.queue.as_ref().and_then(|name| {
        plan.queues.iter().flatten().find(|queue| queue.name == *name && in_site(plan, queue.site, record))
    });
    if let Some((queue, sla)) = queue.and_then(|queue| Some((queue, &plan.slas[queue.sla?.index()]))) {
        verdicts.extend(verdicts_of(sla, &queue.name, &queue_wait(sla, record)));
    }
    for ring in record.rings.iter().filter(|ring| ring.rung == Rung::Target) {
        let mut targets = plan.targets.iter();
        let target = targets.find(|target| target.name == ring.who && in_site(plan, target.site, record));
        if let Some((target, sla)) = target.and_then(|target| Some((target, &plan.slas[target.sla?.index()])))
        {
            verdicts.extend(verdicts_of(sla, &target.name, &target_wait(sla, ring, record)));
        }
    }
    verdicts
}

fn in_site(plan: &Plan, site: crate::base::SiteId, record: &Record) -> bool {
    record.site.as_ref().is_none_or(|name| plan.sites[site.index()].id == *name)
}

fn on_clock(clock: Clock, record: &Record) -> u64 {
    match clock {
        Clock::Arrival => record.flow_ms + record.wait_ms,
        Clock::Answer => record.since_answer_ms.unwrap_or(0),
        Clock::Queue => record.wait_ms,
        Clock::Handover => record.handover_ms.unwrap_or(record.wait_ms),
    }
}

fn queue_wait(sla: &Sla, record: &Record) -> Wait {
    // Answered after overflow counts as picked up for the queue.
    let answered = matches!(record.outcome, Outcome::Answered | Outcome::OverflowedAnswered);
    let abandoned = matches!(
        record.outcome,
        Outcome::AbandonedShort | Outcome::AbandonedWaiting | Outcome::OverflowedAbandoned
    );
    Wait { answered, abandoned, ms: on_clock(sla.clock, record) }
}

fn target_wait(sla: &Sla, ring: &Ring, record: &Record) -> Wait {
    Wait {
        answered: ring.end == LegEnd::Answered,
        abandoned: ring.end == LegEnd::Cancelled,
        ms: match sla.clock {
            Clock::Handover => ring.for_ms,
            Clock::Arrival | Clock::Answer | Clock::Queue => on_clock(sla.clock, record),
        },
    }
}

fn verdicts_of<'a>(sla: &'a Sla, on: &'a Name, wait: &'a Wait) -> impl Iterator<Item = Judgement> + 'a {
    let ignore_ms = sla.ignore_hangup_under.as_millis();
    let verdict = move |hit: bool| {
        if wait.abandoned && u128::from(wait.ms) < ignore_ms {
            Verdict::Ignored
        } else if hit {
            Verdict::Hit
        } else {
            Verdict::Miss
        }
    };
    let qs1 = sla.qs1.map(|qs1| {
        // Strictly less: 40.000 s is late.
        (Indicator::Qs1, verdict(wait.answered && u128::from(wait.ms) < qs1.under.as_millis()))
    });
    let qs2 = sla.qs2_above.map(|_| (Indicator::Qs2, verdict(wait.answered)));
    qs1.into_iter().chain(qs2).map(|(indicator, verdict)| Judgement {
        sla: sla.name.clone(),
        on: on.clone(),
        indicator,
        verdict,
    })
}
