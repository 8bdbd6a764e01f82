//! Figures as a reader sees them: one module for each behaviour.

mod figure;
mod figure_points;
mod figures;
mod png;
mod samples;
