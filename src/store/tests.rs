use super::*;
use crate::document::fixtures::{failed, measured, run};
use crate::document::{State, Summary};
use jiff::Timestamp;

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::of_user(directory.path());
    (directory, store)
}

fn named(id: &str, second: i64) -> Run {
    let run = run(&["a", "b"], vec![measured("a", "b", 8e9), failed("b", "a", "no route")]);
    Run { id: id.to_owned(), started_at: Timestamp::from_second(second).unwrap(), ..run }
}

fn save(store: &Store, run: &Run) {
    store.record(run).unwrap().finish(run).unwrap();
}

#[test]
fn file_is_a_complete_document_after_each_test() {
    let (_directory, store) = store();
    let complete = Run { state: State::Partial, planned_tests: 4, ..named("k3v9x2mq", 60) };
    let mut recording = store.record(&Run { tests: Vec::new(), ..complete.clone() }).unwrap();
    assert!(load(Some(&store), "k3v9x2mq").unwrap().tests.is_empty());
    for count in 1..=complete.tests.len() {
        recording.add(&complete.tests[count - 1]).unwrap();
        assert_eq!(load(Some(&store), "k3v9x2mq").unwrap().tests, complete.tests[..count]);
    }
    recording.finish(&complete).unwrap();
    assert_eq!(load(Some(&store), "k3").unwrap(), complete);
}

#[test]
fn unfinished_run_is_listed_with_its_figures() {
    let (_directory, store) = store();
    let complete = named("k3v9x2mq", 60);
    let bare =
        Run { tests: Vec::new(), summary: Summary::default(), state: State::Partial, ..complete.clone() };
    let mut recording = store.record(&bare).unwrap();
    recording.add(&complete.tests[0]).unwrap();
    recording.add(&complete.tests[1]).unwrap();
    let entry = store.list().unwrap().remove(0);
    assert_eq!((entry.tests, entry.failed_tests, entry.nodes), (2, 1, 2));
    assert_eq!(entry.median_bits_per_second, Some(8e9));
    recording.finish(&complete).unwrap();
    assert_eq!(Entry { state: State::Complete, ..entry }, store.list().unwrap()[0]);
}

#[test]
fn runs_are_loaded_by_position_and_by_id_prefix() {
    let (_directory, store) = store();
    for (id, second) in [("bcd23456", 100), ("bcx23456", 300), ("kkkk2345", 200)] {
        save(&store, &named(id, second));
    }
    let id =
        |reference: &str| load(Some(&store), reference).map(|run| run.id).map_err(|error| error.to_string());
    assert_eq!(id("latest").as_deref(), Ok("bcx23456"));
    assert_eq!(id("latest~2").as_deref(), Ok("bcd23456"));
    assert_eq!(id("k").as_deref(), Ok("kkkk2345"));
    let ambiguous = load(Some(&store), "bc").unwrap_err().explain();
    assert_eq!(ambiguous.cause.as_deref(), Some("it matches bcd23456, bcx23456"));
    assert_eq!(
        load(Some(&store), "latest~3").unwrap_err().explain().cause.as_deref(),
        Some("only 3 runs are saved")
    );
    assert_eq!(id("zz").unwrap_err(), "run `zz` not found");
    let file = store.path("kkkk2345");
    assert_eq!(id(file.to_str().unwrap()).as_deref(), Ok("kkkk2345"));
}

#[test]
fn wrong_reference_deletes_nothing() {
    let (_directory, store) = store();
    save(&store, &named("bcd23456", 100));
    assert!(store.delete(&["bcd".to_owned(), "zz".to_owned()]).is_err());
    assert_eq!(store.list().unwrap().len(), 1);
    assert_eq!(store.delete(&["latest".to_owned(), "bcd".to_owned()]).unwrap(), ["bcd23456"]);
    assert!(store.list().unwrap().is_empty());
    assert!(store.delete(&["./x.json".to_owned()]).is_err());
}

#[test]
fn keep_newest_deletes_the_oldest() {
    let (_directory, store) = store();
    for (id, second) in [("bbbb", 1), ("cccc", 3), ("dddd", 2)] {
        save(&store, &named(id, second));
    }
    store.keep_newest(2).unwrap();
    let ids: Vec<String> = store.list().unwrap().into_iter().map(|entry| entry.id).collect();
    assert_eq!(ids, ["cccc", "dddd"]);
}

#[test]
fn invalid_document_is_an_error_by_name_and_skipped_in_the_list() {
    let (_directory, store) = store();
    save(&store, &named("bbbb", 1));
    fs::write(store.path("cccc"), "{\"apiVersion\":\"netbench.dev/v9\"}").unwrap();
    assert_eq!(store.list().unwrap().len(), 1);
    let explanation = load(Some(&store), "cccc").unwrap_err().explain();
    assert!(explanation.cause.unwrap().contains("netbench.dev/v9"));
}

#[test]
fn torn_file_is_read_up_to_its_last_complete_test() {
    let (_directory, store) = store();
    let complete = named("k3v9x2mq", 60);
    save(&store, &complete);
    let path = store.path("k3v9x2mq");
    let text = fs::read_to_string(&path).unwrap();
    let first_line = text.find('\n').unwrap();
    for length in first_line + 1..text.len() {
        fs::write(&path, &text[..length]).unwrap();
        let run = load(Some(&store), "latest~0").or_else(|_| load(Some(&store), "k3")).unwrap();
        assert_eq!(run.tests, complete.tests[..run.tests.len()]);
        assert_eq!(store.list().unwrap()[0].tests, run.tests.len());
    }
}

#[test]
fn run_without_tests_is_not_latest() {
    let (_directory, store) = store();
    save(&store, &named("bbbb", 1));
    save(&store, &Run { tests: Vec::new(), ..named("cccc", 2) });
    assert_eq!(load(Some(&store), "latest").unwrap().id, "bbbb");
}

#[test]
fn empty_reference_is_rejected() {
    let (_directory, store) = store();
    save(&store, &named("bbbb", 1));
    assert!(store.delete(&[String::new()]).is_err() && load(Some(&store), "").is_err());
}

#[test]
fn user_file_is_replaced_only_by_a_finished_run_and_only_if_it_is_a_run() {
    let (directory, _store) = store();
    let file = directory.path().join("monday");
    let (old, new) = (named("old22222", 1), named("new22222", 2));
    let create = || Recording::create_at(file.clone(), &Run { tests: Vec::new(), ..new.clone() });
    create().unwrap().finish(&old).unwrap();
    let mut recording = create().unwrap();
    recording.add(&new.tests[0]).unwrap();
    assert_eq!(reading::read(&file).unwrap(), old);
    recording.discard();
    assert_eq!(reading::read(&file).unwrap(), old);
    create().unwrap().finish(&new).unwrap();
    assert_eq!(reading::read(&file).unwrap(), new);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    fs::write(&file, "something else").unwrap();
    assert!(matches!(create(), Err(StoreError::Occupied { .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), "something else");
}

#[test]
fn node_names_of_a_file_are_sanitized() {
    let (_directory, store) = store();
    let mut run = named("bbbb", 1);
    run.nodes[0].name = "a\u{1b}[2J".into();
    run.tests[0].client = "a\u{1b}[2J".into();
    save(&store, &run);
    let run = load(Some(&store), "bbbb").unwrap();
    assert_eq!([run.nodes[0].name, run.tests[0].client], ["a [2J", "a [2J"]);
}

#[test]
fn all_strings_of_a_file_and_of_a_list_are_sanitized() {
    let (_directory, store) = store();
    let evil = "x\u{1b}[2J\n\u{202e}\u{200b}y";
    let mut run = named("bbbb", 1);
    run.id = evil.to_owned();
    run.nodes[0].zone = Some(evil.to_owned());
    run.versions.engines.insert(crate::options::EngineId::Iperf3, evil.to_owned());
    run.parameters.measurement.client_arguments = vec![evil.to_owned()];
    run.cluster =
        Some(crate::document::Cluster { context: Some(evil.to_owned()), namespace: evil.to_owned() });
    crate::analysis::analyse(&mut run);
    run.findings.push(crate::document::Finding {
        kind: crate::document::FindingKind::Mtu,
        route: None,
        sentence: evil.to_owned(),
        subjects: vec![evil.to_owned()],
        percent: None,
        pairs: Vec::new(),
        confirmation: None,
    });
    store.record(&named("bbbb", 1)).unwrap().finish(&run).unwrap();
    let read = load(Some(&store), "bbbb").unwrap();
    let text = format!("{read:?}{:?}", store.list().unwrap());
    assert!(text.contains("x [2J   y") && !text.contains("\\u{") && !text.contains("\\n"), "{text}");
    // other systems do not permit such a name
    #[cfg(unix)]
    fs::copy(store.path("bbbb"), store.path("b\u{1b}c")).unwrap();
    assert_eq!(store.list().unwrap().len(), 1);
}

#[test]
fn impossible_figures_are_rejected() {
    let (_directory, store) = store();
    for wrong in [-1.0, 1e300] {
        let run = run(&["a", "b"], vec![measured("a", "b", wrong)]);
        save(&store, &Run { id: "bbbb".to_owned(), ..run });
        let error = load(Some(&store), "bbbb").unwrap_err().explain();
        assert!(error.cause.unwrap().contains("from a to b has an impossible figure"));
    }
}

#[test]
#[cfg(unix)]
fn runs_are_readable_by_the_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, store) = store();
    save(&store, &named("bbbb", 1));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&store.path("bbbb")), mode(&store.directory)), (0o600, 0o700));
}

#[test]
#[cfg(unix)]
fn symbolic_link_is_not_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (directory, _store) = store();
    let (file, other) = (directory.path().join("monday"), directory.path().join("other"));
    fs::write(&other, "mine").unwrap();
    symlink(&other, directory.path().join("monday.part")).unwrap();
    symlink(&other, directory.path().join("monday.new")).unwrap();
    let run = named("bbbb", 1);
    Recording::create_at(file.clone(), &run).unwrap().finish(&run).unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(reading::read(&file).unwrap(), run);
}

#[test]
fn figures_survive_a_round_trip() {
    let (_directory, store) = store();
    let figure = 1.429_347_826_086_956_5;
    let run = run(&["a", "b"], vec![measured("a", "b", figure)]);
    save(&store, &run);
    let read = load(Some(&store), &run.id).unwrap();
    assert!(read.tests[0].outcome.throughput().unwrap().bits_per_second.total_cmp(&figure).is_eq());
}
