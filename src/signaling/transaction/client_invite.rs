//! The INVITE client transaction (RFC 3261 section 17.1.1, figure 5, as corrected by RFC 6026 section 8.4).
//! Must never know what is in a message.

use super::action::{Action, Actions, Class, TransactionTimer as Timer};
use crate::signaling::config::TimerSettings;
use smallvec::smallvec;
use std::time::Duration;

/// Where the transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Sent; nothing came yet.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// A 2xx came; more copies may.
    Accepted,
    /// A refusal came; more copies may.
    Completed,
}

/// The machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientInvite {
    pub(super) state: State,
    reliable: bool,
    interval: Duration,
}

impl ClientInvite {
    pub(super) fn start(reliable: bool, settings: &TimerSettings) -> (Self, Actions) {
        let mut actions: Actions = smallvec![Action::Send, Action::Set(Timer::B, settings.patience())];
        if !reliable {
            actions.push(Action::Set(Timer::A, settings.t1));
        }
        (Self { state: State::Calling, reliable, interval: settings.t1 }, actions)
    }

    pub(super) fn on_response(&mut self, class: Class, settings: &TimerSettings) -> Actions {
        let leaving_calling: Actions = match self.state {
            State::Calling => smallvec![Action::Stop(Timer::A), Action::Stop(Timer::B)],
            State::Proceeding | State::Accepted | State::Completed => smallvec![],
        };
        let mut actions = leaving_calling;
        match (self.state, class) {
            (State::Calling | State::Proceeding, Class::Provisional) => {
                self.state = State::Proceeding;
                actions.push(Action::Deliver);
            }
            (State::Calling | State::Proceeding, Class::Success) => {
                self.state = State::Accepted;
                actions.push(Action::Set(Timer::M, settings.patience()));
                actions.push(Action::Deliver);
            }
            (State::Calling | State::Proceeding, Class::Refusal) => {
                self.state = State::Completed;
                actions.extend([Action::SendAck, Action::Deliver]);
                // Timer D: at least 32 s, which is 64 × T1 as usual; zero over a stream.
                actions.push(if self.reliable {
                    Action::End
                } else {
                    Action::Set(Timer::D, settings.patience())
                });
            }
            (State::Accepted, Class::Success) => actions.push(Action::Deliver),
            (State::Completed, Class::Refusal) => actions.push(Action::SendAck),
            (State::Accepted, Class::Provisional | Class::Refusal)
            | (State::Completed, Class::Provisional | Class::Success) => {}
        }
        actions
    }

    pub(super) fn on_timer(&mut self, timer: Timer) -> Actions {
        match (self.state, timer) {
            (State::Calling, Timer::A) => {
                self.interval *= 2;
                smallvec![Action::SendAgain, Action::Set(Timer::A, self.interval)]
            }
            // Proceeding, it is set only when its owner leaves (`Layer::hurry_client`).
            (State::Calling | State::Proceeding, Timer::B) => {
                smallvec![Action::Stop(Timer::A), Action::TimeOut, Action::End]
            }
            (State::Completed, Timer::D) | (State::Accepted, Timer::M) => smallvec![Action::End],
            (State::Calling | State::Proceeding | State::Accepted | State::Completed, _) => smallvec![],
        }
    }

    /// Whether nothing came back yet.
    pub(super) const fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Calling)
    }

    pub(super) fn on_path_lost(&mut self) -> Actions {
        match self.state {
            State::Calling | State::Proceeding => {
                smallvec![Action::Stop(Timer::A), Action::Stop(Timer::B), Action::Fail, Action::End]
            }
            // The answer is known; what is left is absorbing copies, until D or M.
            State::Accepted | State::Completed => smallvec![],
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
    const PATIENCE: Duration = Duration::from_secs(32);

    #[test]
    fn a_silent_peer_is_asked_again_at_doubling_intervals_and_given_up() {
        let (mut machine, actions) = ClientInvite::start(false, &SETTINGS);
        assert_eq!(
            actions.as_slice(),
            [Action::Send, Action::Set(Timer::B, PATIENCE), Action::Set(Timer::A, SETTINGS.t1)]
        );
        for seconds in [1, 2, 4, 8, 16, 32] {
            let again = [Action::SendAgain, Action::Set(Timer::A, Duration::from_secs(seconds))];
            assert_eq!(machine.on_timer(Timer::A).as_slice(), again);
        }
        assert_eq!(
            machine.on_timer(Timer::B).as_slice(),
            [Action::Stop(Timer::A), Action::TimeOut, Action::End]
        );
    }

    #[test]
    fn a_refusal_is_acknowledged_every_time_and_delivered_once() {
        let (mut machine, _) = ClientInvite::start(false, &SETTINGS);
        machine.on_response(Class::Provisional, &SETTINGS);
        assert_eq!(
            machine.on_response(Class::Refusal, &SETTINGS).as_slice(),
            [Action::SendAck, Action::Deliver, Action::Set(Timer::D, PATIENCE)]
        );
        assert_eq!(machine.on_response(Class::Refusal, &SETTINGS).as_slice(), [Action::SendAck]);
        assert!(machine.on_response(Class::Success, &SETTINGS).is_empty());
        assert!(machine.on_path_lost().is_empty());
        assert_eq!(machine.on_timer(Timer::D).as_slice(), [Action::End]);
    }

    #[test]
    fn every_2xx_is_delivered_until_timer_m() {
        let (mut machine, actions) = ClientInvite::start(true, &SETTINGS);
        assert_eq!(actions.as_slice(), [Action::Send, Action::Set(Timer::B, PATIENCE)]);
        let first = machine.on_response(Class::Success, &SETTINGS);
        assert!(first.contains(&Action::Deliver) && first.contains(&Action::Set(Timer::M, PATIENCE)));
        assert_eq!(machine.on_response(Class::Success, &SETTINGS).as_slice(), [Action::Deliver]);
        assert!(machine.on_response(Class::Refusal, &SETTINGS).is_empty());
        assert_eq!(machine.on_timer(Timer::M).as_slice(), [Action::End]);
    }

    #[test]
    fn over_a_stream_a_refusal_ends_it_at_once() {
        let (mut machine, _) = ClientInvite::start(true, &SETTINGS);
        assert_eq!(machine.on_response(Class::Refusal, &SETTINGS).last(), Some(&Action::End));
    }
}
