//! Idle cores fall asleep, and need time to wake up.

use super::parameters::CState;
use homa_units::Duration;

/// What a core that has been idle for so long needs to wake up: by the last step whose time it has
/// exceeded.
pub(super) fn exit_latency(states: &[CState], idle: Duration) -> Duration {
    states.iter().take_while(|state| idle > state.idle).last().map_or(Duration::ZERO, |state| state.exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_needs_longer_to_wake_up_the_longer_it_was_idle() {
        let us = Duration::from_us;
        let states = [CState { idle: us(2), exit: us(1) }, CState { idle: us(20), exit: us(6) }];
        for (idle, exit) in [(0, 0), (2, 0), (3, 1), (20, 1), (21, 6), (1_000, 6)] {
            assert_eq!(exit_latency(&states, us(idle)), us(exit), "idle for {idle} us");
        }
        assert_eq!(exit_latency(&[], us(1_000)), us(0));
    }
}
