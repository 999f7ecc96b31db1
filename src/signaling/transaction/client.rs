//! The non-INVITE client transaction (RFC 3261 section 17.1.2, figure 6).
//! Must never know what is in a message.

use super::action::{Action, Actions, Class, TransactionTimer as Timer};
use crate::signaling::config::TimerSettings;
use smallvec::smallvec;
use std::time::Duration;

/// Where the transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Sent; nothing came yet.
    Trying,
    /// A provisional response came.
    Proceeding,
    /// A final response came; more copies may.
    Completed,
}

/// The machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    state: State,
    reliable: bool,
    interval: Duration,
}

impl Client {
    pub(super) fn start(reliable: bool, settings: &TimerSettings) -> (Self, Actions) {
        let mut actions: Actions = smallvec![Action::Send, Action::Set(Timer::F, settings.patience())];
        if !reliable {
            actions.push(Action::Set(Timer::E, settings.t1));
        }
        (Self { state: State::Trying, reliable, interval: settings.t1 }, actions)
    }

    pub(super) fn on_response(&mut self, class: Class, settings: &TimerSettings) -> Actions {
        match (self.state, class) {
            (State::Trying | State::Proceeding, Class::Provisional) => {
                self.state = State::Proceeding;
                smallvec![Action::Deliver]
            }
            (State::Trying | State::Proceeding, Class::Success | Class::Refusal) => {
                self.state = State::Completed;
                let rest = if self.reliable { Action::End } else { Action::Set(Timer::K, settings.t4) };
                smallvec![Action::Stop(Timer::E), Action::Stop(Timer::F), Action::Deliver, rest]
            }
            (State::Completed, Class::Provisional | Class::Success | Class::Refusal) => smallvec![],
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, settings: &TimerSettings) -> Actions {
        match (self.state, timer) {
            (State::Trying, Timer::E) => {
                self.interval = (self.interval * 2).min(settings.t2);
                smallvec![Action::SendAgain, Action::Set(Timer::E, self.interval)]
            }
            (State::Proceeding, Timer::E) => {
                smallvec![Action::SendAgain, Action::Set(Timer::E, settings.t2)]
            }
            (State::Trying | State::Proceeding, Timer::F) => {
                smallvec![Action::Stop(Timer::E), Action::TimeOut, Action::End]
            }
            (State::Completed, Timer::K) => smallvec![Action::End],
            (State::Trying | State::Proceeding | State::Completed, _) => smallvec![],
        }
    }

    /// Whether nothing came back yet.
    pub(super) const fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Trying)
    }

    pub(super) fn on_path_lost(&mut self) -> Actions {
        match self.state {
            State::Trying | State::Proceeding => {
                smallvec![Action::Stop(Timer::E), Action::Stop(Timer::F), Action::Fail, Action::End]
            }
            State::Completed => smallvec![],
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
    fn intervals_double_up_to_t2() {
        let (mut machine, actions) = Client::start(false, &SETTINGS);
        assert_eq!(actions.len(), 3);
        for seconds in [1, 2, 4, 4, 4] {
            let again = [Action::SendAgain, Action::Set(Timer::E, Duration::from_secs(seconds))];
            assert_eq!(machine.on_timer(Timer::E, &SETTINGS).as_slice(), again);
        }
        assert!(machine.on_timer(Timer::F, &SETTINGS).contains(&Action::TimeOut));
    }

    #[test]
    fn a_provisional_response_slows_down_but_does_not_stop() {
        let (mut machine, _) = Client::start(false, &SETTINGS);
        assert_eq!(machine.on_response(Class::Provisional, &SETTINGS).as_slice(), [Action::Deliver]);
        assert_eq!(
            machine.on_timer(Timer::E, &SETTINGS).as_slice(),
            [Action::SendAgain, Action::Set(Timer::E, SETTINGS.t2)]
        );
        let last = machine.on_response(Class::Refusal, &SETTINGS);
        assert_eq!(last.last(), Some(&Action::Set(Timer::K, SETTINGS.t4)));
        assert!(machine.on_response(Class::Success, &SETTINGS).is_empty());
        assert_eq!(machine.on_timer(Timer::K, &SETTINGS).as_slice(), [Action::End]);
    }

    #[test]
    fn a_lost_path_fails_at_once() {
        let (mut machine, actions) = Client::start(true, &SETTINGS);
        assert_eq!(actions.as_slice(), [Action::Send, Action::Set(Timer::F, Duration::from_secs(32))]);
        assert!(machine.on_path_lost().contains(&Action::Fail));
    }
}
