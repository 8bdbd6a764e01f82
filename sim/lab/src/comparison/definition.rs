//! What a slowdown is relative to. Numbers with different definitions are never compared.

use super::error::ComparisonError;
use super::operand::Operand;
use super::rtts::pool;
use crate::disk::open;
use homa_analysis::cluster::Baseline;
use homa_run::Denominator;

/// What the user says of files that don't say it themselves.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// Which best completion time: a name as in `measure.denominator`, or `cluster-2021`.
    pub denominator: Option<String>,
    /// Rate of the hosts' links in the cluster.
    pub link_mbps: Option<u64>,
    /// Its type of nodes.
    pub node_type: Option<String>,
    /// Its unloaded run.
    pub unloaded: Option<Operand>,
}

/// What the slowdown of one side is relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    /// The name in `measure.denominator`.
    pub(super) name: &'static str,
    /// The rate that bytes are divided by, if the definition has one and it is known.
    pub(super) link_mbps: Option<u64>,
}

const ALL: [Denominator; 5] = [
    Denominator::Sigcomm18,
    Denominator::Sigcomm18Mended,
    Denominator::Simulated,
    Denominator::Cluster2023,
    Denominator::Cluster2025,
];

/// Nodes whose base remained 15 us in 2025.
const XL170: &str = "xl170";

impl Definition {
    /// That of a stored result.
    pub(super) fn stored(name: &str, link_mbps: Option<u64>) -> Option<Self> {
        let of = ALL.into_iter().find(|denominator| denominator.name() == name)?;
        Some(Self { name: of.name(), link_mbps: link_mbps.filter(|_| divides_by_link(of)) })
    }

    pub(super) fn shown(&self) -> String {
        let base = match self.name {
            "cluster-2023" => "15 us",
            "cluster-2025" => "25 us",
            "simulated" => return "\"simulated\" (an idle network; on a cluster: cluster-2021)".to_owned(),
            name => return format!("\"{name}\""),
        };
        let rate =
            self.link_mbps.map_or_else(|| "the rate of the host's link".to_owned(), |mbps| format!("{mbps} Mbps"));
        format!("\"{}\" ({base} and the bytes at {rate})", self.name)
    }

    /// Whether numbers of the two may meet.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let rates = self.link_mbps.zip(other.link_mbps);
        self.name == other.name && rates.is_none_or(|(first, second)| first == second)
    }
}

const fn divides_by_link(denominator: Denominator) -> bool {
    matches!(denominator, Denominator::Cluster2023 | Denominator::Cluster2025)
}

impl Stated {
    /// What the file `of` is relative to, as the user says.
    pub(super) fn definition(&self, of: &str) -> Result<Definition, ComparisonError> {
        let Some(name) = &self.denominator else {
            return Err(ComparisonError::Unstated { file: of.to_owned() });
        };
        let found = match name.as_str() {
            "cluster-2021" => Some(Denominator::Simulated),
            "cluster-2025" if self.node_type.as_deref() == Some(XL170) => Some(Denominator::Cluster2023),
            name => ALL.into_iter().find(|denominator| denominator.name() == name),
        };
        let found = found.ok_or_else(|| ComparisonError::Denominator {
            name: name.clone(),
            accepted: format!("{}, cluster-2021", ALL.map(Denominator::name).join(", ")),
        })?;
        Ok(Definition { name: found.name(), link_mbps: self.link_mbps.filter(|_| divides_by_link(found)) })
    }

    /// What round-trip times of the file `of` are divided by.
    pub(super) fn baseline(&self, of: &str) -> Result<(Definition, Baseline), ComparisonError> {
        let definition = self.definition(of)?;
        let option = |option: &'static str| ComparisonError::Option {
            file: of.to_owned(),
            definition: definition.shown(),
            option,
        };
        let link = || self.link_mbps.ok_or_else(|| option("--link-mbps 25000 (the rate of its hosts' links)"));
        let baseline = match definition.name {
            "cluster-2023" => Baseline::cluster_2023(link()?),
            "cluster-2025" => Baseline::cluster_2025(self.node_type.as_deref().unwrap_or("unknown"), link()?),
            "simulated" => {
                let unloaded =
                    self.unloaded.as_ref().ok_or_else(|| option("--unloaded FOLDER/unloaded_w4 (its .rtts files)"))?;
                let Operand::Rtts { files, .. } = unloaded else {
                    return Err(option("--unloaded with .rtts files, for example --unloaded FOLDER/unloaded_w4"));
                };
                Baseline::cluster_2021(&pool(files)?)
            }
            name => {
                return Err(ComparisonError::NotOfRoundTrips { file: of.to_owned(), name });
            }
        };
        Ok((definition, baseline))
    }
}

/// The lines of a report with slowdowns as exact as its times are, if it states them: slowdowns
/// themselves have one decimal.
pub(super) fn report(
    path: &std::path::Path,
    stated: &Stated,
) -> Result<(Definition, Vec<homa_analysis::cluster::LengthRow>), ComparisonError> {
    let file = path.display().to_string();
    let mut rows = homa_analysis::cluster::read_report(open(path)?, &file)?;
    let definition = stated.definition(&file)?;
    if definition.name == "simulated" && stated.unloaded.is_none() {
        return Ok((definition, rows));
    }
    let (definition, baseline) = stated.baseline(&file)?;
    // Times and slowdowns are both rounded to one decimal.
    const ROUNDING: f64 = 0.051;
    for row in &mut rows {
        let best_us =
            baseline.best_us(row.length).map_err(|cause| ComparisonError::Baseline { file: file.clone(), cause })?;
        for (us, slowdown) in [(row.p50_us, &mut row.s50), (row.p99_us, &mut row.s99)] {
            let ours = us / best_us;
            if (ours - *slowdown).abs() > ROUNDING + ROUNDING / best_us {
                return Err(ComparisonError::OtherReport {
                    file,
                    length: row.length,
                    theirs: *slowdown,
                    ours,
                    definition: definition.shown(),
                });
            }
            *slowdown = ours;
        }
    }
    Ok((definition, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(denominator: &str, link_mbps: Option<u64>, node_type: Option<&str>) -> Definition {
        let (denominator, node_type) = (Some(denominator.to_owned()), node_type.map(str::to_owned));
        Stated { denominator, link_mbps, node_type, unloaded: None }.definition("x.rtts").unwrap()
    }

    #[test]
    fn different_definitions_or_link_rates_never_agree() {
        let case = |name| Definition::stored(name, Some(25_000)).unwrap();
        assert!(case("cluster-2023").agrees(&stated("cluster-2023", Some(25_000), None)));
        assert!(!case("cluster-2023").agrees(&stated("cluster-2023", Some(10_000), None)));
        assert!(!case("cluster-2023").agrees(&stated("cluster-2025", Some(25_000), None)));
        assert!(!case("sigcomm18").agrees(&stated("sigcomm18-mended", None, None)));
    }

    #[test]
    fn the_base_of_xl170_nodes_is_that_of_2023() {
        assert_eq!(stated("cluster-2025", Some(1), Some("xl170")), stated("cluster-2023", Some(1), None));
        assert_eq!(stated("cluster-2025", Some(1), Some("c6620")), stated("cluster-2025", Some(1), None));
    }

    #[test]
    fn an_idle_network_is_what_the_cluster_measured_until_2023() {
        let idle = Definition::stored("simulated", Some(25_000)).unwrap();
        // No rate is part of it.
        assert!(idle.agrees(&stated("cluster-2021", Some(10_000), None)));
        assert_eq!(Definition::stored("unheard-of", None), None);
    }
}
