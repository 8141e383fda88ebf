//! The rights of a run as roles, for `kubectl apply`.

use std::fmt::Write;

use crate::document::Protocol;
use crate::options::ClientMode;
use crate::testbed::kubernetes::{Necessity, Needs, Reach, Right, rights};

/// Where to find all rights of a run with these needs at once.
pub(super) fn hint(needs: &Needs) -> String {
    format!("`kubectl netbench check --rbac{}` prints the roles that grant all of it", flags(needs))
}

/// The flags of `matrix` and of `check` that change which rights a run takes.
fn flags(needs: &Needs) -> String {
    let mut paths: Vec<&str> = needs.settings.routes.iter().map(|route| route.path.name()).collect();
    paths.dedup();
    let via = match needs.client_mode {
        ClientMode::Auto | ClientMode::Process => None,
        ClientMode::Exec => Some("exec"),
        ClientMode::Job => Some("job"),
    };
    let flags = [
        // a name or an address has no character that means something to a shell, nor has that of a namespace
        needs.to.as_ref().map(|(host, _)| format!(" --to {host}")),
        (paths != ["pod"]).then(|| format!(" --path {}", paths.join(","))),
        via.map(|via| format!(" --via {via}")),
        needs.settings.keep.then(|| " --keep".to_owned()),
        (needs.settings.protocol == Protocol::Udp).then(|| " --udp".to_owned()),
        needs.settings.options.network_policy.then(|| " --network-policy".to_owned()),
        // nor has that of a claim
        needs.claim.as_ref().map(|claim| format!(" --volume {claim}")),
        needs.given.as_ref().map(|namespace| format!(" --namespace {namespace}")),
    ];
    flags.into_iter().flatten().collect()
}

/// The roles that a run with these needs takes, as YAML.
pub fn rbac(needs: &Needs) -> String {
    let rights = rights(needs);
    let rights = || rights.iter().filter(|right| right.necessity != Necessity::InsteadOfExec);
    let is_of_cluster = |right: &&Right| right.reach == Reach::Cluster || needs.given.is_none();
    let mut text =
        format!("# What `kubectl netbench matrix{}` needs. To bind it to somebody:\n", flags(needs));
    text += "#   kubectl create clusterrolebinding netbench --clusterrole=netbench --user=NAME\n";
    if let Some(namespace) = &needs.given {
        // a name of a namespace has no character that means something to a shell
        let binding = "kubectl create rolebinding netbench --role=netbench --user=NAME";
        // writing to a string cannot fail
        let _ = writeln!(text, "#   {binding} --namespace={namespace}");
    }
    text += "# or, instead of --user=NAME, --group=NAME or --serviceaccount=NAMESPACE:NAME.\n";
    text += &role("ClusterRole", "netbench", None, rights().filter(is_of_cluster));
    if let Some(namespace) = &needs.given {
        text += "---\n";
        text += &role("Role", "netbench", Some(namespace), rights().filter(|right| !is_of_cluster(right)));
    }
    text
}

fn role<'a>(
    kind: &str,
    name: &str,
    namespace: Option<&str>,
    rights: impl Iterator<Item = &'a Right>,
) -> String {
    // quoted: a namespace may be called `1`
    let namespace = namespace.map_or(String::new(), |namespace| format!("\n  namespace: \"{namespace}\""));
    let head = "apiVersion: rbac.authorization.k8s.io/v1";
    let mut text = format!("{head}\nkind: {kind}\nmetadata:\n  name: {name}{namespace}\nrules:\n");
    for right in rights {
        let without = match right.necessity {
            Necessity::Optional(lost) => format!("; may be left out, then {lost}"),
            Necessity::Required | Necessity::InsteadOfExec => String::new(),
        };
        // writing to a string cannot fail
        let _ = writeln!(text, "# for {}{without}\n- {}", right.purpose, rule(right, right.verbs));
    }
    text
}

/// The rule that grants some verbs of a right.
pub(super) fn rule(right: &Right, verbs: &[&str]) -> String {
    let Right { group, resource, .. } = right;
    format!("{{apiGroups: [\"{group}\"], resources: [{resource}], verbs: [{}]}}", verbs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Path;
    use crate::testbed::kubernetes::Settings;
    use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};

    #[test]
    fn one_cluster_role_for_namespaces_of_its_own() {
        let needs = needs(settings(), None, ClientMode::Auto);
        let printed = rbac(&needs);
        assert!(
            include_str!("../../docs/permissions.md").contains(&printed),
            "the documents show something else"
        );
        insta::assert_snapshot!(printed);
    }

    #[test]
    fn a_role_for_a_given_namespace() {
        let settings = Settings { routes: over(&[Path::Service]), ..settings() };
        let needs = needs(settings, Some("team-a"), ClientMode::Job);
        insta::assert_snapshot!(rbac(&needs));
    }

    #[test]
    fn what_is_printed_is_yaml_of_those_rules() {
        let needs = needs(settings(), None, ClientMode::Exec);
        let role: serde_json::Value = serde_yaml::from_str(&rbac(&needs)).unwrap();
        let printed = role["rules"].as_array().unwrap();
        assert_eq!(printed.len(), rights(&needs).len());
        assert_eq!(printed[0]["resources"][0], "nodes");
    }
}
