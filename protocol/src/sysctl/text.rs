//! Sysctls as text, as `/proc/sys/net/homa` has them, and their limits.

use super::{Recompute, SysctlError, SysctlGroup, SysctlInfo, Sysctls};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The numbers of a sysctl: one or several.
pub(super) trait Value {
    /// How many.
    fn count(&self) -> usize;
    /// The number at `index`.
    fn get(&self, index: usize) -> i128;
    /// Sets the number at `index` to one that has been checked to fit.
    fn set(&mut self, index: usize, number: i128);
}

macro_rules! value {
    ($($type:ty),+) => {
        $(
            impl Value for $type {
                fn count(&self) -> usize {
                    1
                }
                fn get(&self, _: usize) -> i128 {
                    i128::from(*self)
                }
                fn set(&mut self, _: usize, number: i128) {
                    *self = Self::try_from(number).expect("the limits of a sysctl fit its type");
                }
            }
        )+
    };
}
value!(u8, u32, u64, i32);

impl<T: Value, const N: usize> Value for [T; N] {
    fn count(&self) -> usize {
        N
    }
    fn get(&self, index: usize) -> i128 {
        self[index].get(0)
    }
    fn set(&mut self, index: usize, number: i128) {
        self[index].set(0, number);
    }
}

fn text(value: &dyn Value) -> String {
    let numbers: Vec<String> = (0..value.count()).map(|index| value.get(index).to_string()).collect();
    numbers.join("\t")
}

impl SysctlInfo {
    fn accepted(&self, count: usize) -> String {
        let (least, most) = (self.least, self.most);
        match count {
            1 => format!("a whole number from {least} to {most}"),
            _ => format!("{count} whole numbers from {least} to {most}, separated by spaces or tabs"),
        }
    }

    fn fits(&self, number: i128) -> bool {
        (i128::from(self.least)..=i128::from(self.most)).contains(&number)
    }

    /// What is stored for `number`, if that is possible.
    fn stored(&self, number: i128) -> Option<i128> {
        let number = if self.capped { number.min(i128::from(self.most)) } else { number };
        self.fits(number).then_some(number)
    }
}

impl Sysctls {
    /// The value of a sysctl as the kernel prints it: several numbers are separated by tabs.
    ///
    /// # Errors
    /// If there is no sysctl of this name.
    pub fn read(&self, name: &str) -> Result<String, SysctlError> {
        self.value(name).map(text).ok_or_else(|| unknown(name))
    }

    /// Sets a sysctl. Several numbers are separated by white space, and all of them have to be given.
    ///
    /// Too large a value is capped where the kernel does so: `num_priorities`, `max_overcommit`, `grant_fifo_fraction`,
    /// `homa_share` and `max_link_usage`. A write to `num_priorities` or `unsched_cutoffs` runs
    /// [`prios_changed`](Self::prios_changed).
    ///
    /// # Errors
    /// If there is no sysctl of this name, if it is read-only, or if the value isn't one that it accepts. Nothing has
    /// changed then.
    pub fn write(&mut self, name: &str, value: &str) -> Result<Recompute, SysctlError> {
        let info = Self::TABLE.iter().find(|info| info.name == name).ok_or_else(|| unknown(name))?;
        let field = self.value_mut(name).expect("every row of the table has a field");
        if !info.writable {
            return Err(SysctlError::ReadOnly { name: info.name, value: value.to_owned() });
        }
        let numbers = parse(info, value, field.count())?;
        let mut recompute = Recompute { capped: !numbers.iter().all(|number| info.fits(*number)), ..info.recompute() };
        for (index, number) in numbers.into_iter().enumerate() {
            field.set(index, info.stored(number).expect("every number has been checked"));
        }
        if recompute.cutoffs {
            self.prios_changed();
        }
        recompute.next_id = name == "next_id";
        Ok(recompute)
    }

    /// Whether all values are within their limits.
    ///
    /// # Errors
    /// The first one that isn't; values that [`write`](Self::write) would cap are refused here.
    pub fn validate(&self) -> Result<(), SysctlError> {
        for info in Self::TABLE {
            let value = self.value(info.name).expect("every row of the table has a field");
            if (0..value.count()).any(|index| !info.fits(value.get(index))) {
                let accepted = info.accepted(value.count());
                return Err(SysctlError::OutOfRange { name: info.name, value: text(value), accepted });
            }
        }
        Ok(())
    }
}

impl SysctlInfo {
    fn recompute(&self) -> Recompute {
        Recompute {
            base: self.group == SysctlGroup::Base,
            grant: self.group == SysctlGroup::Grant,
            qdisc: self.group == SysctlGroup::Qdisc,
            cutoffs: matches!(self.name, "num_priorities" | "unsched_cutoffs"),
            ..Recompute::default()
        }
    }
}

/// The numbers in `value`, `count` of them, each of which the sysctl can take, if need be capped.
fn parse(info: &SysctlInfo, value: &str, count: usize) -> Result<Vec<i128>, SysctlError> {
    let (name, given, accepted) = (info.name, value.to_owned(), info.accepted(count));
    let numbers: Result<Vec<i128>, _> = value.split_ascii_whitespace().map(str::parse).collect();
    match numbers {
        Ok(numbers) if numbers.len() == count => {
            if numbers.iter().any(|number| info.stored(*number).is_none()) {
                return Err(SysctlError::OutOfRange { name, value: given, accepted });
            }
            Ok(numbers)
        }
        _ => Err(SysctlError::Malformed { name, value: given, accepted }),
    }
}

fn unknown(name: &str) -> SysctlError {
    let mut names: Vec<&str> = Sysctls::TABLE.iter().map(|info| info.name).collect();
    names.sort_by_key(|known| edits(name, known));
    SysctlError::Unknown { name: name.to_owned(), nearest: names[..3].join(", ") }
}

/// How many bytes have to be inserted, removed or changed to turn one text into the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, byte) in from.bytes().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (left, other) in to.bytes().enumerate() {
            let changed = diagonal + usize::from(byte != other);
            diagonal = row[left + 1];
            row[left + 1] = changed.min(diagonal + 1).min(row[left] + 1);
        }
    }
    row[to.len()]
}
