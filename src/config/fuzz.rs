//! Owns what must hold of whatever file somebody takes for a room's profile. Run by `tests/fuzz`; it
//! panics where it does not hold.

use super::text::Lang;
use super::{Profile, RtspUrl, units};

/// A profile: it is taken, or its faults lie within it. The values with units mean what they say.
pub fn profile(bytes: &[u8]) {
    match Profile::parse(bytes, "room.toml") {
        Ok(profile) => {
            let again = Profile::parse(bytes, "room.toml");
            assert_eq!(
                format!("{profile:?}"),
                format!("{:?}", again.expect("as before"))
            );
        }
        Err(error) => {
            let text = String::from_utf8_lossy(bytes);
            let lines: Vec<&str> = text.split('\n').collect();
            assert!(!error.faults().is_empty());
            for fault in error.faults() {
                assert!(fault.line >= 1 && fault.line <= lines.len(), "{fault:?}");
                let width = lines[fault.line - 1].chars().count();
                assert!(fault.column >= 1 && fault.column <= width + 1, "{fault:?}");
                assert!(!fault.what.en.is_empty() && !fault.remedy.zh.is_empty());
            }
            assert!(
                error
                    .faults()
                    .windows(2)
                    .all(|two| two[0].line <= two[1].line)
            );
            for lang in [Lang::Zh, Lang::En] {
                assert!(error.told(lang).starts_with("room.toml:"));
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        values(text);
    }
}

fn values(text: &str) {
    if let Some(span) = units::span(text) {
        assert_eq!(units::span(&units::show_span(span)), Some(span));
    }
    if let Some(size) = units::size(text) {
        let shown = units::size(&size.to_string()).expect("as shown");
        assert!(shown <= size, "never told too large");
    }
    if let Some(time) = units::time_of_day(text) {
        assert_eq!(time.to_string(), text);
    }
    if let Some(picture) = units::picture(text) {
        assert!(picture.width > 0 && picture.fps > 0);
    }
    if let Ok(url) = text.parse::<RtspUrl>() {
        assert_eq!(url.to_string().parse::<RtspUrl>().ok(), Some(url));
    }
}
