//! The notes of all parts, put into order.

use super::part::{Happening, Part};
use super::partition::Partition;
use crate::packet::MessageRef;
use crate::simulation::Simulation;
use crate::simulation::notes::tell_of_end;
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
    pub(super) dead: Vec<bool>,
}

/// For each of some sequences in order the next place, and which sequence has the smallest item there.
struct Heads {
    places: Vec<usize>,
}

impl Heads {
    fn new(sequences: usize) -> Self {
        Self { places: vec![0; sequences] }
    }

    /// Sequence and place of the smallest item that has not been given; `key` gives that of an item, none at the end.
    fn next(&mut self, key: impl Fn(usize, usize) -> Option<EventKey>) -> Option<(usize, usize)> {
        let heads = self.places.iter().enumerate();
        let (_, sequence) = heads.filter_map(|(sequence, place)| Some((key(sequence, *place)?, sequence))).min()?;
        let place = self.places[sequence];
        self.places[sequence] += 1;
        Some((sequence, place))
    }
}

impl<O: Observer> Whole<O> {
    /// Tells the observer of everything that has been noted, in the order in which it happened, and counts the packets of the
    /// last window if there may have been more than ever before.
    pub(super) fn settle<T: Transport, S: Traffic>(
        &mut self,
        partition: &Partition,
        parts: &mut [impl DerefMut<Target = Simulation<T, S, Part<T::Header>>>],
    ) {
        let mut heads = Heads::new(parts.len());
        while let Some((part, place)) = heads.next(|part, place| Some(parts[part].observer.happenings.get(place)?.0)) {
            let (key, happening) = parts[part].observer.happenings[place];
            let owner = |HostId(host): HostId| partition.part_of_host[host as usize] as usize;
            match happening {
                Happening::Created(MessageRef { source, slot, .. }) => {
                    let message = parts[owner(source)].messages[source.0 as usize][slot as usize];
                    self.observer.created(&message);
                }
                Happening::Ended(host, end) => {
                    let source = end.message.source;
                    let is_dead = self.dead[source.0 as usize];
                    if let Some(message) = parts[owner(source)].take_ended(host, end, is_dead) {
                        tell_of_end(&mut self.observer, key.at(), &message, end.failed);
                    }
                }
                Happening::Died(host) => {
                    self.dead[host.0 as usize] = true;
                    for message in parts[owner(host)].take_abandoned(host) {
                        self.observer.abandoned(key.at(), &message);
                    }
                }
            }
        }
        parts.iter_mut().for_each(|part| part.observer.happenings.clear());
        let packets_max: i64 = parts.iter().map(|part| part.observer.packets.max).sum();
        if packets_max > self.packets_max {
            self.count_packets(parts);
        }
    }

    fn count_packets<T: Transport, S: Traffic>(
        &mut self,
        parts: &[impl DerefMut<Target = Simulation<T, S, Part<T::Header>>>],
    ) {
        let counts = |part: usize| &parts[part].observer.packets;
        let mut now: Vec<_> = (0..parts.len()).map(|part| counts(part).at_begin).collect();
        let mut sum: i64 = now.iter().sum();
        let mut heads = Heads::new(parts.len());
        while let Some((part, place)) = heads.next(|part, place| Some(counts(part).changes.get(place)?.0)) {
            let (_, after) = counts(part).changes[place];
            sum += after - std::mem::replace(&mut now[part], after);
            self.packets_max = self.packets_max.max(sum);
        }
    }
}
