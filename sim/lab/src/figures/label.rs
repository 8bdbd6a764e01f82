//! What cases are called in a figure: only what tells them apart is in the legend, and what they
//! share is in the title.

use super::cases::CaseResult;
use crate::results::title_case;
use homa_experiment::FigureSection;

/// Names for the cases of a figure, and its title.
pub(crate) struct Labels {
    pub(crate) title: String,
    pub(crate) cases: Vec<String>,
    /// The same with what makes a case's numbers doubtful, such as that it is not steady.
    pub(crate) cautious: Vec<String>,
    /// Without the load, for figures that have it on an axis.
    pub(crate) loadless: Vec<String>,
    /// For all cases of the experiment, also those that are not in the figure.
    pub(crate) all: Vec<String>,
}

impl Labels {
    pub(crate) fn new(all: &[CaseResult], cases: &[&CaseResult], section: &FigureSection) -> Self {
        let everything: Vec<&CaseResult> = all.iter().collect();
        Self { all: Self::of(&everything, section).cases, ..Self::of(cases, section) }
    }

    fn of(cases: &[&CaseResult], section: &FigureSection) -> Self {
        let parts: Vec<[String; 5]> = cases.iter().map(|case| parts(case)).collect();
        let differs = |place: usize| parts.iter().any(|other| other[place] != parts[0][place]);
        let differing: Vec<usize> = (0..5).filter(|place| differs(*place)).collect();
        let join = |parts: &[String; 5], places: &[usize]| {
            let parts: Vec<&str> =
                places.iter().map(|place| parts[*place].as_str()).filter(|part| !part.is_empty()).collect();
            parts.join(", ")
        };
        let label = |number: usize, places: &[usize]| {
            if let Some(label) = section.labels.get(&cases[number].summary.case) {
                return label.clone();
            }
            // What is told by nothing else is called after what it runs.
            let label = join(&parts[number], places);
            if label.is_empty() { parts[number][TRANSPORT].clone() } else { label }
        };
        let shared: Vec<usize> = (0..5).filter(|place| !differs(*place)).collect();
        let title = section.title.clone().unwrap_or_else(|| join(&parts[0], &shared));
        let loadless: Vec<usize> = differing.iter().copied().filter(|place| *place != LOAD).collect();
        let every = |places: &[usize]| (0..cases.len()).map(|number| label(number, places)).collect::<Vec<_>>();
        let names = every(&differing);
        let cautious = names.iter().zip(cases).map(|(name, case)| with_caution(name, case)).collect();
        Self { title, cases: names, cautious, loadless: every(&loadless), all: Vec::new() }
    }
}

const LOAD: usize = 1;
const TRANSPORT: usize = 2;

/// Workload, load, transport, variant, network.
fn parts(case: &CaseResult) -> [String; 5] {
    let summary = &case.summary;
    let name = summary.load_name();
    let load = summary.load.map_or_else(|| "recorded arrivals".to_owned(), |load| format!("{name} {load}"));
    // "max_overcommit-4" reads as what it sets.
    // A sweep's cases are called after transport and network too, which have parts of their own.
    let variant = without(&case.variant, &format!("kind-{}", summary.transport));
    let rest = without(&variant, &format!("preset-{}", summary.topology));
    let is_named = rest != variant;
    // "max_overcommit-4" reads as what it sets.
    let rest = rest.replacen('-', " ", usize::from(rest.matches('-').count() == 1));
    let (variant, hosts) = match (is_named, rest.is_empty()) {
        (false, _) => (rest, format!("{} hosts", summary.hosts)),
        (true, true) => (summary.topology.clone(), String::new()),
        (true, false) => (format!("{}, {rest}", summary.topology), String::new()),
    };
    [title_case(&summary.workload), load, summary.transport.clone(), variant, hosts]
}

/// A name of a sweep's case without one of its parts, which is told elsewhere.
fn without(name: &str, part: &str) -> String {
    if name == part {
        return String::new();
    }
    let begin = name.strip_prefix(part).and_then(|rest| rest.strip_prefix('-')).map(str::to_owned);
    let end = || name.strip_suffix(part).and_then(|rest| rest.strip_suffix('-')).map(str::to_owned);
    let middle = || name.split_once(&format!("-{part}-")).map(|(before, after)| format!("{before}-{after}"));
    begin.or_else(end).or_else(middle).unwrap_or_else(|| name.to_owned())
}

/// A case's name with what makes its numbers doubtful.
pub(super) fn with_caution(name: &str, case: &CaseResult) -> String {
    case.summary.caution().map_or_else(|| name.to_owned(), |caution| format!("{name} ({caution})"))
}
