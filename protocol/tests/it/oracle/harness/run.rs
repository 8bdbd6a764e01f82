//! One sequence, and how far the core agrees with it.

use super::compare::{Aspect, Mismatch, mismatches};
use super::fields::Fields;
use super::node::{Node, Results};
use serde_json::Value;
use std::fmt;

/// How many operations before a difference are shown.
const OPERATIONS_SHOWN: usize = 6;

/// A sequence of operations with the kernel's results.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    pub(crate) name: String,
    pub(crate) family: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    op: Value,
    out: Results,
}

/// Where the core differs from the kernel.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    /// Number of the operation, from 0.
    pub(crate) step: usize,
    /// What differs, and the operations before it.
    pub(crate) text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How a sequence went.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Operations compared.
    pub(crate) operations: usize,
    /// The first difference in what peers and applications see, where the run ends.
    pub(crate) behaviour: Option<Difference>,
    /// The first difference in signals.
    pub(crate) signals: Option<Difference>,
    /// The first difference in counters.
    pub(crate) metrics: Option<Difference>,
}

impl Outcome {
    /// The first difference of all.
    pub(crate) fn first(&self) -> Option<&Difference> {
        [&self.behaviour, &self.signals, &self.metrics].into_iter().flatten().min_by_key(|found| found.step)
    }
}

impl Sequence {
    /// The sequence in a line of a file.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| format!("no JSON: {error}"))?;
        let fields = Fields::of(&value, "a sequence")?;
        let text = |key| fields.text(key).map(str::to_owned);
        let steps = fields.list("steps")?.iter().enumerate().map(|(index, step)| {
            let step = step.as_object().ok_or_else(|| format!("step {index} is no object"))?;
            let part = |key| step.get(key).cloned().ok_or_else(|| format!("step {index} has no `{key}`"));
            let Value::Object(out) = part("out")? else { return Err(format!("`out` of step {index} is no object")) };
            Ok(Step { op: part("op")?, out })
        });
        Ok(Self { name: text("name")?, family: text("family")?, steps: steps.collect::<Result<_, String>>()? })
    }
}

/// Used by the tests of the driver alone.
#[cfg(test)]
impl Sequence {
    /// The sequence once for each number in the kernel's results, with that number one too large.
    pub(crate) fn each_number_changed(&self) -> impl Iterator<Item = Self> + '_ {
        let count = self.steps.iter().map(|step| numbers_in(&step.out)).sum::<usize>();
        (0..count).map(|index| {
            let mut changed = self.clone();
            let mut left = index;
            for step in &mut changed.steps {
                let mut out = Value::Object(std::mem::take(&mut step.out));
                let is_done = change_number(&mut out, &mut left);
                let Value::Object(out) = out else { unreachable!("it was an object") };
                step.out = out;
                if is_done {
                    break;
                }
            }
            changed
        })
    }
}

#[cfg(test)]
fn numbers_in(results: &Results) -> usize {
    let mut left = usize::MAX;
    change_number(&mut Value::Object(results.clone()), &mut left);
    usize::MAX - left
}

/// Adds one to the number that `left` others come before; tells whether there was one.
#[cfg(test)]
fn change_number(value: &mut Value, left: &mut usize) -> bool {
    const NOT_COMPARED: [&str; 3] = ["s", "wire", "seg"];
    match value {
        Value::Number(number) if *left == 0 => {
            let changed = number.as_i64().expect("the scene has no large numbers") + 1;
            *value = changed.into();
            return true;
        }
        Value::Number(_) => *left -= 1,
        Value::Array(items) => return items.iter_mut().any(|item| change_number(item, left)),
        Value::Object(fields) => {
            let compared = fields.iter_mut().filter(|(key, _)| !NOT_COMPARED.contains(&key.as_str()));
            return { compared }.any(|(_, field)| change_number(field, left));
        }
        _ => {}
    }
    false
}

/// Runs a sequence up to the first difference in behaviour.
///
/// # Errors
/// An operation that isn't in the form of the vectors.
pub(crate) fn run(sequence: &Sequence) -> Result<Outcome, String> {
    let mut outcome = Outcome { operations: 0, behaviour: None, signals: None, metrics: None };
    let first = sequence.steps.first().ok_or("there are no steps")?;
    let mut node = Node::new(Fields::of(&first.op, "the first operation")?)?;
    for (index, Step { op, out }) in sequence.steps.iter().enumerate() {
        let fields = Fields::of(op, "an operation")?;
        let kind = fields.text("k")?;
        let core = node.perform(fields).map_err(|what| format!("step {index}: {what}"))?;
        outcome.operations += 1;
        let found = mismatches(kind, out, &core);
        for (aspect, place) in [
            (Aspect::Behaviour, &mut outcome.behaviour),
            (Aspect::Signals, &mut outcome.signals),
            (Aspect::Metrics, &mut outcome.metrics),
        ] {
            let of_aspect: Vec<_> = found.iter().filter(|mismatch| mismatch.aspect == aspect).collect();
            if !of_aspect.is_empty() && place.is_none() {
                let text = describe(sequence, index, &of_aspect);
                *place = Some(Difference { step: index, text });
            }
        }
        if outcome.behaviour.is_some() {
            break;
        }
    }
    Ok(outcome)
}

fn describe(sequence: &Sequence, at: usize, found: &[&Mismatch]) -> String {
    const MISMATCHES_SHOWN: usize = 8;
    const BYTES_SHOWN: usize = 700;
    let cut = |value: String| match value.char_indices().nth(BYTES_SHOWN) {
        Some((end, _)) => format!("{} ..", &value[..end]),
        None => value,
    };
    let mut text = format!("{}, operation {at} of {}\n", sequence.name, sequence.steps.len());
    for (index, step) in sequence.steps.iter().enumerate().take(at + 1).skip(at.saturating_sub(OPERATIONS_SHOWN)) {
        text += &cut(format!("  {index}: {}", step.op));
        if index < at {
            text += &cut(format!("\n     gave {}", Value::Object(step.out.clone())));
        }
        text += "\n";
    }
    let shown = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), |value| cut(value.to_string()));
    for mismatch in found.iter().take(MISMATCHES_SHOWN) {
        let (kernel, core) = (shown(&mismatch.kernel), shown(&mismatch.core));
        text += &format!("  {}: kernel {kernel}, core {core}\n", mismatch.place);
    }
    if found.len() > MISMATCHES_SHOWN {
        text += &format!("  and {} more\n", found.len() - MISMATCHES_SHOWN);
    }
    text
}
