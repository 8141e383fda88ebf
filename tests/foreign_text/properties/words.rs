//! Words that are shown.

use kubectl_netbench::document::{Failure, FailureKind};
use kubectl_netbench::sanitize;
use kubectl_netbench::testbed::Unusable;

/// Any text: what is made plain once needs it no more, and nothing that a terminal acts upon is left.
pub fn any(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for made in [sanitize::text, sanitize::line, sanitize::reason] {
        let shown = made(&text);
        assert_eq!(made(&shown), shown);
        assert!(shown.chars().all(|character| character == '\n' || !character.is_control()));
        assert!(!shown.contains(['\u{200b}', '\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}', '\u{feff}']));
    }
    assert!(
        !sanitize::line(&text).contains('\n')
            && sanitize::line(&text).chars().count() == text.chars().count()
    );
    let failure =
        Failure::new(FailureKind::Engine, text.clone()).with_remedy(Some(text.clone().into_owned()));
    let unusable = Unusable::because(text.clone()).with_remedy(Some(text.clone().into_owned()));
    let remedy = unusable.remedy().expect("it was given");
    for words in [failure.reason.as_str(), unusable.reason(), &remedy] {
        assert_eq!(words, sanitize::reason(&text));
    }
}
