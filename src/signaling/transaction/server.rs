//! The non-INVITE server transaction (RFC 3261 section 17.2.2, figure 8).
//! Must never know what is in a message.

use super::action::{Action, Actions, Class, TransactionTimer as Timer};
use crate::signaling::config::TimerSettings;
use smallvec::smallvec;

/// Where the transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not answered at all.
    Trying,
    /// Answered with a provisional response.
    Proceeding,
    /// Answered for good.
    Completed,
}

/// The machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    pub(super) state: State,
    reliable: bool,
}

impl Server {
    pub(super) const fn start(reliable: bool) -> Self {
        Self { state: State::Trying, reliable }
    }

    /// The request came again.
    pub(super) fn on_repeat(&mut self) -> Actions {
        match self.state {
            State::Trying => smallvec![],
            State::Proceeding | State::Completed => smallvec![Action::SendAgain],
        }
    }

    /// The transaction's user answers. Nothing is sent once a final response is out.
    pub(super) fn on_answer(&mut self, class: Class, settings: &TimerSettings) -> Actions {
        match (self.state, class) {
            (State::Trying | State::Proceeding, Class::Provisional) => {
                self.state = State::Proceeding;
                smallvec![Action::Send]
            }
            (State::Trying | State::Proceeding, Class::Success | Class::Refusal) => {
                self.state = State::Completed;
                let rest =
                    if self.reliable { Action::End } else { Action::Set(Timer::J, settings.patience()) };
                smallvec![Action::Send, rest]
            }
            (State::Completed, Class::Provisional | Class::Success | Class::Refusal) => smallvec![],
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer) -> Actions {
        match (self.state, timer) {
            (State::Completed, Timer::J) => smallvec![Action::End],
            (State::Trying | State::Proceeding | State::Completed, _) => smallvec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_absorbed_before_the_answer_and_answered_alike_after_it() {
        let settings = TimerSettings::default();
        let mut machine = Server::start(false);
        assert!(machine.on_repeat().is_empty());
        assert_eq!(
            machine.on_answer(Class::Success, &settings).as_slice(),
            [Action::Send, Action::Set(Timer::J, settings.patience())]
        );
        assert_eq!(machine.on_repeat().as_slice(), [Action::SendAgain]);
        assert!(machine.on_answer(Class::Refusal, &settings).is_empty());
        assert_eq!(machine.on_timer(Timer::J).as_slice(), [Action::End]);
    }

    #[test]
    fn over_a_stream_the_answer_ends_it() {
        let mut machine = Server::start(true);
        let actions = machine.on_answer(Class::Refusal, &TimerSettings::default());
        assert_eq!(actions.as_slice(), [Action::Send, Action::End]);
    }
}
