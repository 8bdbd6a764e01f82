//! What the parameters mean: an echo in an idle network, stage by stage.

use super::Parameters;
use super::stages::Stage;
use homa_units::Duration;

impl Parameters {
    /// What each stage of an echo of `bytes` each way takes of the two hosts, request first, in a
    /// network that has been idle for long: threads sleep if they ever do, and cores are in their
    /// deepest state. Work takes its time without the factors `ht` and `contention`. Wire, switches
    /// and NICs are not in it.
    #[must_use]
    pub fn idle_echo(&self, bytes: u32) -> Vec<(Stage, Duration)> {
        let exit = self.c_states.last().map_or(Duration::ZERO, |state| state.exit);
        let (copy_in, copy_out) = (self.copy_in * u64::from(bytes), self.copy_out * u64::from(bytes));
        let softirq = if self.short_bypass { self.t_homa } else { self.t_same_core + self.t_ip + self.t_homa };
        let wakeup = match self.poll_time {
            None => self.t_notice,
            Some(_) => self.t_wake + self.l_wake + exit,
        };
        let arrival = [
            (Stage::Interrupt, exit),
            (Stage::Napi, self.t_irq + self.t_napi_first),
            (Stage::Softirq, softirq),
            (Stage::Wakeup, self.t_lock + wakeup),
            (Stage::Receive, self.t_lock + self.t_recv + copy_out),
        ];
        let request = [(Stage::Send, self.t_send + copy_in)].into_iter().chain(arrival);
        let server = [(Stage::Application, self.t_app), (Stage::Send, self.t_reply + copy_in)];
        request.chain(server).chain(arrival).collect()
    }
}
