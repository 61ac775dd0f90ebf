//! What the phantom is made of, and how strongly it takes X-rays out of the beam.

/// A tissue of the phantom; also the index into lists of path lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tissue {
    /// Subcutaneous fat and breast.
    Fat = 0,
    /// Muscle, and every soft part that nothing else claims.
    Muscle = 1,
    /// Spongy bone with its marrow.
    Marrow = 2,
    /// Cortical bone.
    Bone = 3,
    /// Air in trachea, bronchi, stomach and pleural space.
    Air = 4,
    /// Heart and great vessels.
    Blood = 5,
    /// Mediastinum, liver and the rest under the diaphragm.
    Soft = 6,
    /// Air-filled lung, without the vessels and lesions that add to it.
    Lung = 7,
    /// Pleural fluid.
    Fluid = 8,
    /// Pleura of a collapsed lung with the lung next to it.
    Pleura = 9,
}

/// Number of tissues.
pub(crate) const TISSUES: usize = 10;

impl Tissue {
    /// Linear attenuation coefficient per millimetre at 70 keV, about the mean energy behind the
    /// patient of a 120 kVp beam. Mass coefficients: NIST XCOM / Hubbell and Seltzer (NISTIR 5632),
    /// interpolated between 60 and 80 keV; densities: ICRU Report 44. Lung: 0.26 g/cm3 (ICRU 44).
    /// Spongy bone: 1.18 g/cm3 (ICRU 44).
    pub(crate) fn per_mm(self) -> f64 {
        match self {
            Self::Fat => 0.0178,
            Self::Muscle => 0.0203,
            Self::Marrow => 0.0246,
            Self::Bone => 0.0500,
            Self::Air => 0.0,
            Self::Blood => 0.0205,
            Self::Soft => 0.0202,
            Self::Lung => 0.0050,
            Self::Fluid => 0.0196,
            // A quarter of it pleura, the rest lung.
            Self::Pleura => 0.0090,
        }
    }
}
