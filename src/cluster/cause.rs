//! What an error of the client library says, without what must not be shown: the library repeats
//! what a credential plugin printed, and the text around a mistake in a file of credentials.

use std::error::Error;
use std::iter::successors;
use std::process::Output;

use kube::client::AuthError;
use kube::config::KubeconfigError;

use crate::sanitize;

/// An error and what caused it, in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    told_otherwise(error).unwrap_or_else(|| {
        let mut text = error.to_string();
        for cause in causes(error).skip(1).map(ToString::to_string) {
            if !text.contains(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        shown(&text)
    })
}

/// The first cause of an error says most, and is not repeated by what wraps it.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    told_otherwise(error)
        .unwrap_or_else(|| causes(error).last().map(|cause| shown(&cause.to_string())).unwrap_or_default())
}

/// Words that others have sent, as far as they are shown.
pub(super) fn shown(text: &str) -> String {
    sanitize::reason(&without_credentials(text))
}

/// The text without the user and the password of addresses in it.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        shown.push_str(before);
        let is_end = |character: char| character.is_whitespace() || "/?#\"'<>`\\".contains(character);
        let authority = &after[..after.find(is_end).unwrap_or(after.len())];
        rest = authority.rfind('@').map_or(after, |at| &after[at + 1..]);
    }
    shown + rest
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}

/// The words for an error whose own have secrets in them, or may.
fn told_otherwise(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(|cause| {
        if let Some(KubeconfigError::Parse(wrong)) = cause.downcast_ref() {
            return Some(format!("it is no YAML of a kubeconfig{}", place(wrong)));
        }
        let cause: &AuthError = cause.downcast_ref()?;
        match cause {
            AuthError::AuthExecRun { out, .. } => Some(plugin_failed(out)),
            AuthError::AuthExecParse(wrong) => {
                Some(format!("the credential plugin's answer cannot be read{}", place(wrong)))
            }
            AuthError::ParseTokenKey(_) => Some("the credential helper's answer cannot be read".to_owned()),
            // of JSON that is not as it should be, the message has the value
            AuthError::Oidc(refresh) if causes(refresh).any(<dyn Error>::is::<serde_json::Error>) => {
                Some("the answer of the OIDC provider, or the ID token, cannot be read".to_owned())
            }
            _ => None,
        }
    })
}

/// A plugin prints credentials to its standard output, and its complaints elsewhere.
fn plugin_failed(output: &Output) -> String {
    let complaints = String::from_utf8_lossy(&output.stderr);
    let last = complaints.lines().rfind(|line| !line.trim().is_empty());
    let said = last.map_or(String::new(), |line| format!(": {}", shown(line)));
    format!("the credential plugin failed ({}){said}", output.status)
}

fn place(wrong: &serde_yaml::Error) -> String {
    let place = wrong.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
    place.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::config::Kubeconfig;

    const SECRET: &str = "c2VjcmV0LXRva2Vu";

    #[test]
    fn addresses_are_shown_without_their_passwords() {
        for (text, shown) in [
            ("https://jane:secret@10.0.0.1:6443/x@y", "https://10.0.0.1:6443/x@y"),
            (
                "proxy \"http://a:b@c@proxy:3128\" and socks5://u@h",
                "proxy \"http://proxy:3128\" and socks5://h",
            ),
            ("https://10.0.0.1/?to=a@b", "https://10.0.0.1/?to=a@b"),
            ("no address: a@b", "no address: a@b"),
            ("://", "://"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }

    #[test]
    fn a_wrong_kubeconfig_is_not_quoted() {
        let yaml =
            format!("apiVersion: v1\nusers:\n- name: a\n  user: {{token: {SECRET}, exec: {SECRET}}}\n");
        let error = Kubeconfig::from_yaml(&yaml).unwrap_err();
        assert!(error.to_string().contains(SECRET), "the library quotes it: {error}");
        let told = chain(&error);
        assert!(!told.contains(SECRET) && told.contains("line 4"), "{told}");
    }

    #[cfg(unix)]
    #[test]
    fn a_plugin_is_told_by_its_complaints_only() {
        use std::os::unix::process::ExitStatusExt;
        let out = Output {
            status: std::process::ExitStatus::from_raw(256),
            stdout: SECRET.into(),
            stderr: "Warning: old\nerror: log in again\u{1b}[2J\n".into(),
        };
        let cmd = format!("TOKEN={SECRET} plugin --password {SECRET}");
        let error = kube::Error::Auth(AuthError::AuthExecRun { cmd, out: Box::new(out) });
        let told = "the credential plugin failed (exit status: 1): error: log in again [2J";
        assert_eq!((chain(&error).as_str(), innermost(&error).as_str()), (told, told));
        // while a run goes on, it is wrapped
        assert_eq!(innermost(&kube::Error::Service(Box::new(error))), told);
    }

    #[test]
    fn what_a_plugin_printed_is_not_quoted() {
        let wrong = serde_yaml::from_str::<Vec<u8>>(&format!("status: {{token: {SECRET}}}")).unwrap_err();
        let error = kube::Error::Auth(AuthError::AuthExecParse(Box::new(wrong)));
        assert!(error.to_string().contains(SECRET));
        assert!(!chain(&error).contains(SECRET) && !innermost(&error).contains(SECRET));
    }
}
