//! Who may write to a folder of results: a claim is shared by those who carry out the same plan, and
//! leaves nothing behind but the manifest.

use crate::tiny::resolve;
use homa_lab::{Claim, ClaimError, Manifest, PlannedCase, plan};
use std::path::Path;

fn planned(set: &[&str]) -> Vec<PlannedCase> {
    plan(resolve("", set).unwrap()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_at_work_is_shared_with_the_same_plan_and_refused_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let (same, other) = (planned(&[]), planned(&["measure.window=2ms"]));
    let first = Claim::new(folder.path(), &same, false).unwrap();
    let second = Claim::new(folder.path(), &same, false).unwrap();
    for replace in [false, true] {
        let refused = Claim::new(folder.path(), &other, replace);
        assert!(matches!(refused, Err(ClaimError::InUse { .. })), "{refused:?}");
    }
    drop(first);
    assert!(matches!(Claim::new(folder.path(), &other, false), Err(ClaimError::InUse { .. })), "one is there still");
    drop(second);
    assert_eq!(names(folder.path()), ["manifest.toml"]);
    // Nothing had been finished, so nothing is lost.
    let third = Claim::new(folder.path(), &other, false).unwrap();
    let window = Manifest::read(third.out()).unwrap().cases[0].experiment.measure.window;
    assert_eq!(window.to_string(), "2ms");
}

#[test]
fn files_of_locks_that_nobody_holds_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".locks")).unwrap();
    for name in ["gate", "users", "whole", "0123456789abcdef"] {
        std::fs::write(folder.path().join(".locks").join(name), "").unwrap();
    }
    drop(Claim::new(folder.path(), &planned(&[]), false).unwrap());
    assert_eq!(names(folder.path()), ["manifest.toml"]);
}

#[test]
fn what_would_be_lost_is_told_without_writing_anything() {
    let folder = tempfile::tempdir().unwrap();
    let plan = planned(&[]);
    let nowhere = folder.path().join("nowhere");
    assert!(Claim::obstacle(&nowhere, &plan).is_none() && !nowhere.exists());
    let case = folder.path().join(&plan[0].case.name);
    std::fs::create_dir(&case).unwrap();
    assert!(Claim::obstacle(folder.path(), &plan).is_none(), "an empty folder is no loss");
    std::fs::write(case.join("notes.txt"), "mine").unwrap();
    let obstacle = Claim::obstacle(folder.path(), &plan);
    assert!(matches!(obstacle, Some(ClaimError::NoResults { folder }) if folder == case));
    Manifest::of(&planned(&["measure.window=2ms"])).write(&case).unwrap();
    let Some(ClaimError::OtherResults { reasons, .. }) = Claim::obstacle(folder.path(), &plan) else {
        panic!("its settings are others")
    };
    assert!(reasons.len() == 1 && reasons[0].ends_with("measure.window is \"2ms\" there, \"1ms\" here"), "{reasons:?}");
    assert_eq!(names(folder.path()), [plan[0].case.name.clone()]);
}
