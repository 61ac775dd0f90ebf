//! Each step against numpy, SciPy, scikit-image, OpenCV and PyTorch, from stored results
//! (`tests/fixtures/make_pseudo_mask.py` writes them).

use safetensors::{SafeTensors, tensor::TensorView};

use super::smooth::direct::{Window, bilateral, bilateral_direct};
use super::*;
use crate::config::{BodyRule, SmoothingKind, ThresholdKind, UpsampleKind};

const STAGES: &[u8] = include_bytes!("../../../tests/fixtures/pseudo_mask/stages.safetensors");

struct Fixture<'a>(SafeTensors<'a>);

impl Fixture<'_> {
    fn open() -> Self {
        Self(SafeTensors::deserialize(STAGES).unwrap())
    }

    fn view(&self, name: &str) -> TensorView<'_> {
        self.0.tensor(name).unwrap_or_else(|_| panic!("no {name}"))
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let bytes = self.view(name).data().to_vec();
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    fn integers(&self, name: &str) -> Vec<i64> {
        let bytes = self.view(name).data().to_vec();
        bytes.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap())).collect()
    }

    fn raster(&self, name: &str) -> Raster {
        let shape = self.view(name).shape().to_vec();
        Raster::from_vec(shape[1], shape[0], self.floats(name)).unwrap()
    }

    fn bytes(&self, name: &str) -> Mask {
        let view = self.view(name);
        Mask { width: view.shape()[1], height: view.shape()[0], data: view.data().to_vec() }
    }

    /// A mask as `numpy.packbits` left it.
    fn packed(&self, name: &str, width: usize, height: usize) -> Mask {
        let bits = self.view(name).data().to_vec();
        let data = (0..width * height).map(|i| bits[i / 8] >> (7 - i % 8) & 1).collect();
        Mask { width, height, data }
    }

    fn film(&self, name: &str) -> Raster {
        let grey = self.bytes(&format!("film.{name}"));
        let data = grey.data.iter().map(|&v| f32::from(v) / 255.0).collect();
        Raster { width: grey.width, height: grey.height, data }
    }
}

fn worst(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn upsampling_is_pytorchs() {
    let fixture = Fixture::open();
    for i in 0..4 {
        let map = fixture.raster(&format!("upsample.{i}.map"));
        for (mode, kind, tolerance) in
            [("nearest", UpsampleKind::Nearest, 0.0), ("bilinear", UpsampleKind::Bilinear, 3e-7)]
        {
            let want = fixture.raster(&format!("upsample.{i}.{mode}"));
            let got = upsample(&map, want.width, want.height, kind);
            assert!(worst(&got.data, &want.data) <= tolerance, "{mode} {i}");
        }
    }
}

const FILMS: [&str; 10] = [
    "plain",
    "cut",
    "foggy",
    "noisy",
    "equalised",
    "inverted",
    "random",
    "two",
    "constant",
    "tight",
];

#[test]
fn histogram_thresholds_are_opencvs() {
    let fixture = Fixture::open();
    for name in FILMS {
        let counts = histogram::histogram(&fixture.bytes(&format!("film.{name}")).data);
        let got = [histogram::otsu(&counts).threshold, histogram::triangle(&counts)].map(i64::from);
        assert_eq!(got.to_vec(), fixture.integers(&format!("film.{name}.levels")), "{name}");
    }
}

#[test]
fn body_masks_are_scikit_images_and_scipys() {
    let fixture = Fixture::open();
    let mut believed = 0;
    for name in FILMS {
        let film = fixture.film(name);
        for (text, rule) in [
            ("otsu", BodyRule::Otsu),
            ("fixed", BodyRule::Fixed),
            ("triangle", BodyRule::Triangle),
            ("auto", BodyRule::Auto),
        ] {
            let want = fixture.packed(&format!("film.{name}.{text}"), film.width, film.height);
            let got = find_body(&film, rule);
            believed += usize::from(!got.whole);
            assert_eq!(got.mask, want, "{name} {text}");
        }
    }
    assert!(believed >= 15, "many films must test the search, not the fallback: {believed}");
}

#[test]
fn levels_are_numpys() {
    let fixture = Fixture::open();
    let scores = fixture.floats("scores");
    let shares = fixture.floats("scores.shares");
    for (share, want) in shares.iter().zip(fixture.floats("scores.quantiles")) {
        // Shares were stored as f32; 0.013 is not the double that numpy was given.
        let q = format!("{share}").parse::<f64>().unwrap();
        let got = threshold(scores.clone(), ThresholdKind::Quantile, q);
        assert!((got - want).abs() <= 2.0 * f32::EPSILON * want.abs(), "{q}: {got} {want}");
    }
    let mean = threshold(scores.clone(), ThresholdKind::Mean, 0.0);
    assert!((mean - fixture.floats("scores.mean")[0]).abs() < 1e-9);
    // Ours works on 256 bins, the reference on the samples: they may differ by about a bin.
    let (low, high) = scores.iter().fold((1f32, 0f32), |(l, h), v| (l.min(*v), h.max(*v)));
    let mixture = threshold(scores, ThresholdKind::Gmm, 0.0);
    let want = fixture.floats("scores.mixture")[0];
    assert!((mixture - want).abs() < 1.5 * (high - low) / 256.0, "{mixture} {want}");
}

#[test]
fn the_bilateral_filter_is_its_definition_and_opencvs() {
    let fixture = Fixture::open();
    let blocks = fixture.bytes("blocks");
    for (s, r, name) in [(2.0, 1.0, "2.0.1.0"), (3.5, 0.5, "3.5.0.5"), (1.0, 2.0, "1.0.2.0")] {
        let square = fixture.raster(&format!("blocks.{name}.square"));
        assert!(worst(&bilateral(&blocks, s, r).data, &square.data) < 1e-6, "{name}");
        // OpenCV's window is a disc, which has no closed form; so its result is held against
        // the same definition that the closed form is held against.
        let radius = (3.0 * s).ceil() as usize;
        let disc = bilateral_direct(&blocks.to_raster(), radius, s, r, Window::Circular);
        let opencv = fixture.raster(&format!("blocks.{name}.opencv"));
        assert!(worst(&disc.data, &opencv.data) < 1e-5, "{name}");
    }
}

#[test]
fn the_whole_chain_is_numpys() {
    let fixture = Fixture::open();
    for (name, upsample) in [("plain", UpsampleKind::Bilinear), ("cut", UpsampleKind::Nearest)] {
        let film = fixture.film(name);
        let data = fixture.floats(&format!("chain.{name}.attention"));
        let shape = fixture.view(&format!("chain.{name}.attention")).shape().to_vec();
        let attention =
            Attention { heads: shape[0], side_h: shape[1], side_w: shape[2], data: &data };
        let config = PseudoMaskConfig {
            upsample,
            smoothing: SmoothingKind::Bilateral,
            ..PseudoMaskConfig::default()
        };
        let got = pseudo_mask(&attention, &film, &config);
        let upsampled = fixture.raster(&format!("chain.{name}.upsampled"));
        assert!(worst(&got.upsampled.data, &upsampled.data) < 1e-7);
        let level = fixture.floats(&format!("chain.{name}.threshold"))[0];
        assert!((got.threshold - level).abs() < 1e-7);
        let binary = fixture.packed(&format!("chain.{name}.binary"), film.width, film.height);
        assert_eq!(got.binary, binary);
        let target = fixture.raster(&format!("chain.{name}.target"));
        assert!(worst(&got.target.data, &target.data) < 1e-6);
    }
}
