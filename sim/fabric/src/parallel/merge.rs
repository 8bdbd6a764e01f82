//! The deferred events of all partitions, merged into one order.

use super::deferred::{Deferred, PartitionSink};
use super::partition::Partitioning;
use crate::packet::MessageRef;
use crate::simulation::Simulation;
use crate::simulation::sink::tell_of_end;
use crate::traffic::{Observer, Traffic};
use crate::transport::Transport;
use homa_engine::EventKey;
use homa_topologies::HostId;
use std::ops::DerefMut;

/// What is known of the network as a whole.
#[derive(Debug)]
pub(super) struct Whole<O> {
    pub(super) observer: O,
    pub(super) packets_max: i64,
    pub(super) failed_hosts: Vec<bool>,
}

/// For each of some sequences in order the next place, and which sequence has the smallest item
/// there.
struct Heads {
    places: Vec<usize>,
}

impl Heads {
    fn new(sequences: usize) -> Self {
        Self { places: vec![0; sequences] }
    }

    /// Sequence and place of the smallest item that has not been given; `key` gives that of an
    /// item, none at the end.
    fn next(&mut self, key: impl Fn(usize, usize) -> Option<EventKey>) -> Option<(usize, usize)> {
        let heads = self.places.iter().enumerate();
        let (_, sequence) = heads.filter_map(|(sequence, place)| Some((key(sequence, *place)?, sequence))).min()?;
        let place = self.places[sequence];
        self.places[sequence] += 1;
        Some((sequence, place))
    }
}

impl<O: Observer> Whole<O> {
    /// Tells the observer all deferred events in the order of one thread, and counts the packets of
    /// the last window if there may have been more than ever before.
    pub(super) fn merge<T: Transport, S: Traffic>(
        &mut self,
        partitioning: &Partitioning,
        partitions: &mut [impl DerefMut<Target = Simulation<T, S, PartitionSink<T::Header>>>],
    ) {
        let mut heads = Heads::new(partitions.len());
        while let Some((partition, place)) =
            heads.next(|partition, place| Some(partitions[partition].observer.deferred.get(place)?.0))
        {
            let (key, event) = partitions[partition].observer.deferred[place];
            let owner = |HostId(host): HostId| partitioning.partition_of_host[host as usize] as usize;
            match event {
                Deferred::Created(MessageRef { source, slot, .. }) => {
                    let message = partitions[owner(source)].messages[source.0 as usize][slot as usize];
                    self.observer.created(&message);
                }
                Deferred::Ended(host, end) => {
                    let source = end.message.source;
                    let source_failed = self.failed_hosts[source.0 as usize];
                    if let Some(message) = partitions[owner(source)].take_ended(host, end, source_failed) {
                        tell_of_end(&mut self.observer, key.at(), &message, end.failed);
                    }
                }
                Deferred::HostFailed(host) => {
                    self.failed_hosts[host.0 as usize] = true;
                    for message in partitions[owner(host)].take_abandoned(host) {
                        self.observer.abandoned(key.at(), &message);
                    }
                }
            }
        }
        partitions.iter_mut().for_each(|partition| partition.observer.deferred.clear());
        let packets_max: i64 = partitions.iter().map(|partition| partition.observer.packets.max).sum();
        if packets_max > self.packets_max {
            self.count_packets(partitions);
        }
    }

    fn count_packets<T: Transport, S: Traffic>(
        &mut self,
        partitions: &[impl DerefMut<Target = Simulation<T, S, PartitionSink<T::Header>>>],
    ) {
        let counts = |partition: usize| &partitions[partition].observer.packets;
        let mut now: Vec<_> = (0..partitions.len()).map(|partition| counts(partition).at_begin).collect();
        let mut sum: i64 = now.iter().sum();
        let mut heads = Heads::new(partitions.len());
        while let Some((partition, place)) =
            heads.next(|partition, place| Some(counts(partition).changes.get(place)?.0))
        {
            let (_, after) = counts(partition).changes[place];
            sum += after - std::mem::replace(&mut now[partition], after);
            self.packets_max = self.packets_max.max(sum);
        }
    }
}
