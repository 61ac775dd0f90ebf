use super::*;

/// A deterministic picture without any symmetry.
fn film(width: usize, height: usize) -> Raster {
    let value = |i: usize| 0.2 + 0.8 * ((i * 7919 + 13) % 1009) as f32 / 1009.0;
    Raster { width, height, data: (0..width * height).map(value).collect() }
}

fn config(resize: ResizeKind, resize_to: usize, input_size: usize) -> ImageConfig {
    ImageConfig { resize, resize_to, input_size, ..ImageConfig::default() }
}

fn every_config() -> Vec<ImageConfig> {
    [ResizeKind::Squash, ResizeKind::Pad]
        .into_iter()
        .flat_map(|kind| [config(kind, 256, 224), config(kind, 128, 128), config(kind, 97, 64)])
        .collect()
}

/// Black with film in `[x, y, w, h]`.
fn framed(width: usize, height: usize, part: [usize; 4]) -> Raster {
    let mut out = Raster::filled(width, height, 0.0);
    let [x0, y0, w, h] = part;
    for y in y0..y0 + h {
        for x in x0..x0 + w {
            out.data[y * width + x] = 0.3 + 0.001 * (x % 7) as f32;
        }
    }
    out
}

fn box_mask(width: usize, height: usize, part: [usize; 4]) -> Mask {
    framed(width, height, part).above(0.1)
}

fn iou(a: &Mask, b: &Mask) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let pairs = || a.data.iter().zip(&b.data);
    let both = pairs().filter(|(a, b)| **a != 0 && **b != 0).count();
    both as f64 / pairs().filter(|(a, b)| **a != 0 || **b != 0).count() as f64
}

fn mean(raster: &Raster) -> f64 {
    raster.data.iter().map(|&v| f64::from(v)).sum::<f64>() / raster.data.len() as f64
}

#[test]
fn points_come_back_exactly() {
    for (w, h) in [(64, 64), (1, 300), (300, 1), (1000, 311), (37, 641), (2021, 1987)] {
        for config in every_config() {
            let geometry = Geometry::plan(&film(w, h), &config).unwrap();
            for (x, y) in
                [(0.0, 0.0), (0.5, 0.5), (w as f64, h as f64), (-3.25, 17.125), (1e3, 7.0)]
            {
                let (u, v) = geometry.to_input(x, y);
                let (x2, y2) = geometry.to_original(u, v);
                assert!((x - x2).abs() < 1e-9 && (y - y2).abs() < 1e-9, "{w}x{h} {config:?}");
            }
        }
    }
}

#[test]
fn corners_of_the_film_are_corners_of_the_square() {
    let squash = Geometry::plan(&film(400, 300), &config(ResizeKind::Squash, 256, 224)).unwrap();
    assert_eq!(squash.to_input(0.0, 0.0), (-16.0, -16.0));
    assert_eq!(squash.to_input(400.0, 300.0), (240.0, 240.0));
    let pad = Geometry::plan(&film(400, 300), &config(ResizeKind::Pad, 128, 128)).unwrap();
    assert_eq!(pad.to_input(0.0, 0.0), (0.0, 16.0));
    assert_eq!(pad.to_input(400.0, 300.0), (128.0, 112.0));
}

#[test]
fn a_box_comes_back_through_input_pixels() {
    for (w, h) in [(640, 610), (333, 500), (500, 333), (211, 640)] {
        for kind in [ResizeKind::Squash, ResizeKind::Pad] {
            let geometry = Geometry::plan(&film(w, h), &config(kind, 224, 224)).unwrap();
            let mask = box_mask(w, h, [w / 5 + 1, h / 6 + 2, w * 3 / 5, h * 3 / 5]);
            let soft = geometry.map_back(&geometry.apply(&mask.to_raster()), 0.0).above(0.5);
            assert!(iou(&mask, &soft) > 0.98, "{w}x{h} {kind:?} {}", iou(&mask, &soft));
            let hard = geometry.mask_back(&geometry.mask_forward(&mask));
            assert!(iou(&mask, &hard) > 0.97, "{w}x{h} {kind:?} {}", iou(&mask, &hard));
        }
    }
}

#[test]
fn a_box_comes_back_when_borders_are_cut_off() {
    for border in [[1, 1, 498, 398], [90, 3, 301, 390], [0, 70, 500, 250]] {
        let film = framed(500, 400, border);
        for kind in [ResizeKind::Squash, ResizeKind::Pad] {
            let geometry = Geometry::plan(&film, &config(kind, 256, 256)).unwrap();
            assert_eq!(geometry.crop(), border);
            let mask = box_mask(500, 400, [150, 110, 170, 160]);
            let soft = geometry.map_back(&geometry.apply(&mask.to_raster()), 0.0).above(0.5);
            assert!(iou(&mask, &soft) > 0.98, "{border:?} {kind:?}");
            let hard = geometry.mask_back(&geometry.mask_forward(&mask));
            assert!(iou(&mask, &hard) > 0.97, "{border:?} {kind:?}");
        }
    }
}

#[test]
fn what_was_cut_away_is_outside() {
    let film = framed(200, 100, [40, 0, 100, 100]);
    let geometry = Geometry::plan(&film, &config(ResizeKind::Squash, 64, 32)).unwrap();
    let back = geometry.map_back(&Raster::filled(32, 32, 0.5), -1.0);
    // Columns 40 to 140 become 64 pixels; the centre crop keeps the middle half, 65 to 115.
    for (x, y) in [(0, 50), (39, 50), (64, 50), (115, 50), (199, 50), (90, 24), (90, 75)] {
        assert_eq!(back.at(x, y), -1.0, "{x} {y}");
    }
    for (x, y) in [(65, 50), (114, 50), (90, 25), (90, 74)] {
        assert_eq!(back.at(x, y), 0.5, "{x} {y}");
    }
    let mask = geometry.mask_back(&Mask::filled(32, 32, 1));
    assert_eq!(mask.bounding_box(), Some([65, 25, 50, 50]));
    assert_eq!(mask.area(), 2500);
}

#[test]
fn padding_is_black_and_holds_no_mask() {
    let film = Raster::filled(100, 50, 1.0);
    let geometry = Geometry::plan(&film, &config(ResizeKind::Pad, 64, 64)).unwrap();
    let input = geometry.apply(&film);
    assert_eq!(input.above(0.5).bounding_box(), Some([0, 16, 64, 32]));
    assert!(input.data.iter().all(|v| *v == 0.0 || *v == 1.0));
    let mask = geometry.mask_forward(&Mask::filled(100, 50, 1));
    assert_eq!(mask.bounding_box(), Some([0, 16, 64, 32]));
}

#[test]
fn a_constant_film_stays_constant() {
    for (w, h) in [(300, 300), (1, 77), (1023, 517), (50, 60)] {
        let film = Raster::filled(w, h, 0.7);
        let geometry = Geometry::plan(&film, &config(ResizeKind::Squash, 256, 224)).unwrap();
        let input = geometry.apply(&film);
        assert_eq!(input.data.len(), 224 * 224);
        assert!(input.data.iter().all(|v| (v - 0.7).abs() < 1e-6));
        let back = geometry.map_back(&input, 0.7);
        assert_eq!((back.width, back.height), (w, h));
        assert!(back.data.iter().all(|v| (v - 0.7).abs() < 1e-6));
    }
}

#[test]
fn shrinking_keeps_the_mean() {
    for (w, h) in [(640, 480), (301, 517), (1999, 257)] {
        let film = film(w, h);
        let geometry = Geometry::plan(&film, &config(ResizeKind::Squash, 128, 128)).unwrap();
        assert!((mean(&geometry.apply(&film)) - mean(&film)).abs() < 1e-5);
    }
}

#[test]
fn four_by_four_to_two_by_two_by_hand() {
    let film = Raster { width: 4, height: 4, data: (1..=16).map(|v| v as f32 / 16.0).collect() };
    let geometry = Geometry::plan(&film, &config(ResizeKind::Squash, 2, 2)).unwrap();
    let expected = [3.5, 5.5, 11.5, 13.5].map(|v| v / 16.0);
    assert_eq!(geometry.apply(&film).data, expected);
}

#[test]
fn the_crop_needs_one_percent_and_a_believable_box() {
    let tolerant =
        |film: &Raster| Geometry::plan(film, &config(ResizeKind::Squash, 64, 64)).unwrap().crop();
    let mut dusty = framed(400, 400, [50, 60, 300, 280]);
    // Three specks of 400 in an empty row are below 1%, four are not.
    for x in [10, 200, 390] {
        dusty.data[5 * 400 + x] = 1.0;
    }
    assert_eq!(tolerant(&dusty), [50, 60, 300, 280]);
    dusty.data[5 * 400 + 300] = 1.0;
    assert_eq!(tolerant(&dusty), [50, 5, 300, 335]);
    let mut hazy = framed(400, 400, [50, 60, 300, 280]);
    hazy.data.iter_mut().for_each(|v| *v = v.max(5.0 / 255.0));
    assert_eq!(tolerant(&hazy), [50, 60, 300, 280]);
    assert_eq!(tolerant(&framed(400, 400, [50, 60, 31, 300])), [0, 0, 400, 400]);
    assert_eq!(tolerant(&framed(400, 400, [50, 60, 50, 50])), [0, 0, 400, 400]);
    assert_eq!(tolerant(&Raster::filled(400, 400, 0.0)), [0, 0, 400, 400]);
    let keep = ImageConfig { crop_tolerance: None, ..config(ResizeKind::Squash, 64, 64) };
    let film = framed(400, 400, [50, 60, 300, 280]);
    assert_eq!(Geometry::plan(&film, &keep).unwrap().crop(), [0, 0, 400, 400]);
}

#[test]
fn it_travels_as_json_and_nonsense_does_not() {
    let geometry = Geometry::plan(&film(400, 300), &config(ResizeKind::Pad, 128, 128)).unwrap();
    let json = serde_json::to_string(&geometry).unwrap();
    assert_eq!(serde_json::from_str::<Geometry>(&json).unwrap(), geometry);
    let broken = json.replace("\"crop\":400", "\"crop\":401");
    assert_ne!(broken, json);
    assert!(serde_json::from_str::<Geometry>(&broken).is_err());
}

#[test]
fn what_cannot_run_is_said() {
    let none = Raster::filled(0, 10, 0.0);
    assert_eq!(Geometry::plan(&none, &ImageConfig::default()).unwrap_err().code(), "G2D-I05");
    let config = config(ResizeKind::Pad, 100, 128);
    assert_eq!(Geometry::plan(&film(40, 40), &config).unwrap_err().code(), "G2D-C05");
}

#[test]
fn normalise_is_planar_and_uses_each_channel() {
    let config = ImageConfig {
        mean: [0.5, 0.25, 0.0],
        std: [0.5, 0.25, 2.0],
        ..config(ResizeKind::Pad, 32, 32)
    };
    let input = Raster { width: 2, height: 1, data: vec![0.5, 1.0] };
    assert_eq!(normalise(&input, &config), [0.0, 1.0, 1.0, 3.0, 0.25, 0.5]);
}
