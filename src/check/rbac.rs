//! The rights of a run as roles, for `kubectl apply`.

use std::fmt::Write;

use crate::testbed::kubernetes::{Necessity, Needs, Reach, Right, rights};

/// The roles that a run with these needs takes, as YAML. `command` is what they are for.
pub fn rbac(needs: &Needs, command: &str) -> String {
    let rights = rights(needs);
    let rights = || rights.iter().filter(|right| right.necessity != Necessity::InsteadOfExec);
    let is_of_cluster = |right: &&Right| right.reach == Reach::Cluster || needs.given.is_none();
    let mut text = format!("# What `{command}` needs. To bind it to somebody:\n");
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
    use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};
    use crate::testbed::kubernetes::{Clients, Settings};

    #[test]
    fn one_cluster_role_for_namespaces_of_its_own() {
        let needs = needs(settings(), None, Clients::ExecElseJob);
        let printed = rbac(&needs, "kubectl netbench matrix");
        assert!(
            include_str!("../../docs/measuring.md").contains(&printed),
            "the documents show something else"
        );
        insta::assert_snapshot!(printed);
    }

    #[test]
    fn a_role_for_a_given_namespace() {
        let settings = Settings { ways: over(&[Path::Service]), ..settings() };
        let needs = needs(settings, Some("team-a"), Clients::Job);
        insta::assert_snapshot!(rbac(&needs, "kubectl netbench matrix --via job -n team-a"));
    }

    #[test]
    fn what_is_printed_is_yaml_of_those_rules() {
        let needs = needs(settings(), None, Clients::Exec);
        let role: serde_json::Value = serde_yaml::from_str(&rbac(&needs, "x")).unwrap();
        let printed = role["rules"].as_array().unwrap();
        assert_eq!(printed.len(), rights(&needs).len());
        assert_eq!(printed[0]["resources"][0], "nodes");
    }
}
