//! The numbers of a figure as a table, so that whoever sees a figure can have them.

/// A number of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureRow {
    /// Title of the figure.
    pub figure: String,
    /// Curve or bar: its name and statistic; `reference` for a line across the figure, `size_max_bytes` for the message size
    /// (y) up to which a cumulative share of messages (x) lies.
    pub curve: String,
    /// Number or category; empty for a line across the figure.
    pub x: String,
    /// In the unit of the figure's data: shares are not percent. Infinite for messages that did not finish, not a number where
    /// nothing is known.
    pub y: f64,
    /// Lower end of the confidence of `y`, else not a number.
    pub y_low: f64,
    /// Upper end of the confidence of `y`, else not a number.
    pub y_high: f64,
    /// What stands in the place of `y` if it is not a number but something is known; else empty.
    pub word: &'static str,
}

impl FigureRow {
    pub(super) fn new(figure: &str, curve: &str, x: String, y: f64, band: Option<(f64, f64)>) -> Self {
        let (y_low, y_high) = band.unwrap_or((f64::NAN, f64::NAN));
        Self { figure: figure.to_owned(), curve: curve.to_owned(), x, y, y_low, y_high, word: "" }
    }
}

pub(super) fn size_rows(figure: &str, sizes: impl Iterator<Item = (f64, u64)>) -> Vec<FigureRow> {
    let row = |(share, size)| FigureRow::new(figure, "size_max_bytes", x_number(share), size as f64, None);
    sizes.map(row).collect()
}

/// A number so that it can be read back; empty if it is none, `inf` if it is infinite.
pub(super) fn x_number(value: f64) -> String {
    if value.is_nan() { String::new() } else { format!("{value:?}") }
}

/// Rows of one figure or several as CSV with the columns `figure`, `curve`, `x`, `y`, `y_low`, `y_high`. What is not a number is
/// empty, or a word that says why; infinite is `inf`.
#[must_use]
pub fn figure_csv(rows: &[FigureRow]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |record: [&str; 6]| writer.write_record(record).expect("writing into memory does not fail");
    write(["figure", "curve", "x", "y", "y_low", "y_high"]);
    for row in rows {
        let [y, low, high] = [row.y, row.y_low, row.y_high].map(x_number);
        let y = if row.word.is_empty() { &y } else { row.word };
        write([&row.figure, &row.curve, &row.x, y, &low, &high]);
    }
    writer.into_inner().expect("writing into memory does not fail")
}
