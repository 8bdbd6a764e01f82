//! What values of the command line may be.

use std::net::IpAddr;

/// A whole number from `least` to `most`.
pub(super) fn whole<T: TryFrom<u64>>(least: u64, most: u64) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("accepted is a whole number from {least} to {most}"))
    }
}

/// A seed: what an experiment file can have as `run.seeds`.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    whole(0, i64::MAX.unsigned_abs())(text)
}

pub(super) fn shard(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('/').and_then(|(shard, of)| Some((shard.parse().ok()?, of.parse().ok()?)));
    let parts = parts.filter(|(shard, of)| (1..=*of).contains(shard));
    parts.ok_or_else(|| "accepted is a part and the number of parts, counted from 1: 1/3, 2/3 or 3/3".to_owned())
}

pub(super) fn percentage(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let share = number.filter(|percent| (0.0..=1000.0).contains(percent)).map(|percent| percent / 100.0);
    share.ok_or_else(|| "accepted is a percentage with its sign, for example 5%".to_owned())
}

pub(super) fn milliseconds(text: &str) -> Result<f64, String> {
    let ms = text.parse().ok().filter(|ms| (0.001..=10_000.0).contains(ms));
    ms.ok_or_else(|| "accepted is a number of milliseconds from 0.001 to 10000".to_owned())
}

/// The name of a case or the begin of a key, which every text begins with if it is empty.
pub(super) fn case_or_key(text: &str) -> Result<String, String> {
    let accepted = "accepted is the name of a case, or a key or its begin; `homasim plan FILE` shows both";
    if text.is_empty() { Err(accepted.to_owned()) } else { Ok(text.to_owned()) }
}

pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "accepted is an IP address, for example 10.0.1.2".to_owned())
}
