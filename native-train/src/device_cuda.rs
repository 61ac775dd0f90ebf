//! NVIDIA cards.

use burn::tensor::{Device, DeviceType, Tensor};
use g2d_core::{Error, outcome::DeviceInfo};

use crate::panics;

/// Number of cards; none without a driver.
pub(super) fn count() -> usize {
    panics::probe(|| Device::enumerate(DeviceType::Cuda).len()).unwrap_or(0)
}

/// Opens a card and lets it compute once.
pub(super) fn open(index: usize, reason: &str) -> Result<(Device, DeviceInfo), Error> {
    let cards = count();
    if index >= cards {
        let what = match cards {
            0 => "no NVIDIA card or no driver was found".to_owned(),
            n => format!("there are {n} NVIDIA cards, counted from 0"),
        };
        return Err(Error::device("G2D-D14", what, "See `g2d info --devices`"));
    }
    // A card may be listed and yet not work (a driver older than the compiler, no NVRTC); Burn
    // panics then, and only when something is computed.
    let answer = panics::probe(|| {
        let device = Device::cuda(index);
        let two = Tensor::<1>::ones([2], &device).sum().into_data();
        let name = device.identity().map_or_else(String::new, |identity| identity.name);
        (device, name, two.iter::<f32>().next() == Some(2.0))
    });
    match answer {
        Ok((device, name, true)) => {
            let info = DeviceInfo { backend: "cuda".into(), name, reason: reason.to_owned() };
            Ok((device, info))
        }
        Ok((.., false)) => Err(failed("1 + 1 is not 2 there")),
        Err(panic) => Err(failed(&panic)),
    }
}

fn failed(detail: &str) -> Error {
    Error::device(
        "G2D-D15",
        format!("The NVIDIA card does not compute ({detail})"),
        "Check the driver and the CUDA toolkit's NVRTC, or use --device cpu",
    )
}
