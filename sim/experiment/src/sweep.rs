//! `[sweep]`: lists of values for keys of an experiment, whose combinations are its cases.

use crate::name::is_safe;
use thiserror::Error;
use toml::{Table, Value};

/// Values for some keys, and how they are called in the case's name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// Empty if the case's name tells them anyway.
    pub(crate) name: String,
    /// Keys as their parts, with the values.
    pub(crate) set: Vec<(Vec<String>, Value)>,
}

/// More cases than anybody can mean.
const POINTS_MAX: usize = 100_000;
/// Keys whose values are part of every case's name.
const NAMED: [&str; 3] = ["workload.sizes", "workload.load", "workload.payload_load"];

/// Why a `[sweep]` is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SweepError {
    /// A key's value is no list.
    #[error("{0}: a sweep takes a list of values, for example {0} = [1, 2]")]
    NoList(String),
    /// A list has nothing in it.
    #[error("{0} = []: an empty list leaves no case; give at least one value, or leave the key out")]
    Empty(String),
    /// Lists that go together have different lengths.
    #[error(
        "sweep.zip: the lists go together value by value, but {first} has {first_len} values and {other} has {other_len}"
    )]
    Lengths {
        /// A key.
        first: String,
        /// How many values it has.
        first_len: usize,
        /// Another key.
        other: String,
        /// How many values that has.
        other_len: usize,
    },
    /// A key is in the product and in a zip, or in two.
    #[error("{0} is given twice; a key has one list of values")]
    Twice(String),
    /// Too many combinations.
    #[error("the lists have {0} combinations; up to {POINTS_MAX} are possible")]
    TooMany(usize),
    /// A section that can't be varied.
    #[error(
        "{0} can't be swept; keys of [topology], [transport], [host], [workload], [measure], [faults] and [run] can"
    )]
    NotSwept(String),
}

/// Lists that vary together: keys with equally many values.
type Axis = Vec<(Vec<String>, Vec<Value>)>;

/// All combinations of a `[sweep]`, the first key varying slowest; one without values if it is
/// empty.
pub(crate) fn points(sweep: &Table) -> Result<Vec<Point>, SweepError> {
    let axes = axes(sweep)?;
    let lengths: Vec<usize> = axes.iter().map(|axis| axis[0].1.len()).collect();
    let total = lengths.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
    let total = total.filter(|total| *total <= POINTS_MAX).ok_or_else(|| {
        SweepError::TooMany(lengths.iter().fold(1_usize, |product, length| product.saturating_mul(*length)))
    })?;
    let keys: Vec<&Vec<String>> = axes.iter().flatten().map(|(key, _)| key).collect();
    let point = |number: usize| {
        let (mut rest, mut positions) = (number, vec![0; axes.len()]);
        for (position, length) in positions.iter_mut().zip(&lengths).rev() {
            *position = rest % length;
            rest /= length;
        }
        let set = axes
            .iter()
            .zip(&positions)
            .flat_map(|(axis, position)| axis.iter().map(|(key, values)| (key.clone(), values[*position].clone())));
        let set: Vec<_> = set.collect();
        Point { name: name(&keys, &set), set }
    };
    Ok((0..total).map(point).collect())
}

fn axes(sweep: &Table) -> Result<Vec<Axis>, SweepError> {
    let mut axes: Vec<Axis> = Vec::new();
    for (key, value) in sweep {
        if key == "zip" {
            let groups = match value {
                Value::Table(group) => vec![group],
                Value::Array(groups) if groups.iter().all(Value::is_table) => {
                    groups.iter().filter_map(Value::as_table).collect()
                }
                _ => return Err(SweepError::NoList("sweep.zip.KEY".to_owned())),
            };
            for group in groups {
                let mut axis = Axis::new();
                flatten(group, &[], &mut axis)?;
                if let Some(((first, values), others)) = axis.split_first()
                    && let Some((other, longer)) = others.iter().find(|(_, other)| other.len() != values.len())
                {
                    let (first_len, other_len) = (values.len(), longer.len());
                    return Err(SweepError::Lengths {
                        first: first.join("."),
                        first_len,
                        other: other.join("."),
                        other_len,
                    });
                }
                axes.extend(Some(axis).filter(|axis| !axis.is_empty()));
            }
        } else {
            let mut single = Axis::new();
            flatten(&Table::from_iter([(key.clone(), value.clone())]), &[], &mut single)?;
            axes.extend(single.into_iter().map(|list| vec![list]));
        }
    }
    let keys: Vec<_> = axes.iter().flatten().map(|(key, _)| key).collect();
    for (position, key) in keys.iter().enumerate() {
        if keys[..position].contains(key) {
            return Err(SweepError::Twice(key.join(".")));
        }
        if ["sweep", "variant", "figure", "check"].contains(&key[0].as_str()) {
            return Err(SweepError::NotSwept(key.join(".")));
        }
    }
    Ok(axes)
}

/// Keys may be written dotted, quoted or as tables; whatever is no table is the list of its key.
fn flatten(table: &Table, above: &[String], lists: &mut Axis) -> Result<(), SweepError> {
    for (key, value) in table {
        let parts = key.split('.').map(str::to_owned);
        let key: Vec<String> = above.iter().cloned().chain(parts).collect();
        match value {
            Value::Table(inner) => flatten(inner, &key, lists)?,
            Value::Array(values) if values.is_empty() => {
                return Err(SweepError::Empty(format!("sweep.{}", key.join("."))));
            }
            Value::Array(values) => lists.push((key, values.clone())),
            _ => return Err(SweepError::NoList(format!("sweep.{}", key.join(".")))),
        }
    }
    Ok(())
}

/// The part of a case's name that tells the values: "max_overcommit-4".
fn name(keys: &[&Vec<String>], set: &[(Vec<String>, Value)]) -> String {
    let told = set.iter().filter(|(key, _)| !NAMED.contains(&key.join(".").as_str()));
    let part = |(key, value): &(Vec<String>, Value)| {
        let last = &key[key.len() - 1];
        let is_unique = keys.iter().filter(|other| other.last() == Some(last)).count() == 1;
        let key = if is_unique { last.clone() } else { key.join(".") };
        format!("{key}-{}", readable(value))
    };
    told.map(part).collect::<Vec<_>>().join("-")
}

/// A value as a part of a file's name.
fn readable(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(readable).collect::<Vec<_>>().join("_"),
        Value::Table(table) => {
            let pair = |(key, value): (&String, &Value)| format!("{key}_{}", readable(value));
            table.iter().map(pair).collect::<Vec<_>>().join("_")
        }
        other => other.to_string(),
    };
    text.chars().map(|c| if is_safe(c) { c } else { '_' }).collect()
}

/// Takes a key, and what is below or above it, out of a `[sweep]`: it is set to one value.
pub(crate) fn forget(sweep: &mut Table, key: &[String]) {
    for group in zips(sweep) {
        forget_in(group, key);
    }
    forget_in(sweep, key);
}

fn zips(sweep: &mut Table) -> Vec<&mut Table> {
    match sweep.get_mut("zip") {
        Some(Value::Table(group)) => vec![group],
        Some(Value::Array(groups)) => groups.iter_mut().filter_map(Value::as_table_mut).collect(),
        _ => Vec::new(),
    }
}

fn forget_in(table: &mut Table, key: &[String]) {
    let names: Vec<String> = table.keys().cloned().collect();
    for name in names {
        let parts: Vec<&str> = name.split('.').collect();
        let common = parts.iter().zip(key).take_while(|(part, wanted)| *part == wanted).count();
        if common == key.len() || (common == parts.len() && !table[&name].is_table()) {
            table.remove(&name);
        } else if common == parts.len() {
            let Some(Value::Table(inner)) = table.get_mut(&name) else { continue };
            forget_in(inner, &key[common..]);
            if inner.is_empty() {
                table.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        points(&text.parse().unwrap()).unwrap().into_iter().map(|point| point.name).collect()
    }

    #[test]
    fn a_product_varies_its_last_key_fastest_and_a_zip_its_keys_together() {
        let text = "transport.homa.sysctl.max_overcommit = [1, 8]\n\"workload.load\" = [0.5, 0.8]\n[zip]\na.b = ['x y', 2]\nc.b = [true, [3, 4]]";
        let all = names(text);
        assert_eq!(all.len(), 8);
        assert_eq!(all[0], "max_overcommit-1-a.b-x_y-c.b-true");
        assert_eq!(all[1], "max_overcommit-1-a.b-2-c.b-3_4");
        assert_eq!(all[4], "max_overcommit-8-a.b-x_y-c.b-true");
    }

    #[test]
    fn an_empty_sweep_is_one_point_without_values() {
        assert_eq!(points(&Table::new()).unwrap(), [Point { name: String::new(), set: Vec::new() }]);
    }

    #[test]
    fn a_forgotten_key_leaves_the_others() {
        let mut sweep: Table = "a.b = [1]\na.c = [2]\n\"d.e\" = [3]\n[zip]\na.b = [4]\nf = [5]".parse().unwrap();
        for key in [&["a", "b"][..], &["d", "e", "g"]] {
            forget(&mut sweep, &key.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        }
        assert_eq!(sweep, "a.c = [2]\n[zip]\nf = [5]".parse().unwrap());
    }

    #[test]
    fn what_is_no_list_is_named() {
        let message = |text: &str| points(&text.parse().unwrap()).unwrap_err().to_string();
        assert!(message("a.b = 3").starts_with("sweep.a.b: a sweep takes a list"));
        assert!(message("a.b = []").starts_with("sweep.a.b = []"));
        assert!(message("[zip]\na = [1]\nb = [1, 2]").contains("a has 1 values and b has 2"));
        assert!(message("a = [1]\n[zip]\na = [1]").contains("a is given twice"));
    }
}
