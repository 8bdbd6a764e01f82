//! A network that is simulated on one thread or on several.

use homa_fabric::{Advanced, FabricStatistics, Message, Observer, Partitions, Simulation, Traffic, Transport};
use homa_topologies::TierId;
use homa_units::Time;
use std::time::Duration as WallDuration;

/// What a run asks of it.
pub(crate) trait Network<T, O> {
    fn run_until(&mut self, end: Time) -> Advanced;
    fn now(&self) -> Time;
    fn observer(&self) -> &O;
    fn observer_mut(&mut self) -> &mut O;
    fn into_observer(self) -> O;
    fn stop_traffic(&mut self);
    fn restart_queue_statistics(&mut self);
    fn waiting_bytes(&self) -> impl Iterator<Item = (TierId, u64)>;
    fn unfinished(&self) -> impl Iterator<Item = &Message>;
    fn transports<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a;
    fn statistics(&self) -> FabricStatistics;
    /// How long threads besides the calling one were busy with it.
    fn helpers_busy(&self) -> WallDuration;
}

/// Both kinds have methods of these names.
macro_rules! delegate {
    ($kind:ident) => {
        fn run_until(&mut self, end: Time) -> Advanced {
            $kind::run_until(self, end)
        }
        fn now(&self) -> Time {
            $kind::now(self)
        }
        fn observer(&self) -> &O {
            $kind::observer(self)
        }
        fn observer_mut(&mut self) -> &mut O {
            $kind::observer_mut(self)
        }
        fn into_observer(self) -> O {
            $kind::into_observer(self)
        }
        fn stop_traffic(&mut self) {
            $kind::stop_traffic(self);
        }
        fn restart_queue_statistics(&mut self) {
            $kind::restart_queue_statistics(self);
        }
        fn waiting_bytes(&self) -> impl Iterator<Item = (TierId, u64)> {
            $kind::waiting_bytes(self)
        }
        fn unfinished(&self) -> impl Iterator<Item = &Message> {
            $kind::unfinished(self)
        }
        fn transports<'a>(&'a self) -> impl Iterator<Item = &'a T>
        where
            T: 'a,
        {
            $kind::transports(self)
        }
        fn statistics(&self) -> FabricStatistics {
            $kind::statistics(self)
        }
    };
}

impl<T: Transport, S: Traffic, O: Observer> Network<T, O> for Simulation<T, S, O> {
    delegate!(Simulation);

    fn helpers_busy(&self) -> WallDuration {
        WallDuration::ZERO
    }
}

impl<T, S, O> Network<T, O> for Partitions<T, S, O>
where
    T: Transport<Header: Send> + Send,
    S: Traffic + Send,
    O: Observer,
{
    delegate!(Partitions);

    fn helpers_busy(&self) -> WallDuration {
        Self::helpers_busy(self)
    }
}
