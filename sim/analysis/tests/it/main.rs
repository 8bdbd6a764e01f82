//! From samples to numbers and tables: one module for each behaviour.

mod bins;
mod cells;
mod cluster;
mod conservation;
mod counts;
mod decile_confidence;
mod deciles;
mod groups;
mod logarithmic;
mod messages;
mod paired;
mod paired_coverage;
mod pooled_rounding;
mod quantiles;
mod shares;
mod table;
mod weighted;
