//! `homasim check`: results against a committed baseline, for continuous integration.
//!
//! A case is judged twice. *Exactly*: an equal digest means that every message completed at the same instant. And
//! *statistically*: each median and 99th percentile may move within a tolerance, or within its confidence; what is worse
//! beyond both is a regression. What moves is a slowdown where lone messages take as long as in the baseline, else a latency.

mod baseline;
mod judgement;
mod matching;
mod relative;
mod rows;
mod verdict;

pub use baseline::{
    Baseline, BaselineBest, BaselineCase, BaselineDecile, BaselineError, BaselineOverall, BaselineShort,
};
pub use judgement::{Estimate, Outcome};
pub use matching::{CaseIdentity, MatchError, matching};
pub use relative::{CheckedCase, DifferentBest};
pub use rows::VerdictRow;
pub use verdict::{BestTimesNow, CaseVerdict, Standing, Verdict, judge};
