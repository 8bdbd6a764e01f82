//! From experiments to results: one module for each behaviour.

mod best_times;
mod claims;
mod denominators;
mod golden_digests;
mod homa;
mod homa_digests;
mod host_section;
mod identical_arrivals;
mod keys;
mod no_effect;
mod overload;
mod shipped_experiments;
mod stored_results;
mod ten_million_messages;
mod threads;
mod tiny;
