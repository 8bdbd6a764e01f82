//! Figures; all use of the plotting library is here.
//!
//! One style for all: sizes are in pixels of a canvas 960 wide, and one column of a paper is about a quarter of that in
//! points, so that the smallest text (28) has 7 points. Curves differ by colour and by mark, bars by colour and by
//! hatching, for readers who print in grey. The legend is above the plot, so it can't cover data.

mod axis;
mod bars;
mod canvas;
mod frame;
mod legend;
mod lines;
mod marks;
mod network;
mod outline;
mod rows;
mod slowdown;
mod ticks;

pub use axis::{Axis, AxisScale, TickFormat};
pub use bars::{BarFigure, BarSeries, bar_figure};
pub use lines::{LineCurve, LineFigure, Trace, line_figure};
pub use network::{PriorityBars, QueueBars, priority_figure, queue_figure};
pub use rows::{FigureRow, figure_csv};
pub use slowdown::{Curve, Step, slowdown_figure, slowdown_rows};
