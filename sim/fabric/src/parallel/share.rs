//! A partition's share of the messages.

use crate::traffic::{Submission, Traffic};
use homa_topologies::HostId;
use std::ops::Range;

/// Of all messages those whose source is in one partition.
///
/// Each partition has a copy of the whole traffic. It doesn't ask generators of other partitions'
/// hosts. Of a generator for all hosts, such as a trace, it skips the messages of other partitions.
pub(super) struct Share<S> {
    pub(super) traffic: S,
    pub(super) hosts: Range<u32>,
}

impl<S: Traffic> Share<S> {
    fn has(&self, HostId(host): HostId) -> bool {
        self.hosts.contains(&host)
    }
}

impl<S: Traffic> Traffic for Share<S> {
    fn generators(&self) -> u32 {
        self.traffic.generators()
    }

    fn next(&mut self, generator: u32) -> Option<Submission> {
        if self.traffic.source(generator).is_some_and(|source| !self.has(source)) {
            return None;
        }
        loop {
            let submission = self.traffic.next(generator)?;
            if self.has(submission.source) {
                return Some(submission);
            }
        }
    }

    fn max_outstanding(&self, generator: u32) -> Option<u32> {
        self.traffic.max_outstanding(generator)
    }

    fn source(&self, generator: u32) -> Option<HostId> {
        self.traffic.source(generator)
    }
}
