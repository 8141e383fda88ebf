//! The directory with the default kubeconfig on Windows.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The home directory, by the rules of client-go: the first of `HOME`, `HOMEDRIVE` with `HOMEPATH`, and `USERPROFILE`
/// that has a kubeconfig, otherwise the first that is set.
///
/// `variable` looks up environment variables, `is_file` files.
pub fn windows_home(
    variable: impl Fn(&str) -> Option<OsString>,
    is_file: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let home = set("HOME").map(PathBuf::from);
    let profile = set("USERPROFILE").map(PathBuf::from);
    let path = set("HOMEDRIVE").zip(set("HOMEPATH")).map(|(mut drive, path)| {
        drive.push(path);
        PathBuf::from(drive)
    });
    let with_kubeconfig =
        [&home, &path, &profile].into_iter().flatten().find(|home| is_file(&super::default_file(home)));
    with_kubeconfig.cloned().or(home).or(profile).or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: [(&str, &str); 4] =
        [("HOME", "/h"), ("HOMEDRIVE", "/d"), ("HOMEPATH", "/p"), ("USERPROFILE", "/u")];

    fn home(set: &[&str], with_kubeconfig: &[&str]) -> Option<PathBuf> {
        let variable = |name: &str| {
            let value = VARIABLES.iter().find(|(known, _)| *known == name && set.contains(known));
            value.map(|(_, value)| value.into())
        };
        windows_home(variable, |file| {
            with_kubeconfig.iter().any(|home| file == super::super::default_file(Path::new(home)))
        })
    }

    #[test]
    fn home_with_a_kubeconfig_is_preferred() {
        let all = ["HOME", "HOMEDRIVE", "HOMEPATH", "USERPROFILE"];
        for (set, with_kubeconfig, expected) in [
            (&all[..], &["/u"][..], Some("/u")),
            (&all, &["/d/p", "/u"], Some("/d/p")),
            (&all, &["/h", "/d/p", "/u"], Some("/h")),
            (&all, &[], Some("/h")),
            (&all[1..], &[], Some("/u")),
            (&all[1..3], &[], Some("/d/p")),
            (&all[1..2], &[], None),
        ] {
            assert_eq!(
                home(set, with_kubeconfig),
                expected.map(PathBuf::from),
                "{set:?} {with_kubeconfig:?}"
            );
        }
    }
}
