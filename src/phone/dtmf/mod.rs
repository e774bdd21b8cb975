//! Which key was pressed: by a tone in the sound ([`Detector`]), or by a telephone event beside it. [`Keys`] counts a
//! press that comes both ways once. [`tone`] makes tones, for tests and for simulated phones.

mod detector;
mod keys;
mod tone;

pub use detector::Detector;
pub use keys::Keys;
pub use tone::tone;
