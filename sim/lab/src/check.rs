//! `homasim check`: results against a committed baseline, for continuous integration.
//!
//! A case is judged twice. *Exactly*: an equal digest means that every message completed at the same instant. And
//! *statistically*: each median and 99th percentile may move within a tolerance, or within its confidence; what is worse
//! beyond both is a regression.

mod baseline;
mod judgement;
mod verdict;

pub use baseline::{Baseline, BaselineCase, BaselineDecile, BaselineError, BaselineOverall, BaselineShort};
pub use judgement::{Estimate, Outcome};
pub use verdict::{CaseIdentity, CaseVerdict, MatchError, Standing, Verdict, VerdictRow, judge, matching};
