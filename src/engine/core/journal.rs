//! The journal's writing end: numbers facts, keeps an open call's own slice, and folds it when the call is over.

use super::{Core, Output};
use crate::base::{CallId, JournalSeq, Now};
use crate::call::{Entry, Fact, Subject, fold, judge};
use crate::engine::Observation;
use std::sync::Arc;

/// Numbers facts.
#[derive(Debug)]
pub(super) struct Journal {
    next: JournalSeq,
}

impl Journal {
    pub(super) const fn new(next: JournalSeq) -> Self {
        Self { next }
    }

    fn number(&mut self) -> JournalSeq {
        let seq = self.next;
        self.next = JournalSeq(seq.0 + 1);
        seq
    }
}

impl Core {
    /// Appends a fact. A call's last fact closes its record.
    pub(super) fn note(&mut self, now: Now, subject: Subject, fact: Fact) {
        let seq = self.journal.number();
        let over = matches!(fact, Fact::Ended { .. });
        let entry = Arc::new(Entry { seq, now, subject, fact });
        self.output.push_back(Output::Observe(Observation::Fact(Arc::clone(&entry))));
        let Subject::Call(call) = entry.subject else { return };
        let Some(slot) = self.calls.get_mut(&call) else { return };
        slot.facts.push(entry);
        if over && !slot.over {
            slot.over = true;
            self.record(call);
        }
    }

    fn record(&mut self, call: CallId) {
        let Some(slot) = self.calls.get_mut(&call) else { return };
        let facts = std::mem::take(&mut slot.facts);
        // While a call is being stepped its plan is with the step; a call ends under the plan it began with, and a
        // fault may have taken that: the plan in force then names the same queues.
        let plan = slot.call.as_ref().map_or_else(|| Arc::clone(&self.plan), |call| Arc::clone(call.plan()));
        let Some(record) = fold(call, facts.iter().map(AsRef::as_ref)) else { return };
        if record.is_offered() {
            self.in_progress -= 1;
        }
        let site = record.site.clone().unwrap_or_default();
        for judgement in judge(&record, &plan) {
            self.output.push_back(Output::Observe(Observation::Judged {
                site: site.clone(),
                sla: judgement.sla,
                on: judgement.on,
                indicator: judgement.indicator.label(),
                verdict: judgement.verdict.label(),
            }));
        }
        self.output.push_back(Output::Observe(Observation::Recorded(Arc::new(record))));
    }

    /// The last fact's number.
    #[must_use]
    pub fn last_seq(&self) -> JournalSeq {
        JournalSeq(self.journal.next.0.saturating_sub(1))
    }
}
