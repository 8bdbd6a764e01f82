//! Sysctls of a running endpoint: what `/proc/sys/net/homa` takes, and what follows from a write (spec 10.7).

use super::{Endpoint, pacer_params, qdisc_params};
use crate::sysctl::{Recompute, parse_ints};
use crate::{SysctlError, SysctlInfo, Sysctls};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What the kernel lets everybody write who may write sysctls, though it only counts.
const STATISTICS: [&str; 2] = ["max_dead_buffs", "max_grantable_rpcs"];

/// Numbers that were written and that the core can't work with: it works with the nearest it can, and shows these.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown(Vec<(&'static str, usize, i32)>);

impl Shown {
    fn get(&self, name: &str, index: usize) -> Option<i32> {
        self.0.iter().find(|(known, place, _)| (*known, *place) == (name, index)).map(|(_, _, number)| *number)
    }

    fn set(&mut self, name: &'static str, index: usize, number: Option<i32>) {
        self.0.retain(|(known, place, _)| (*known, *place) != (name, index));
        if let Some(number) = number {
            self.0.push((name, index, number));
        }
    }
}

impl Endpoint {
    /// Reads the sysctl `name` as `/proc/sys/net/homa` shows it.
    ///
    /// # Errors
    /// There is no such sysctl.
    pub fn read_sysctl(&self, name: &str) -> Result<String, SysctlError> {
        if name == "max_grantable_rpcs" {
            return Ok(self.metrics.max_grantable_rpcs.to_string());
        }
        let text = self.config.sysctls.read(name)?;
        let numbers = text.split('\t').enumerate().map(|(index, number)| match self.shown.get(name, index) {
            Some(shown) => shown.to_string(),
            None => number.to_string(),
        });
        Ok(numbers.collect::<Vec<_>>().join("\t"))
    }

    /// Writes the sysctl `name`, as into `/proc/sys/net/homa`, and recomputes what depends on it.
    ///
    /// As the kernel it takes any number of 32 bits, decimal, octal after `0` or hexadecimal after `0x`, and fewer or
    /// more numbers than the sysctl has (D14 of spec part 14). Where the core can't work with a number it works with the
    /// nearest that it can, as [`SysctlInfo`] has it, and [`read_sysctl`](Self::read_sysctl) shows what was written.
    /// Without quirk `unchecked_sysctls` it takes what [`Sysctls::write`] takes.
    ///
    /// # Errors
    /// There is no such sysctl, it can't be written, or not with this value. Numbers before one that is wrong have been
    /// set then, as the kernel does; without the quirk nothing has changed.
    pub fn write_sysctl(&mut self, name: &str, value: &str) -> Result<(), SysctlError> {
        if !self.config.quirks.unchecked_sysctls {
            let mut sysctls = self.config.sysctls.clone();
            let recompute = sysctls.write(name, value)?;
            self.config.sysctls = sysctls;
            self.recompute(recompute);
            return Ok(());
        }
        let info = Sysctls::info(name)?;
        let is_statistic = STATISTICS.contains(&info.name);
        if !info.writable && !is_statistic {
            return Err(SysctlError::ReadOnly { name: info.name, value: value.into() });
        }
        let (numbers, result) = parse_ints(info, value, self.config.sysctls.count(info.name));
        for (index, number) in numbers.into_iter().enumerate() {
            self.set_sysctl(info, index, number);
        }
        let recompute = info.recompute();
        if recompute.cutoffs {
            self.config.sysctls.prios_changed();
            // Entries that it has set are not what was written.
            for level in 0..self.config.sysctls.unsched_cutoffs.len() {
                let cutoff = self.config.sysctls.unsched_cutoffs[level] as i32;
                self.shown.set("unsched_cutoffs", level, (cutoff < 0).then_some(cutoff));
            }
        }
        // The kernel does this also after a write that has failed.
        self.recompute(recompute);
        result
    }

    fn set_sysctl(&mut self, info: &'static SysctlInfo, index: usize, number: i32) {
        match info.name {
            "max_grantable_rpcs" => self.metrics.max_grantable_rpcs = u64::from(number.unsigned_abs()),
            // Peers get it as it is.
            "unsched_cutoffs" => self.config.sysctls.unsched_cutoffs[index] = number as u32,
            // The kernel does what is asked, and forgets it.
            "action" => {}
            _ => {
                let possible = info.nearest(number);
                self.config.sysctls.set_number(info.name, index, possible);
                let is_shown = possible != i128::from(number) && !info.adjusts(number);
                self.shown.set(info.name, index, is_shown.then_some(number));
            }
        }
    }

    pub(super) fn recompute(&mut self, changed: Recompute) {
        if changed.base {
            self.config.configured = true;
            self.pacer.reconfigure(pacer_params(&self.config));
            // The account between shortest and oldest begins anew as well (D12 of spec part 14).
            self.qdisc.reconfigure(&qdisc_params(&self.config));
            if !self.config.quirks.stale_fifo_interval {
                self.grants.reconfigure_fifo(&self.config.sysctls);
            }
        }
        // What was written is used up: it reads back as 0, and the same number counts again (M2 of spec part 14).
        let next_id = core::mem::take(&mut self.config.sysctls.next_id);
        if next_id != 0 {
            self.next_id = next_id;
        }
        if changed.grant {
            self.grants.reconfigure(&self.config.sysctls);
        }
        if changed.qdisc {
            self.pacer.reconfigure(pacer_params(&self.config));
            self.qdisc.reconfigure(&qdisc_params(&self.config));
        }
    }
}
