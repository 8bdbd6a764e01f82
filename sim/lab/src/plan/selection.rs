//! Which runs of a plan one process does.

use super::planned::PlannedCase;

/// Which part of the runs this process is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only the runs whose number, counted from 0 over all runs of the experiment, leaves the first
    /// number minus one when divided by the second.
    pub shard: Option<(u32, u32)>,
    /// Only runs of which one of these is the begin of the key, or the name of the case.
    pub only: Vec<String>,
}

impl Selection {
    /// No run at all: only what is there is pooled.
    #[must_use]
    pub const fn none() -> Self {
        Self { shard: Some((0, 1)), only: Vec::new() }
    }

    /// Whether all runs are selected.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.shard.is_none_or(|(_, of)| of == 1) && self.only.is_empty()
    }

    /// The (case, run) numbers of the selected runs of a plan, in its order.
    #[must_use]
    pub fn of(&self, plan: &[PlannedCase]) -> Vec<(usize, usize)> {
        let runs = |(number, planned): (usize, &PlannedCase)| {
            (0..planned.runs.len()).map(move |run| (number, run)).collect::<Vec<_>>()
        };
        let all = plan.iter().enumerate().flat_map(runs).enumerate();
        let in_shard = |number: usize| self.shard.is_none_or(|(shard, of)| number % of as usize + 1 == shard as usize);
        let named = |&(case, run): &(usize, usize)| {
            let planned = &plan[case];
            let is_named =
                |text: &String| planned.runs[run].key.starts_with(text.as_str()) || planned.case.name == *text;
            self.only.is_empty() || self.only.iter().any(is_named)
        };
        all.filter(|(number, _)| in_shard(*number)).map(|(_, at)| at).filter(named).collect()
    }

    /// A text of `only` that names nothing in a plan.
    #[must_use]
    pub fn unknown<'a>(&'a self, plan: &[PlannedCase]) -> Option<&'a str> {
        let names = |text: &str, planned: &PlannedCase| {
            planned.case.name == text || planned.runs.iter().any(|run| run.key.starts_with(text))
        };
        self.only.iter().map(String::as_str).find(|text| !plan.iter().any(|planned| names(text, planned)))
    }
}
