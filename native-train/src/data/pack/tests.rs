use std::{fs, time::Instant};

use rayon::prelude::*;

use super::{
    check::{check, leaks},
    meta::FileInfo,
    partial::Partial,
    write::{Job, PackFilm, films},
    *,
};

/// A pack of `count` films of `side` pixels, whose pixels and masks tell their number.
fn made(folder: &Path, count: usize, side: usize) {
    let partial = Partial::open(folder, "test").unwrap();
    let layout = Layout::new(side);
    let job = Job { layout, rows: count, chunk: 64 };
    films(&partial, job, |row| {
        let data = (0..side * side).map(|i| u8::from((i + row) % 3 == 0)).collect();
        let pixels = (0..side * side).map(|i| (i * 7 + row) as u8).collect();
        Ok(Ok(PackFilm { pixels, body: Mask { width: side, height: side, data } }))
    })
    .unwrap();
    let mut index = String::new();
    for record in 0..count {
        let (split, group) = if record % 2 == 0 { ("train", "a") } else { ("val", "b") };
        let line = serde_json::json!({
            "record": record, "id": format!("film-{record}"), "group": group, "split": split,
            "text": "FINDINGS: zebra.",
        });
        index.push_str(&format!("{line}\n"));
    }
    let pack = partial.pack();
    fs::write(pack.join(INDEX), index).unwrap();
    let mut info = PackInfo::new("test", side, serde_json::Value::Null);
    info.films = count;
    info.patients = 2;
    info.splits = [("train".into(), count.div_ceil(2)), ("val".into(), count / 2)].into();
    for name in [FILMS, INDEX] {
        info.files.insert(name.into(), FileInfo::of(&pack.join(name)).unwrap());
    }
    fs::write(pack.join(META), info.to_bytes().unwrap()).unwrap();
    partial.finish().unwrap();
}

#[test]
fn films_masks_and_rows_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack");
    made(&path, 5, 9);
    let pack = Pack::open(&path).unwrap();
    assert_eq!((pack.len(), pack.side(), pack.is_empty()), (5, 9, false));
    for i in 0..5 {
        let pixels: Vec<u8> = (0..81).map(|p| (p * 7 + i) as u8).collect();
        assert_eq!(pack.pixels(i), pixels);
        let body: Vec<u8> = (0..81).map(|p| u8::from((p + i) % 3 == 0)).collect();
        assert_eq!(pack.body(i).data, body);
        assert_eq!(pack.row(i).id, format!("film-{i}"));
        let mut film = vec![0.0; 81];
        pack.film_into(i, &mut film);
        assert_eq!(pack.film(i).data, film);
        assert!((film[1] - f32::from(pixels[1]) / 255.0).abs() < 1e-9);
    }
    assert_eq!(pack.row(1).split, "val");
    let (checked, _) = check(&path).unwrap();
    assert_eq!(checked.problems, Vec::<String>::new());
}

#[test]
fn damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack");
    made(&path, 5, 9);
    let problems = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let file = path.join(name);
        let before = fs::read(&file).unwrap();
        let mut bytes = before.clone();
        change(&mut bytes);
        fs::write(&file, bytes).unwrap();
        let problems = check(&path).unwrap().0.problems.join("\n");
        fs::write(&file, before).unwrap();
        problems
    };
    let stride = Layout::new(9).stride();
    // One bit of the film, of the mask, and of the checksum of record 3.
    for at in [4, 81 + 2, stride - 1] {
        let told = problems(FILMS, &|b| b[3 * stride + at] ^= 1);
        assert!(told.contains("Record 3 (film film-3)") && told.contains("SHA-256"), "{told}");
        assert!(!told.contains("Record 2"), "{told}");
    }
    let told = problems(FILMS, &|b| b.truncate(b.len() - 1));
    assert!(told.contains("G2D-F21") && told.contains("bytes instead of"), "{told}");
    let told = problems(INDEX, &|b| b[40] ^= 1);
    assert!(told.contains(INDEX) && !told.contains("zebra"), "{told}");
    let told = problems(META, &|b| {
        let text = String::from_utf8(b.clone()).unwrap();
        *b = text.replace("\"patients\": 2", "\"patients\": 3").into_bytes();
    });
    assert!(told.contains("seal") && told.contains("2 patients"), "{told}");
    fs::remove_file(path.join(META)).unwrap();
    assert!(check(&path).is_err());
}

#[test]
fn a_patient_in_two_splits_is_found() {
    let films = [
        (Some("p"), "train", "1", "A"),
        (Some("q"), "val", "2", "A"),
        (None, "test", "3", "A"),
        (Some("p"), "val", "4", "B"),
        (Some("p"), "test", "5", "B"),
        (Some("q"), "val", "6", "B"),
    ];
    let found = leaks(films.into_iter());
    assert_eq!(found.len(), 1);
    let words = found[0].to_string();
    assert_eq!(words, "patient p is in two splits: film 1 in train of A, film 4 in val of B");
}

#[test]
fn the_contact_sheet_shows_every_film() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack");
    made(&path, 3, 40);
    let pack = Pack::open(&path).unwrap();
    let png = sheet::contact_sheet(&[&pack, &pack], 6).unwrap();
    let png = image::load_from_memory(&png).unwrap().to_rgb8();
    assert_eq!(png.width(), 3 * 48);
    assert!(png.height() > 2 * 68);
    let outlined = png.pixels().filter(|p| p.0 == render_colour()).count();
    assert!(outlined > 1000, "{outlined}");
}

fn render_colour() -> [u8; 3] {
    g2d_core::render::PALETTE[1]
}

/// The speed that training gets from a pack: every film and mask as numbers for a batch.
///
/// `cargo test --release … --lib pack::tests::reading -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn reading_speed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack");
    made(&path, 4096, 256);
    let pack = Pack::open(&path).unwrap();
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    for round in 0..3 {
        let start = Instant::now();
        // Each thread fills one batch after the other, as a worker with its own buffers does.
        let ones: usize = threads.install(|| {
            (0..2_usize)
                .into_par_iter()
                .map(|thread| {
                    let pixels = 256 * 256;
                    let mut images = vec![0.0_f32; 64 * pixels];
                    let mut bodies = vec![0.0_f32; 64 * pixels];
                    let mut ones = 0;
                    for i in (thread..pack.len()).step_by(2) {
                        let place = i / 2 % 64 * pixels..(i / 2 % 64 + 1) * pixels;
                        // Scattered as a shuffled epoch reads them.
                        let film = i * 2_654_435_761 % pack.len();
                        pack.film_into(film, &mut images[place.clone()]);
                        pack.body_into(film, &mut bodies[place.clone()]);
                        std::hint::black_box((&images, &bodies));
                        ones += usize::from(bodies[place.start] > 0.5);
                    }
                    ones
                })
                .sum()
        });
        let seconds = start.elapsed().as_secs_f64();
        assert!(ones > 0);
        println!(
            "round {round}: {:.0} films/s at 256 px, 2 threads, pixels and body as f32",
            pack.len() as f64 / seconds
        );
    }
}
