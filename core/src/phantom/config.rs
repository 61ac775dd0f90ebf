//! How phantoms are drawn.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Smallest picture that still shows a chest, pixels.
pub const MIN_SIZE: usize = 32;
/// Largest picture, pixels; a study of this size takes seconds.
pub const MAX_SIZE: usize = 2048;

/// Where a film is taken and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Institution {
    /// The one that models are trained on.
    #[default]
    First,
    /// Another detector, other markers, other phrasing: for tests of transfer.
    Second,
}

/// How the beam runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// From front to back or back to front.
    #[default]
    Frontal,
    /// From side to side: what a frontal model must refuse.
    Lateral,
}

/// How phantoms are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhantomConfig {
    /// Side of the square picture, pixels, [`MIN_SIZE`] to [`MAX_SIZE`].
    pub size: usize,
    /// Quantum noise, 1 = a usual exposure, 0 = none.
    pub noise: f32,
    /// Factor on the film's contrast, 1 = usual.
    pub contrast: f32,
    /// Where the film is taken and reported.
    pub institution: Institution,
    /// How the beam runs.
    pub view: View,
    /// Dense parts dark, as a film that was stored the wrong way round: for tests of refusal.
    pub inverted: bool,
}

impl Default for PhantomConfig {
    fn default() -> Self {
        Self {
            size: 256,
            noise: 1.0,
            contrast: 1.0,
            institution: Institution::First,
            view: View::Frontal,
            inverted: false,
        }
    }
}

impl PhantomConfig {
    /// # Errors
    /// When a value is outside its range.
    pub fn validate(&self) -> Result<()> {
        let remedy = format!(
            "Use a size from {MIN_SIZE} to {MAX_SIZE}, noise from 0 to 10 and contrast from 0.2 to 5"
        );
        if !(MIN_SIZE..=MAX_SIZE).contains(&self.size) {
            let what = format!("A phantom of {} pixels a side cannot be drawn", self.size);
            return Err(Error::config("G2D-C30", what, remedy));
        }
        if !(0.0..=10.0).contains(&self.noise) || !(0.2..=5.0).contains(&self.contrast) {
            let what = "The phantom's noise or contrast is out of range";
            return Err(Error::config("G2D-C31", what, remedy));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_checked() {
        assert!(PhantomConfig::default().validate().is_ok());
        let code = |config: PhantomConfig| config.validate().unwrap_err().code();
        assert_eq!(code(PhantomConfig { size: 16, ..Default::default() }), "G2D-C30");
        assert_eq!(code(PhantomConfig { size: 4096, ..Default::default() }), "G2D-C30");
        assert_eq!(code(PhantomConfig { noise: f32::NAN, ..Default::default() }), "G2D-C31");
        assert_eq!(code(PhantomConfig { contrast: 0.0, ..Default::default() }), "G2D-C31");
    }

    #[test]
    fn missing_fields_take_their_defaults_and_unknown_ones_are_refused() {
        let config: PhantomConfig = serde_json::from_str(r#"{"size": 128}"#).unwrap();
        assert_eq!(config, PhantomConfig { size: 128, ..Default::default() });
        assert!(serde_json::from_str::<PhantomConfig>(r#"{"sise": 128}"#).is_err());
    }
}
