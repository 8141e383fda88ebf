//! The settings file.

use std::path::Path;

use kubectl_netbench::config::Configuration;

/// Any file: it is read, or rejected with a position and a single-line error.
pub fn file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Configuration::read(Path::new("config.yaml"), &text, |_| None) {
        Ok(configuration) => {
            // every setting that was read is accessible
            let _ = configuration.settings(Some("production"));
        }
        Err(error) => {
            let explanation = error.explain();
            super::check_line(&explanation.error);
            assert!(explanation.error.starts_with("config.yaml:"), "{}", explanation.error);
            assert!(explanation.help.is_some());
        }
    }
}
