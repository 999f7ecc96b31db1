//! The INVITE server transaction (RFC 3261 section 17.2.1, figure 7, as corrected by RFC 6026 section 8.5).
//! Must never know what is in a message. A 2xx is retransmitted by the leg, not here (section 13.3.1.4).

use super::action::{Action, Actions, Class, TransactionTimer as Timer};
use crate::signaling::config::TimerSettings;
use smallvec::smallvec;
use std::time::Duration;

/// Where the transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not answered for good.
    Proceeding,
    /// Answered with a 2xx; copies of the INVITE are absorbed.
    Accepted,
    /// Refused; the ACK has not come.
    Completed,
    /// Refused, and the ACK has come; its copies are absorbed.
    Confirmed,
}

/// The machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerInvite {
    pub(super) state: State,
    reliable: bool,
    interval: Duration,
}

impl ServerInvite {
    pub(super) const fn start(reliable: bool, settings: &TimerSettings) -> Self {
        Self { state: State::Proceeding, reliable, interval: settings.t1 }
    }

    /// The INVITE came again.
    pub(super) fn on_repeat(&mut self) -> Actions {
        match self.state {
            State::Proceeding | State::Completed => smallvec![Action::SendAgain],
            State::Accepted | State::Confirmed => smallvec![],
        }
    }

    /// The transaction's user answers. Nothing is sent once a final response is out.
    pub(super) fn on_answer(&mut self, class: Class, settings: &TimerSettings) -> Actions {
        match (self.state, class) {
            (State::Proceeding, Class::Provisional) => smallvec![Action::Send],
            (State::Proceeding, Class::Success) => {
                self.state = State::Accepted;
                smallvec![Action::Send, Action::Set(Timer::L, settings.patience())]
            }
            (State::Proceeding, Class::Refusal) => {
                self.state = State::Completed;
                let mut actions: Actions =
                    smallvec![Action::Send, Action::Set(Timer::H, settings.patience())];
                if !self.reliable {
                    actions.push(Action::Set(Timer::G, settings.t1));
                }
                actions
            }
            (State::Accepted, Class::Success) => smallvec![Action::SendAgain],
            (State::Accepted, Class::Provisional | Class::Refusal)
            | (State::Completed | State::Confirmed, Class::Provisional | Class::Success | Class::Refusal) => {
                smallvec![]
            }
        }
    }

    /// An ACK came. After a 2xx it is the user's.
    pub(super) fn on_ack(&mut self, settings: &TimerSettings) -> Actions {
        match self.state {
            State::Completed => {
                self.state = State::Confirmed;
                let rest = if self.reliable { Action::End } else { Action::Set(Timer::I, settings.t4) };
                smallvec![Action::Stop(Timer::G), Action::Stop(Timer::H), rest]
            }
            State::Accepted => smallvec![Action::Deliver],
            State::Proceeding | State::Confirmed => smallvec![],
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, settings: &TimerSettings) -> Actions {
        match (self.state, timer) {
            (State::Completed, Timer::G) => {
                self.interval = (self.interval * 2).min(settings.t2);
                smallvec![Action::SendAgain, Action::Set(Timer::G, self.interval)]
            }
            (State::Completed, Timer::H) => smallvec![Action::Stop(Timer::G), Action::TimeOut, Action::End],
            (State::Confirmed, Timer::I) | (State::Accepted, Timer::L) => smallvec![Action::End],
            (State::Proceeding | State::Accepted | State::Completed | State::Confirmed, _) => smallvec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: TimerSettings = TimerSettings {
        t1: Duration::from_millis(500),
        t2: Duration::from_secs(4),
        t4: Duration::from_secs(5),
    };

    #[test]
    fn a_refusal_is_repeated_up_to_t2_until_its_ack() {
        let mut machine = ServerInvite::start(false, &SETTINGS);
        assert_eq!(machine.on_repeat().as_slice(), [Action::SendAgain]);
        assert_eq!(machine.on_answer(Class::Refusal, &SETTINGS).len(), 3);
        for seconds in [1, 2, 4, 4] {
            let again = [Action::SendAgain, Action::Set(Timer::G, Duration::from_secs(seconds))];
            assert_eq!(machine.on_timer(Timer::G, &SETTINGS).as_slice(), again);
        }
        assert_eq!(machine.on_ack(&SETTINGS).last(), Some(&Action::Set(Timer::I, SETTINGS.t4)));
        assert!(machine.on_ack(&SETTINGS).is_empty() && machine.on_repeat().is_empty());
        assert_eq!(machine.on_timer(Timer::I, &SETTINGS).as_slice(), [Action::End]);
    }

    #[test]
    fn after_a_2xx_copies_are_absorbed_and_acks_belong_to_the_user() {
        let mut machine = ServerInvite::start(false, &SETTINGS);
        assert_eq!(machine.on_answer(Class::Provisional, &SETTINGS).as_slice(), [Action::Send]);
        assert_eq!(machine.on_answer(Class::Success, &SETTINGS).len(), 2);
        assert!(machine.on_repeat().is_empty());
        assert!(machine.on_answer(Class::Refusal, &SETTINGS).is_empty());
        assert_eq!(machine.on_ack(&SETTINGS).as_slice(), [Action::Deliver]);
        assert_eq!(machine.on_timer(Timer::L, &SETTINGS).as_slice(), [Action::End]);
    }

    #[test]
    fn a_missing_ack_ends_it_after_timer_h() {
        let mut machine = ServerInvite::start(true, &SETTINGS);
        let refused = machine.on_answer(Class::Refusal, &SETTINGS);
        assert!(!refused.contains(&Action::Set(Timer::G, SETTINGS.t1)));
        assert!(machine.on_timer(Timer::H, &SETTINGS).contains(&Action::TimeOut));
    }
}
