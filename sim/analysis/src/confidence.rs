//! Confidence of a quantile from blocks of time.
//!
//! Messages of one run are correlated: they share queues. So the number of independent observations is that of blocks of
//! time (and of seeds), not that of messages, and a plain bootstrap over messages would be overconfident.

/// How many samples of a block there are, and how many of them are not above the quantile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) samples: u64,
    pub(crate) not_above: u64,
}

/// The probabilities around `q` whose quantiles bound the quantile of `q` with 95 % confidence; none with fewer than two
/// blocks.
///
/// Woodruff's method: the share of samples not above the estimated quantile is a ratio of two sums over blocks, so its
/// standard error comes from how that share scatters between blocks; the interval of the share is carried over to the
/// quantile. The error is never taken to be less than that of independent samples.
pub(crate) fn probabilities(q: f64, blocks: &[Block]) -> Option<(f64, f64)> {
    let used = blocks.iter().filter(|block| block.samples > 0).count();
    if used < 2 {
        return None;
    }
    let samples = blocks.iter().map(|block| block.samples).sum::<u64>() as f64;
    let share = blocks.iter().map(|block| block.not_above).sum::<u64>() as f64 / samples;
    let residual = |block: &Block| block.not_above as f64 - share * block.samples as f64;
    let squares: f64 = blocks.iter().map(|block| residual(block) * residual(block)).sum();
    let used = used as f64;
    let between = (squares * used / (used - 1.0)).sqrt() / samples;
    let independent = (q * (1.0 - q) / samples).sqrt();
    let half = student_97_5(used - 1.0) * between.max(independent);
    Some(((q - half).max(0.0), (q + half).min(1.0)))
}

/// The 97.5 % point of Student's distribution by the first terms of its expansion in 1 / degrees of freedom: within 1 % from
/// 4 degrees of freedom on, and larger than it is below.
pub(crate) fn student_97_5(degrees: f64) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    let (z3, z5) = (Z * Z * Z, Z * Z * Z * Z * Z);
    let first = (z3 + Z) / 4.0;
    let second = (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / 96.0;
    let third = (3.0 * z5 * Z * Z + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / 384.0;
    let cautious = if degrees < 4.0 { 12.8 / degrees } else { 0.0 };
    let expansion = Z + (first + (second + third / degrees) / degrees) / degrees;
    expansion.max(cautious)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_points_are_those_of_the_tables() {
        for (degrees, table) in [(4.0, 2.776), (9.0, 2.262), (19.0, 2.093), (59.0, 2.001)] {
            let ours: f64 = student_97_5(degrees);
            assert!((ours / table - 1.0).abs() < 0.01, "{degrees}: {ours} {table}");
        }
        for (degrees, table) in [(1.0, 12.706), (2.0, 4.303), (3.0, 3.182)] {
            assert!(student_97_5(degrees) >= table);
        }
    }

    #[test]
    fn equal_blocks_give_the_error_of_independent_samples() {
        let blocks = [Block { samples: 1_000, not_above: 990 }; 20];
        let (low, high) = probabilities(0.99, &blocks).unwrap();
        let half = student_97_5(19.0) * (0.99 * 0.01 / 20_000.0_f64).sqrt();
        assert!((low - 0.99 + half).abs() < 1e-12 && (high - 0.99 - half).abs() < 1e-12);
    }

    #[test]
    fn blocks_that_differ_widen_the_interval() {
        let mut blocks = [Block { samples: 1_000, not_above: 1_000 }; 20];
        blocks[0].not_above = 800;
        let (low, _) = probabilities(0.99, &blocks).unwrap();
        assert!(low < 0.98, "{low}");
    }

    #[test]
    fn one_block_has_no_confidence() {
        assert_eq!(probabilities(0.99, &[Block { samples: 1_000, not_above: 990 }, Block::default()]), None);
    }
}
