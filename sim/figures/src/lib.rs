//! Figures: slowdown by size, lines, bars, queues and priorities as SVG, and the same as PNG.
//!
//! All use of the plotting and rendering libraries is here. A figure is a value; drawing it gives a
//! text, the same bytes on every machine. [`figure_csv`] has the numbers of figures,
//! [`line_figure_points`] and its like where they are drawn.
//!
//! One style for all: sizes are in pixels of a canvas 960 wide, and one column of a paper is about
//! a quarter of that in points, so that the smallest text (28) has 7 points. Curves differ by
//! colour and by mark, bars by colour and by hatching, for readers who print in grey. The legend is
//! above the plot, so it can't cover data.

mod axis;
mod bars;
mod canvas;
mod frame;
mod legend;
mod lines;
mod marks;
mod network;
mod outline;
mod png;
mod points;
mod round;
mod rows;
mod slowdown;
mod step;
mod ticks;

pub use axis::{Axis, AxisScale, TickFormat};
pub use bars::{BarFigure, BarSeries, bar_figure, bar_figure_points};
pub use lines::{LineCurve, LineFigure, Trace, line_figure, line_figure_points};
pub use network::{PriorityBars, QueueBars, priority_figure, queue_figure};
pub use png::png;
pub use points::{FigurePoint, FigurePoints};
pub use rows::{FigureRow, figure_csv};
pub use slowdown::{Curve, sized_figure, slowdown_figure, slowdown_figure_points, slowdown_rows};
pub use step::Step;
