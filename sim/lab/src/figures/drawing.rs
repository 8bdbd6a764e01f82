//! A drawing with its numbers, and why there is none.

use super::error::FigureError;
use homa_figures::{
    BarFigure, FigurePoints, FigureRow, LineFigure, bar_figure, bar_figure_points, line_figure, line_figure_points,
};

/// A figure, its numbers, and where they are drawn.
pub(crate) struct Drawing {
    pub(crate) svg: String,
    pub(crate) rows: Vec<FigureRow>,
    pub(crate) points: FigurePoints,
    /// What must be known of its cases, as sentences.
    pub(crate) notes: Vec<String>,
}

impl Drawing {
    pub(super) fn noting(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }
}

/// Why a figure is none.
pub(super) enum Problem {
    /// It can't be drawn from these results; what would allow it.
    Section(String),
    /// Results are missing or damaged.
    Other(FigureError),
}

impl<T: Into<FigureError>> From<T> for Problem {
    fn from(error: T) -> Self {
        Self::Other(error.into())
    }
}

pub(super) fn lines(figure: &LineFigure) -> Drawing {
    Drawing { svg: line_figure(figure), rows: figure.rows(), points: line_figure_points(figure), notes: Vec::new() }
}

pub(super) fn bars(figure: &BarFigure) -> Drawing {
    Drawing { svg: bar_figure(figure), rows: figure.rows(), points: bar_figure_points(figure), notes: Vec::new() }
}
