use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use super::*;
use crate::cli::{Cli, Command, CommonArgs, ScheduleCommand};
use crate::options::Protocol;

fn configuration(text: &str, variables: &[(&str, &str)]) -> Result<Configuration, ConfigError> {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    Configuration::read(Path::new("config.yaml"), text, |name| {
        variables.get(name).map(|value| (*value).to_owned())
    })
}

fn line(words: &str) -> CommandLine {
    let words = std::iter::once("kubectl-netbench").chain(words.split_whitespace());
    CommandLine::read(words.map(OsString::from)).unwrap()
}

fn cli(words: &str, text: &str) -> Cli {
    let settings = configuration(text, &[]).unwrap().settings(Some("east"));
    line(words).apply(&settings).unwrap().0
}

/// The settings that apply, or the error.
fn applied(words: &str, settings: &Settings) -> Result<Settings, ConfigError> {
    match line(words).apply(settings) {
        Ok((_, settings)) => Ok(settings),
        Err(LineError::Settings(error)) => Err(error),
        Err(LineError::Usage(error)) => panic!("{error}"),
    }
}

fn matrix(words: &str, text: &str) -> CommonArgs {
    match cli(&format!("matrix {words}"), text).command {
        Command::Matrix(arguments) => arguments.common,
        other => panic!("{other:?}"),
    }
}

/// What is wrong, as it is shown.
fn error_of(text: &str, variables: &[(&str, &str)]) -> String {
    let shown = configuration(text, variables).unwrap_err().explain();
    format!("{} | {} | {}", shown.error, shown.cause.unwrap_or_default(), shown.help.unwrap_or_default())
}

#[test]
fn setting_applies_unless_its_flag_is_given() {
    let text = "time: 5s\nimage: mine:1\nrtt: true\nparallel: 4\npath: [pod, host]\n";
    let common = matrix("", text);
    assert_eq!(common.measurement.time_seconds, 5);
    assert_eq!(
        (common.placement.image(), common.measurement.latency_time_seconds, common.measurement.parallel),
        ("mine:1", Some(2), 4)
    );
    assert_eq!(common.placement.paths().len(), 2);
    let common = matrix("-t 7s --image other:2 --path service", text);
    assert_eq!((common.measurement.time_seconds, common.placement.image()), (7, "other:2"));
    assert_eq!(common.placement.paths(), [crate::document::Path::Service]);
}

#[test]
fn list_setting_may_be_a_list_a_mapping_or_a_scalar() {
    for text in [
        "label: {team: net, release: 1.10}\ntoleration: [spot]",
        "label: [team=net, release=1.10]\ntoleration: spot",
    ] {
        let objects = matrix("", text).pods.objects;
        let labels: Vec<String> = objects.labels.iter().map(ToString::to_string).collect();
        assert_eq!(labels, ["team=net", "release=1.10"], "{text}");
        assert_eq!(objects.tolerations[0].to_string(), "spot");
    }
    let variables = [("NETBENCH_LABEL", "team=net, release=1.10"), ("NETBENCH_ANNOTATION", "a=b,c\nd=e")];
    let settings = configuration("", &variables).unwrap().settings(None);
    assert_eq!(settings.of("label").unwrap().values, ["team=net", "release=1.10"]);
    assert_eq!(settings.of("annotation").unwrap().values, ["a=b,c", "d=e"]);
}

#[test]
fn command_line_overrides_environment_overrides_file() {
    let text =
        "time: 1s\nomit: 1s\nparallel: 1\ncontexts:\n  east: {time: 2s, omit: 2s}\n  west: {time: 3s}\n";
    let configuration = configuration(text, &[("NETBENCH_TIME", "4s"), ("NETBENCH_PORT", "")]).unwrap();
    assert!(configuration.has_contexts());
    let settings = configuration.settings(Some("east"));
    let effective = line("matrix -P 8").effective(&settings);
    let shown = |key: &str| {
        let found = effective.iter().find(|effective| effective.key == key).unwrap();
        format!("{} {:?} {:?} {:?}", found.values.join(","), found.source, found.place, found.context)
    };
    assert_eq!(shown("parallel"), "8 Flag None None");
    assert_eq!(shown("time"), r#"4s Environment Some("NETBENCH_TIME") None"#);
    assert_eq!(shown("omit"), r#"2s File Some("config.yaml:5:26") Some("east")"#);
    assert_eq!(shown("repeat"), "1 Default None None");
    assert_eq!(shown("port"), " Default None None");
    assert_eq!(configuration.settings(Some("elsewhere")).of("omit").unwrap().values, ["1s"]);
}

#[test]
fn setting_yields_to_a_flag_that_excludes_it() {
    assert_eq!(matrix("--host", "path: service").placement.paths(), [crate::document::Path::Host]);
    assert_eq!(matrix("--no-save", "keep-runs: 3").saving.saving(), crate::cli::Saving::Nowhere);
    // no cluster, and nothing of what one would need
    let common = matrix("--local 2", "namespace: team\nimage: mine:1\nkeep: true\nlabel: {a: b}\ntime: 3s");
    assert_eq!((common.connection.namespace, common.placement.keep), (None, false));
    assert_eq!(common.measurement.time_seconds, 3);
    assert!(common.pods.is_empty());
    // named by another flag, whichever of the two knows of it
    assert!(!matrix("--network-policy", "keep: true").placement.keep);
    assert!(!matrix("--keep", "network-policy: true").pods.network_policy);
}

#[test]
fn setting_can_provide_what_a_flag_needs() {
    assert!(line("matrix --service-account a").apply(&Settings::default()).is_err());
    assert_eq!(
        matrix("--service-account a", "namespace: team").connection.namespace.as_deref(),
        Some("team")
    );
}

#[test]
fn command_takes_the_settings_that_it_has_flags_for() {
    for words in ["runs", "report", "compare a", "cleanup", "check", "config", "pair a b", "runs delete a"] {
        let text = "time: 5s\nnamespace: team\nascii: true\ncolor: never\nlabel: {a: b}";
        let cli = cli(words, text);
        assert!(cli.console.ascii, "{words}");
    }
    let Command::Runs(runs) = cli("runs --from-cluster a", "limits: {cpu: 1}").command else {
        panic!("it is runs")
    };
    assert!(runs.objects.limits[0].name == "cpu");
    assert!(!line("completion bash").takes_settings());
    let Command::Config(arguments) = cli("config", "concurrency: 3").command else { panic!("it is config") };
    assert_eq!(arguments.plan.concurrency, Some(3));
}

#[test]
fn setting_with_another_meaning_is_ignored() {
    let text = "namespace: team\ncontext: east";
    let Command::Cleanup(cleanup) = cli("cleanup", text).command else { panic!("it is cleanup") };
    assert_eq!(cleanup.connection.namespace, None, "all namespaces are looked through");
    assert_eq!(cleanup.connection.options().context.as_deref(), Some("east"));
    let resumed = matrix("--resume latest", text).connection;
    assert_eq!((resumed.options().context, resumed.namespace), (None, None), "those of the run");
}

#[test]
fn setting_yields_to_a_flag_that_conflicts_with_it() {
    assert!(matrix("--udp", "engine: iperf2\ntime: 3s").measurement.protocol == Protocol::Udp);
    assert_eq!(matrix("--udp", "engine: iperf2\ntime: 3s").measurement.time_seconds, 3);
    assert_eq!(matrix("--to x", "path: service").placement.paths(), []);
    assert_eq!(matrix("--engine iperf2", "omit: 1s").measurement.omit_seconds, 0);
    let settings = configuration("path: service\nkeep-runs: 3", &[]).unwrap().settings(None);
    let words = "config --host --no-save";
    let effective = line(words).effective(&applied(words, &settings).unwrap());
    let said = |key: &str| effective.iter().find(|effective| effective.key == key).unwrap().source;
    assert_eq!((said("path"), said("keep-runs")), (Source::Default, Source::Default));
}

#[test]
fn conflicting_settings_are_reported_with_their_place() {
    let settings = configuration("time: 5s\nimage-pull-secret: a\n", &[]).unwrap().settings(None);
    for words in ["matrix", "pair a b", "matrix -t 3s"] {
        let explanation = applied(words, &settings).unwrap_err().explain();
        assert!(
            explanation.error.starts_with("config.yaml:2:20: `image-pull-secret`"),
            "{}",
            explanation.error
        );
        assert!(explanation.cause.unwrap().contains("add --namespace"));
    }
    assert!(applied("matrix -n team", &settings).unwrap().of("image-pull-secret").is_some());
    assert!(applied("runs", &settings).is_ok());
    // whichever of the two comes first
    let settings = configuration("image-pull-secret: a\nnamespace: team\n", &[]).unwrap().settings(None);
    assert!(applied("matrix", &settings).unwrap().of("image-pull-secret").is_some());
    assert!(applied("matrix --local 2", &settings).unwrap().of("namespace").is_none());
}

#[test]
fn delivery_settings_apply_where_delivery_is_possible() {
    let text = "namespace: team\nvolume: results:lab\nvolume-keep: 90d\npush: http://gateway:9091\nprogram-image: mine:1";
    let volume =
        |words: &str, text: &str| matrix(words, text).delivery.volume.map(|volume| volume.to_string());
    assert_eq!(volume("", text).as_deref(), Some("results:lab"));
    assert_eq!(volume("--volume-keep 3", text).as_deref(), Some("results:lab"));
    assert_eq!(volume("--volume other", text).as_deref(), Some("other"));
    // a namespace that a resumed run had for itself has no claim
    for without in ["--local 2", "--resume latest"] {
        let common = matrix(without, text);
        assert!(common.delivery.volume.is_none() && common.delivery.volume_keep.is_none(), "{without}");
        assert!(common.delivery.push.is_some(), "{without}");
    }
    let Command::Schedule(schedule) = cli("schedule create a --cron @daily -- matrix", text).command else {
        panic!("it is schedule")
    };
    let ScheduleCommand::Create(create) = schedule.command else { panic!("it is create") };
    assert_eq!(create.program.program_image.as_deref(), Some("mine:1"));
    let secret = configuration("push: http://me:secret@gateway:9091", &[]).unwrap().settings(None);
    let shown = line("config").effective(&secret);
    assert!(shown.iter().any(|setting| setting.values == ["http://gateway:9091"]), "{shown:?}");
    let settings = configuration("volume: results", &[]).unwrap().settings(None);
    let explanation = applied("matrix", &settings).unwrap_err().explain();
    assert!(explanation.cause.unwrap().contains("add --namespace"));
}

#[test]
#[cfg(unix)] // they name a directory
fn table_shows_defaults_that_depend_on_something_in_words() {
    let effective = line("config").effective(&Settings::default());
    insta::assert_snapshot!(table(&effective, None, crate::view::Canvas::FILE));
}

#[test]
fn kubeconfig_of_the_environment_overrides_the_file() {
    let file = if cfg!(windows) { r"C:\a" } else { "/a" };
    let text = &format!("kubeconfig: {file}\ncontext: east");
    let set =
        |variables: &[(&str, &str)]| configuration(text, variables).unwrap().settings(None).connection();
    assert_eq!(set(&[]).kubeconfig.as_deref(), Some(Path::new(file)));
    assert_eq!(set(&[("KUBECONFIG", "/b")]).kubeconfig, None);
    assert_eq!(set(&[("NETBENCH_KUBECONFIG", "c")]).kubeconfig.as_deref(), Some(Path::new("c")));
    let other = configuration(text, &[]).unwrap().settings(None).for_another_kubeconfig();
    assert_eq!(other.connection().context, None);
}

#[test]
fn invalid_setting_is_reported_with_place_and_help() {
    insta::assert_snapshot!(
        [
            error_of("time: 5s\ntme: 5s\n", &[]),
            error_of("contexts:\n  east:\n    image_pull_secret: a\n", &[]),
            error_of("contexts:\n  east: {color: never}\n", &[]),
            error_of("time: 10x\n", &[]),
            error_of("via: ssh\n", &[]),
            error_of("parallel: 0\n", &[]),
            error_of("rtt: maybe\n", &[]),
            error_of("time: [1s]\n", &[]),
            error_of("time:\n", &[]),
            error_of("contexts: [east]\n", &[]),
            error_of("time: 1s\ntime: 2s\n", &[]),
            error_of("time: '5s\n", &[]),
            error_of("- time\n", &[]),
            error_of("time: 1s\n---\ntime: 2s\n", &[]),
            error_of("kubeconfig: ~/config\n", &[]),
            error_of("", &[("NETBENCH_VIA", "ssh")]),
        ]
        .join("\n")
    );
}

#[test]
fn empty_file_has_no_settings() {
    for text in ["", "# nothing\n", "---\n", "contexts: {}\n"] {
        assert_eq!(configuration(text, &[]).unwrap().settings(None), Settings::default(), "{text:?}");
    }
}

#[test]
fn conflicts_of_every_flag_can_be_queried() {
    // one that is not known there would end the program
    let command = <Cli as clap::CommandFactory>::command();
    for subcommand in command.get_subcommands() {
        for flag in subcommand.get_arguments() {
            let others = subcommand.get_arg_conflicts_with(flag);
            assert!(others.iter().all(|other| other.get_id() != flag.get_id()));
        }
    }
    let config = command.find_subcommand("config").unwrap();
    for key in KEYS.iter().filter(|key| !["color", "ascii"].contains(&key.name)) {
        assert!(config.get_arguments().any(|flag| flag.get_id() == key.flag().get_id()), "{}", key.name);
    }
}
