//! Which size distribution a trace follows.

use homa_units::Bytes;
use homa_workloads::{SizeDistribution, TraceRow};

/// The distributions that traces of other simulators follow. Variants of them, such as those of the
/// Linux benchmark, are too like them to be told apart.
const CANDIDATES: [&str; 9] = [
    "w1",
    "w2",
    "w3",
    "w4",
    "w5",
    "fabricated-heavy-head",
    "fabricated-heavy-middle",
    "fb-cachefollower",
    "fb-webserver",
];

/// The shipped distribution that a trace's sizes follow, or their own.
pub(crate) fn distribution_of_trace(rows: &[TraceRow], notes: &mut Vec<String>) -> (SizeDistribution, String) {
    let mut sizes: Vec<_> = rows.iter().map(|row| row.size).collect();
    sizes.sort_unstable();
    let shares: Vec<(Bytes, f64)> = sizes
        .chunk_by(|first, second| first == second)
        .scan(0, |below, equal| {
            *below += equal.len();
            Some((equal[0], *below as f64 / sizes.len() as f64))
        })
        .collect();
    let nearest = CANDIDATES
        .into_iter()
        .map(|name| {
            let distribution = SizeDistribution::shipped(name).expect("it is listed as shipped");
            (largest_difference(&shares, &distribution), name, distribution)
        })
        .min_by(|(first, ..), (second, ..)| first.total_cmp(second));
    // The Kolmogorov-Smirnov distance of a sample this large from its own distribution exceeds this
    // once in 1500 times.
    let limit = 2.0 / (rows.len() as f64).sqrt();
    if let Some((difference, name, distribution)) = nearest.filter(|(difference, ..)| *difference < limit) {
        notes.push(format!(
            "the trace's sizes follow {name} (largest difference of cumulative shares {difference:.5}): levels, cutoffs and \
             bins are those of {name}; set workload.sizes for others"
        ));
        return (distribution, name.to_owned());
    }
    notes.push("levels, cutoffs and bins are made for the trace's own sizes; set workload.sizes for others".into());
    let rows = shares.iter().map(|(size, share)| format!("{},{share}\n", size.get()));
    let text = format!("size_bytes,cum_prob\n{}", rows.collect::<String>());
    let distribution = SizeDistribution::from_csv(&text, "trace").expect("the shares of a trace are a distribution");
    (distribution, "trace".to_owned())
}

fn largest_difference(shares: &[(Bytes, f64)], distribution: &SizeDistribution) -> f64 {
    let probabilities = distribution.probabilities();
    let (mut position, mut cumulative, mut largest) = (0, 0.0, 0.0_f64);
    for (size, share) in shares {
        while position < probabilities.len() && probabilities[position].0 <= *size {
            cumulative += probabilities[position].1;
            position += 1;
        }
        largest = largest.max((share - cumulative).abs());
    }
    largest
}
