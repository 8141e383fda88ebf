//! The file of settings, which a user writes.

use std::path::Path;

use kubectl_netbench::config::Configuration;

/// Any file: it is read, or refused with its place, in a line of words in which nothing is hidden.
pub fn file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Configuration::read(Path::new("config.yaml"), &text, |_| None) {
        Ok(configuration) => {
            // whatever can be read can be asked for
            let _ = configuration.settings(Some("production"));
        }
        Err(error) => {
            let told = error.explain();
            super::check_line(&told.error);
            assert!(told.error.starts_with("config.yaml:"), "{}", told.error);
            assert!(told.help.is_some());
        }
    }
}
