//! Proves that the points for cutoff computation repeat the accumulated rounding of the original.

use homa_units::Bytes;
use homa_workloads::SizeDistribution;

#[test]
fn w1_has_633_points_up_to_4120_bytes() {
    let points = SizeDistribution::shipped("w1").unwrap().estimator_points();
    assert_eq!(points.len(), 633);
    assert_eq!(points[632], (Bytes::new(4120), 1.0));
    assert_eq!(points[14].0, Bytes::new(15));
    assert!(points[14].1 > 0.47, "tail points of 15 B move the probability of the head's last point");
    assert!(points.windows(2).all(|pair| pair[0] < pair[1] && pair[0].1 < pair[1].1));
}

#[test]
fn others_have_the_points_of_their_table() {
    let points = SizeDistribution::shipped("w2").unwrap().estimator_points();
    assert_eq!(points.len(), 155);
    assert_eq!(points[154], (Bytes::new(3_529_904), 1.0));
}
