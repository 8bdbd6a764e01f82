//! `[[figure]]`: what is drawn of the results.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[[figure]]`: one figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSection {
    /// What it shows.
    pub kind: FigureKind,
    /// Name of its files. Default: its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Written above it. Default: what its cases share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Names of the cases in it, in which `*` stands for anything. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
    /// What cases are called in the legend. Default: what tells them apart.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// For `latency`: of which messages.
    #[serde(default, skip_serializing_if = "Messages::is_short")]
    pub messages: Messages,
    /// For the courses and distributions of queues: which level of the network. Default: of one case all, of several the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// For `ratio`: the case that the others are divided by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// What a figure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FigureKind {
    /// Slowdown by message size, as in the Homa papers; of several cases, such as transports, one over the other.
    Slowdown,
    /// Slowdown of all messages by load.
    SlowdownByLoad,
    /// The share of messages that take longer, by latency.
    Latency,
    /// Mean and longest queues over the window.
    QueuesOverTime,
    /// The share of ports and time with at most so many bytes waiting.
    QueueDistribution,
    /// Mean queues by level of the network.
    Queues,
    /// What came in at each priority.
    Priorities,
    /// How busy the links of each level are.
    Utilisation,
    /// Receivers' bandwidth that was wasted.
    Waste,
    /// Slowdowns divided by those of a baseline with the same messages, by message size.
    Ratio,
}

/// Messages that a figure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Messages {
    /// All.
    All,
    /// The shortest tenth.
    #[default]
    Short,
}

impl Messages {
    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Short => "short",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_short(&self) -> bool {
        *self == Self::Short
    }
}

impl FigureKind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::Slowdown,
        Self::SlowdownByLoad,
        Self::Ratio,
        Self::Latency,
        Self::Queues,
        Self::QueuesOverTime,
        Self::QueueDistribution,
        Self::Priorities,
        Self::Utilisation,
        Self::Waste,
    ];

    /// The name in experiment files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slowdown => "slowdown",
            Self::SlowdownByLoad => "slowdown-by-load",
            Self::Latency => "latency",
            Self::QueuesOverTime => "queues-over-time",
            Self::QueueDistribution => "queue-distribution",
            Self::Queues => "queues",
            Self::Priorities => "priorities",
            Self::Utilisation => "utilisation",
            Self::Waste => "waste",
            Self::Ratio => "ratio",
        }
    }

    /// Whether it is drawn of cases with one workload and load if nobody says.
    #[must_use]
    pub const fn is_of_one_load(self) -> bool {
        !matches!(self, Self::SlowdownByLoad | Self::Ratio)
    }
}

impl FigureSection {
    /// Why it can't be drawn of cases with these names; none if it can.
    #[must_use]
    pub fn problem_with(&self, cases: &[&str]) -> Option<String> {
        let name = self.file_name();
        let there = || cases.join(", ");
        if !cases.iter().any(|case| self.is_of(case)) {
            return Some(format!("\"{name}\": no case has a name like {:?}; there are {}", self.cases, there()));
        }
        let baseline = self.baseline.as_ref()?;
        if !cases.contains(&baseline.as_str()) {
            return Some(format!("\"{name}\": baseline = \"{baseline}\" is no case; there are {}", there()));
        }
        let has_others = cases.iter().any(|case| self.is_of(case) && case != baseline);
        (!has_others).then(|| format!("\"{name}\": there is no case to divide by the baseline \"{baseline}\""))
    }

    /// A pattern or a label in it that is of none of these cases, as an error says it.
    pub(crate) fn idle_name(&self, cases: &[&str]) -> Option<String> {
        let pattern = self.cases.iter().find(|pattern| !cases.iter().any(|case| matches(pattern, case)));
        if let Some(pattern) = pattern {
            return Some(format!("cases: no case has a name like \"{pattern}\""));
        }
        let is_drawn = |case: &str| cases.contains(&case) && self.is_of(case);
        let label = self.labels.keys().find(|case| !is_drawn(case))?;
        Some(format!("labels.\"{label}\" has no effect, as the figure has no such case"))
    }

    /// A figure of all cases.
    #[must_use]
    pub fn of(kind: FigureKind) -> Self {
        let (name, title, cases, labels) = (None, None, Vec::new(), BTreeMap::new());
        Self { kind, name, title, cases, labels, messages: Messages::Short, tier: None, baseline: None }
    }

    /// The name of its files, without their ending.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.kind.name().to_owned())
    }

    /// Whether a case is in it.
    #[must_use]
    pub fn is_of(&self, case: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|pattern| matches(pattern, case))
    }
}

/// Whether a name is like a pattern in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.into_iter().any(|at| matches(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("w3-0.8", "w3-0.8", true),
            ("w3-0.8", "w3-0.8-a", false),
            ("w3-*", "w3-0.8-a", true),
            ("*-a", "w3-0.8-a", true),
            ("w*0.8*", "w3-0.8", true),
            ("*b", "w3-0.8-a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
