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
        let info = Self::info(name)?;
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

    /// What there is to know about the sysctl of this name.
    pub(crate) fn info(name: &str) -> Result<&'static SysctlInfo, SysctlError> {
        Self::TABLE.iter().find(|info| info.name == name).ok_or_else(|| unknown(name))
    }

    /// How many numbers a sysctl has.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.value(name).map_or(0, Value::count)
    }

    /// Sets one number of a sysctl to one within its limits.
    pub(crate) fn set_number(&mut self, name: &str, index: usize, number: i128) {
        self.value_mut(name).expect("every row of the table has a field").set(index, number);
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
    /// The number nearest to this one that the core can work with.
    pub(crate) fn nearest(&self, number: i32) -> i128 {
        i128::from(number).clamp(self.least.into(), self.most.into())
    }

    /// Whether the kernel stores another number than this one: what it caps, and per cents below their least.
    pub(crate) fn adjusts(&self, number: i32) -> bool {
        let too_large = i128::from(number) > i128::from(self.most);
        self.capped && too_large || matches!(self.name, "homa_share" | "max_link_usage")
    }

    pub(crate) fn recompute(&self) -> Recompute {
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

/// The numbers in `value` as the kernel reads them, at most `count`, and whether there was nothing else up to there.
///
/// A number is decimal, octal after `0` or hexadecimal after `0x`, and has 32 bits. The first that is wrong ends them.
pub(crate) fn parse_ints(info: &SysctlInfo, value: &str, count: usize) -> (Vec<i32>, Result<(), SysctlError>) {
    let mut numbers = Vec::new();
    let mut words = value.split_ascii_whitespace().take(count).peekable();
    let mut is_wrong = words.peek().is_none();
    for word in words {
        let Some(number) = int(word) else {
            is_wrong = true;
            break;
        };
        numbers.push(number);
    }
    let error = || SysctlError::Malformed {
        name: info.name,
        value: value.to_owned(),
        accepted: format!("one to {count} whole numbers from {} to {}", i32::MIN, i32::MAX),
    };
    (numbers, if is_wrong { Err(error()) } else { Ok(()) })
}

fn int(word: &str) -> Option<i32> {
    let (is_negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let (digits, radix) = match digits.strip_prefix('0') {
        Some(rest) if rest.starts_with(['x', 'X']) => (&rest[1..], 16),
        Some(rest) if !rest.is_empty() => (rest, 8),
        _ => (digits, 10),
    };
    if !digits.starts_with(|digit: char| digit.is_digit(radix)) {
        return None;
    }
    let number = i64::from_str_radix(digits, radix).ok()?;
    i32::try_from(if is_negative { -number } else { number }).ok()
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
