//! The permissions of a run as RBAC roles, for `kubectl apply`.

use std::fmt::Write;

use crate::document::Protocol;
use crate::options::ClientMode;
use crate::testbed::kubernetes::{Necessity, Needs, Permission, Reach, required_permissions};

/// The command that prints all roles of a run, for the help of a missing permission.
pub(super) fn hint(needs: &Needs) -> String {
    format!("`kubectl netbench check --rbac{}` prints all required roles", flags(needs))
}

/// The flags of `matrix` and `check` that change which permissions a run needs.
fn flags(needs: &Needs) -> String {
    let mut paths: Vec<&str> = needs.settings.routes.iter().map(|route| route.path.name()).collect();
    paths.dedup();
    let via = match needs.client_mode {
        ClientMode::Auto | ClientMode::Process => None,
        ClientMode::Exec => Some("exec"),
        ClientMode::Job => Some("job"),
    };
    let flags = [
        // no quoting: host names, addresses, and names of Kubernetes objects have no shell metacharacters
        needs.to.as_ref().map(|(host, _)| format!(" --to {host}")),
        (paths != ["pod"]).then(|| format!(" --path {}", paths.join(","))),
        via.map(|via| format!(" --via {via}")),
        needs.settings.keep.then(|| " --keep".to_owned()),
        (needs.settings.protocol == Protocol::Udp).then(|| " --udp".to_owned()),
        needs.settings.options.network_policy.then(|| " --network-policy".to_owned()),
        needs.claim.as_ref().map(|claim| format!(" --volume {claim}")),
        needs.given.as_ref().map(|namespace| format!(" --namespace {namespace}")),
    ];
    flags.into_iter().flatten().collect()
}

/// The roles that grant what a run with these needs does in a cluster, as YAML.
pub fn rbac_manifests(needs: &Needs) -> String {
    let permissions = required_permissions(needs);
    let permissions =
        || permissions.iter().filter(|permission| permission.necessity != Necessity::InsteadOfExec);
    let is_cluster_wide =
        |permission: &&Permission| permission.reach == Reach::Cluster || needs.given.is_none();
    let mut text =
        format!("# Permissions for `kubectl netbench matrix{}`. Grant them to a user:\n", flags(needs));
    text += "#   kubectl create clusterrolebinding netbench --clusterrole=netbench --user=NAME\n";
    if let Some(namespace) = &needs.given {
        // no quoting: names of namespaces have no shell metacharacters
        let binding = "kubectl create rolebinding netbench --role=netbench --user=NAME";
        // writing to a string cannot fail
        let _ = writeln!(text, "#   {binding} --namespace={namespace}");
    }
    text += "# For a group or a service account, replace --user=NAME with --group=NAME or --serviceaccount=NAMESPACE:NAME.\n";
    text += &role("ClusterRole", "netbench", None, permissions().filter(is_cluster_wide));
    if let Some(namespace) = &needs.given {
        text += "---\n";
        text += &role(
            "Role",
            "netbench",
            Some(namespace),
            permissions().filter(|permission| !is_cluster_wide(permission)),
        );
    }
    text
}

fn role<'a>(
    kind: &str,
    name: &str,
    namespace: Option<&str>,
    permissions: impl Iterator<Item = &'a Permission>,
) -> String {
    // quoted: `1` is a valid name of a namespace, and a number in YAML
    let namespace = namespace.map_or(String::new(), |namespace| format!("\n  namespace: \"{namespace}\""));
    let head = "apiVersion: rbac.authorization.k8s.io/v1";
    let mut text = format!("{head}\nkind: {kind}\nmetadata:\n  name: {name}{namespace}\nrules:\n");
    for permission in permissions {
        let purpose = permission.purpose;
        let comment = match permission.necessity {
            Necessity::Optional(lost) => format!("optional, for {purpose}; without it, {lost}"),
            Necessity::Required | Necessity::InsteadOfExec => format!("for {purpose}"),
        };
        // writing to a string cannot fail
        let _ = writeln!(text, "# {comment}\n- {}", rule(permission, permission.verbs));
    }
    text
}

/// The RBAC rule that grants these verbs on the resource of `permission`.
pub(super) fn rule(permission: &Permission, verbs: &[&str]) -> String {
    let Permission { group, resource, .. } = permission;
    format!("{{apiGroups: [\"{group}\"], resources: [{resource}], verbs: [{}]}}", verbs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Path;
    use crate::testbed::kubernetes::Settings;
    use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};

    #[test]
    fn run_without_namespace_needs_one_cluster_role() {
        let needs = needs(settings(), None, ClientMode::Auto);
        let printed = rbac_manifests(&needs);
        assert!(
            include_str!("../../docs/permissions.md").contains(&printed),
            "docs/permissions.md shows other roles"
        );
        insta::assert_snapshot!(printed);
    }

    #[test]
    fn run_in_a_given_namespace_needs_a_role_there() {
        let settings = Settings { routes: over(&[Path::Service]), ..settings() };
        let needs = needs(settings, Some("team-a"), ClientMode::Job);
        insta::assert_snapshot!(rbac_manifests(&needs));
    }

    #[test]
    fn manifests_are_yaml_with_a_rule_per_permission() {
        let needs = needs(settings(), None, ClientMode::Exec);
        let role: serde_json::Value = serde_yaml::from_str(&rbac_manifests(&needs)).unwrap();
        let printed = role["rules"].as_array().unwrap();
        assert_eq!(printed.len(), required_permissions(&needs).len());
        assert_eq!(printed[0]["resources"][0], "nodes");
    }
}
