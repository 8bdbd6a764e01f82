//! Logarithmic cells of values: what is counted when a run has too many samples to keep each.

/// Bits of a value's mantissa that a cell keeps.
const CELL_BITS: u32 = 10;

/// Relative width of the widest of the cells that counting begins with: 2^-10. Each power of two has 1024 cells of equal
/// width, so the relative width is between a half of this and this.
pub const LOGARITHMIC_WIDTH: f64 = 1.0 / (1_u64 << CELL_BITS) as f64;

/// The cell of unfinished messages, above all others.
pub(crate) const INFINITE: u32 = cell(f64::INFINITY);

/// At this level all values are in one cell.
pub(crate) const LEVEL_MAX: u32 = 21;

/// The bits of a float below those that make its cell.
const DROPPED_BITS: u32 = f64::MANTISSA_DIGITS - 1 - CELL_BITS;

/// The cell of a positive value: its exponent and the head of its mantissa. That ascends with the value, takes no
/// logarithm, and is the same on every machine.
pub(crate) const fn cell(value: f64) -> u32 {
    (value.to_bits() >> DROPPED_BITS) as u32
}

/// The cell of the level `level` that a cell is in, by the first cell in it. Each level's cells are pairs of those of the
/// level below, so a cell can be made wider when its values are no longer known.
pub(crate) const fn coarsened(cell: u32, level: u32) -> u32 {
    cell >> level << level
}

/// The middle of a cell of level 0.
pub(crate) const fn middle(cell: u32) -> f64 {
    middle_at(cell, 0)
}

/// The middle of a cell of the level `level`.
pub(crate) const fn middle_at(cell: u32, level: u32) -> f64 {
    f64::from_bits(((cell as u64) << DROPPED_BITS) | (1 << (DROPPED_BITS + level - 1))).min(f64::MAX)
}

/// Upper edge over lower edge, minus one, of the widest cells of a level.
pub(crate) fn relative_width(level: u32) -> f64 {
    let powers_of_two = 2.0_f64.powi(level as i32 - CELL_BITS as i32);
    // From level 10 on a cell has one or several whole powers of two.
    if level <= CELL_BITS { powers_of_two } else { libm::exp2(powers_of_two) - 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_middle_is_within_half_a_width_of_all_values_of_its_cell() {
        for level in 0..=10 {
            for value in [1.0, 1.000_1, 1.4, 1.999_999, 2.0, 3.7, 1e-6, 1e9] {
                let middle = middle_at(coarsened(cell(value), level), level);
                assert!((middle / value - 1.0).abs() <= relative_width(level) / 2.0, "{value} at {level}: {middle}");
            }
        }
    }

    #[test]
    fn wider_cells_are_pairs_of_cells_and_end_with_one() {
        assert_eq!(relative_width(0), LOGARITHMIC_WIDTH);
        assert_eq!([9, 10, 11, 12].map(relative_width), [0.5, 1.0, 3.0, 15.0]);
        for number in 0..INFINITE {
            assert_eq!(coarsened(coarsened(number, 3), 4), coarsened(number, 4));
            assert_eq!(coarsened(number, LEVEL_MAX), 0);
        }
        assert!((0..=LEVEL_MAX).all(|level| middle_at(coarsened(INFINITE - 1, level), level).is_finite()));
    }
}
