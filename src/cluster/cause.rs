//! Messages of the client library's errors without credentials: the library quotes the output of a credential
//! plugin, and the text around a syntax error in a kubeconfig.

use std::error::Error;
use std::iter::successors;
use std::process::Output;

use kube::client::AuthError;

use crate::sanitize;

/// An error with all its causes, in one line.
pub(super) fn cause_chain(error: &(dyn Error + 'static)) -> String {
    redacted(error).unwrap_or_else(|| {
        let mut text = error.to_string();
        for cause in causes(error).skip(1).map(ToString::to_string) {
            if !text.contains(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        sanitized(&text)
    })
}

/// The innermost cause of an error, which is the most specific and does not repeat others.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    redacted(error).unwrap_or_else(|| {
        causes(error).last().map(|cause| sanitized(&cause.to_string())).unwrap_or_default()
    })
}

/// A message from outside this program, made safe to print: without credentials and control characters.
pub(super) fn sanitized(text: &str) -> String {
    sanitize::reason(&sanitize::without_credentials(text))
}

/// The first error of a type among an error and its causes.
pub(super) fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}

/// A replacement for the message of an error that quotes credentials, or may do so.
fn redacted(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(|cause| {
        let cause: &AuthError = cause.downcast_ref()?;
        match cause {
            AuthError::AuthExecRun { out, .. } => {
                Some(format!("the credential plugin {}", plugin_failure(out)))
            }
            AuthError::ParseTokenKey(_) => {
                Some("the credential helper did not print a valid token".to_owned())
            }
            // the message of a JSON error quotes the value
            AuthError::Oidc(refresh) if causes(refresh).any(<dyn Error>::is::<serde_json::Error>) => {
                Some("the OIDC provider returned an invalid response or ID token".to_owned())
            }
            _ => None,
        }
    })
}

/// How a credential plugin failed, to follow its name. Quotes standard error only: it prints the credentials to standard
/// output.
pub(super) fn plugin_failure(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last_line = stderr.lines().rfind(|line| !line.trim().is_empty());
    let message = last_line.map_or(String::new(), |line| format!(": {}", sanitized(line)));
    format!("failed ({}){message}", output.status)
}

// it makes exit statuses of Unix
#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    const SECRET: &str = "c2VjcmV0LXRva2Vu";

    #[test]
    fn failure_of_credential_plugin_quotes_only_its_stderr() {
        let out = Output {
            status: std::process::ExitStatus::from_raw(256),
            stdout: SECRET.into(),
            stderr: "Warning: old\nerror: log in again\u{1b}[2J\n".into(),
        };
        let cmd = format!("TOKEN={SECRET} plugin --password {SECRET}");
        let error = kube::Error::Auth(AuthError::AuthExecRun { cmd, out: Box::new(out) });
        let message = "the credential plugin failed (exit status: 1): error: log in again [2J";
        assert_eq!((cause_chain(&error).as_str(), innermost(&error).as_str()), (message, message));
        // the error is wrapped if the plugin runs for a request, not for the connection
        assert_eq!(innermost(&kube::Error::Service(Box::new(error))), message);
    }
}
