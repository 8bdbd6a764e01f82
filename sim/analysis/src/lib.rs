//! From records to numbers and figures: slowdown of messages by size, exact quantiles, tables, SVG.
//!
//! *Slowdown* is a message's completion time over the best possible one; who records it says what that is. The crate
//! knows no event, no file and no clock, and gives the same bytes for the same records on every machine.
//!
//! * [`SlowdownRecorder`] takes the samples of one run, [`SlowdownSummary`] pools runs and answers questions.
//! * [`SizeBins`] cut message sizes into bins: the published ones, or about one percent of messages each.
//! * [`cluster`] reads what the Linux cluster's benchmark writes, [`read_messages`] files with a line for each message.
//! * [`paired`] compares two configurations that ran the same messages.
//! * [`slowdown_table`] and [`slowdown_figure`] are what people look at; [`line_figure`] and [`bar_figure`] draw anything else,
//!   [`figure_csv`] has the numbers of figures, [`line_figure_points`] and its like where they are drawn.

mod bins;
mod cell;
pub mod cluster;
mod confidence;
mod counted;
mod counts;
mod deciles;
mod figure;
mod import;
mod messages;
pub mod paired;
mod png;
mod quantile;
mod recorder;
mod sorted_map;
mod summary;
mod table;

pub use bins::SizeBins;
pub use cell::LOGARITHMIC_WIDTH;
pub use counted::{SIZES_MAX, cells_limit};
pub use counts::{DistributionPoint, LogarithmicCounts, thinned};
pub use deciles::Confidence;
pub use figure::{
    Axis, AxisScale, BarFigure, BarSeries, Curve, FigurePoint, FigurePoints, FigureRow, LineCurve, LineFigure,
    PriorityBars, QueueBars, Step, TickFormat, Trace, bar_figure, bar_figure_points, figure_csv, line_figure,
    line_figure_points, priority_figure, queue_figure, slowdown_figure, slowdown_figure_points, slowdown_rows,
};
pub use import::ImportError;
pub use messages::{MessageRow, read_messages};
pub use png::png;
pub use quantile::{RankRule, nearest_rank, rank, weighted_nearest_rank};
pub use recorder::{Precision, SlowdownRecorder};
pub use summary::{BinRow, Decile, PERCENTILES, PercentileRow, SlowdownSummary};
pub use table::{human_bytes, slowdown_table};
