use clap::CommandFactory;

use super::*;
use crate::cli::{Cli, Command};

#[test]
fn tolerations_are_written_as_taints_are() {
    let read =
        |text: &str| parse_toleration(text).map(|read| (read.key, read.operator, read.value, read.effect));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(read("dedicated").unwrap(), (some("dedicated"), some("Exists"), None, None));
    assert_eq!(
        read("example.org/pool=gpu:NoSchedule").unwrap(),
        (some("example.org/pool"), some("Equal"), some("gpu"), some("NoSchedule"))
    );
    for wrong in ["", "=gpu", "pool:Never", "a b", "pool=gpu:"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn labels_are_those_that_kubernetes_takes_and_none_of_ours() {
    assert_eq!(parse_label("team=network"), Ok(("team".to_owned(), "network".to_owned())));
    assert_eq!(
        parse_label("example.org/cost-centre=").map(|(key, _)| key),
        Ok("example.org/cost-centre".to_owned())
    );
    assert!(parse_label("team=two words").is_err_and(|why| why.contains("value of a label")));
    assert!(parse_label("team").is_err_and(|why| why.contains("not a label")));
    assert!(parse_label("netbench.dev/run=other").is_err_and(|why| why.contains("set by the run")));
    assert!(parse_annotation("note=two words: fine").is_ok());
}

#[test]
fn flags_are_read_back_from_a_document() {
    let flags = "kubectl-netbench matrix -n bench --label team=net --label empty= --annotation note=a=b --requests cpu=20m,memory=64Mi \
        --limits cpu=1 --image-pull-secret pull --service-account bench --priority-class low \
        --runtime-class gvisor --toleration pool=gpu:NoSchedule --toleration spot --network-policy";
    let words = flags.split_whitespace().map(Into::into);
    let Command::Matrix(matrix) = Cli::read(Cli::command(), words).unwrap().command else {
        panic!("it is a matrix")
    };
    let given = matrix.common.pods;
    let parameters = given.parameters();
    let read = PodArgs::of(&parameters).unwrap();
    assert_eq!(read.options(), given.options());
    assert_eq!(read.parameters(), parameters);
    let document = serde_json::to_string(&parameters).unwrap();
    insta::assert_snapshot!(document);
    let hostile = PodParameters {
        labels: BTreeMap::from([("netbench.dev/run".to_owned(), "other".to_owned())]),
        ..PodParameters::default()
    };
    assert!(PodArgs::of(&hostile).is_err());
}

#[test]
fn amounts_name_their_resource() {
    let (name, amount) = parse_amount("memory=64Mi").unwrap();
    assert_eq!((name.as_str(), amount.as_str()), ("memory", "64Mi"));
    assert!(parse_amount("64Mi").is_err_and(|why| why.contains("cpu=100m")));
}
