//! `g2d embed`: vectors and dense maps of images and texts, for anyone's own use.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use g2d_core::{Error, config::MapSource, raster::Raster, session::Session};

use super::{eval, predict::MapArg};
use crate::{
    args::Usage,
    evaluate::manifest::{
        arrays::{self, Array},
        films::{self, unit},
        nothing_usable,
        report::Tally,
        rows,
    },
    files, output,
    wait::block_on,
};

/// Texts are read up to here.
const TEXTS_LIMIT: u64 = 256 << 20;

/// Options of `g2d embed`.
#[derive(Debug, Args)]
#[command(after_help = "Writes the arrays `images`, `texts` and `maps`, little-endian f32, and \
    what each of their rows is of. Vectors have length 1 unless --raw, so that a dot product is a \
    cosine.")]
pub struct EmbedArgs {
    /// Folder of the bundle
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,

    /// Rows with `image` and/or `text` (JSONL, CSV or TSV), or a pack's folder; an `id` names them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["images", "texts"])]
    pub manifest: Option<PathBuf>,

    /// Images, PNG or JPEG
    #[arg(long, value_name = "IMAGE", num_args = 1..)]
    pub images: Vec<PathBuf>,

    /// A text file in UTF-8, one text a line
    #[arg(long, value_name = "FILE")]
    pub texts: Option<PathBuf>,

    /// A name that ends in .safetensors, or a folder for NumPy files
    #[arg(long, value_name = "FILE|DIR")]
    pub out: PathBuf,

    /// Write maps of each image too: `dense`, the unit vector at every place; `text`, the row's
    /// own text's cosine at the network's size (rows of a manifest with both)
    #[arg(long, value_enum, value_name = "KIND", num_args = 0..=1, default_missing_value = "dense")]
    pub maps: Option<MapKind>,

    /// Where maps come from; the model's own choice when not given
    #[arg(long, value_enum)]
    pub source: Option<MapArg>,

    /// Leave the vectors as the network gives them
    #[arg(long)]
    pub raw: bool,

    /// Images that go through the network together
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub batch: u16,

    /// auto, cpu, wgpu or cuda[:i]
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// The words for `--maps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MapKind {
    /// The unit vector at every place
    Dense,
    /// The cosine with the row's own text
    Text,
}

/// Something to embed, and what the result calls it.
struct Item<T> {
    line: u64,
    id: String,
    what: T,
}

/// Everything to embed.
#[derive(Default)]
struct Items {
    images: Vec<Item<PathBuf>>,
    texts: Vec<Item<String>>,
    /// Rows of the manifest, or images and texts named.
    all: usize,
}

/// Embeds, writes, and prints one line of JSON; fails at the end when anything failed.
///
/// # Errors
/// When the bundle or the data cannot be used, or any row failed.
pub fn run(args: &EmbedArgs) -> Result<()> {
    if args.manifest.is_none() && args.images.is_empty() && args.texts.is_none() {
        return Err(Usage("give --manifest, --images or --texts".into()).into());
    }
    if args.maps == Some(MapKind::Text) && args.manifest.is_none() {
        return Err(Usage("--maps text needs a --manifest, whose rows have both".into()).into());
    }
    arrays::check(&args.out)?;
    let mut tally = Tally::default();
    let items = collect(args, &mut tally)?;
    let session = eval::load(&args.model, &args.device)?;
    let texts = texts(&session, &items.texts)?;
    let (images, maps) = images(args, &session, &items, &texts, &mut tally)?;
    if images.ids.is_empty() && texts.ids.is_empty() {
        return Err(nothing_usable(items.all));
    }
    let mut written = Vec::new();
    for vectors in [images, texts] {
        if !vectors.ids.is_empty() {
            written.push(vectors.array(args.raw));
        }
    }
    written.extend(maps);
    let info = session.model_info();
    let about = HashMap::from([
        ("model".to_owned(), info.name.clone()),
        ("sha256".to_owned(), info.sha256.clone()),
        ("normalised".to_owned(), (!args.raw).to_string()),
        ("map_source".to_owned(), source(args, &session).name().to_owned()),
    ]);
    arrays::write(&args.out, &written, &about)?;
    let shapes: serde_json::Map<String, serde_json::Value> =
        written.iter().map(|a| (a.name.clone(), a.shape.clone().into())).collect();
    output::json_line(&serde_json::json!({ "out": args.out, "arrays": shapes }))?;
    tally.finish(items.all)
}

fn source(args: &EmbedArgs, session: &Session) -> MapSource {
    args.source.map_or(session.config().grounding.source, MapSource::from)
}

fn collect(args: &EmbedArgs, tally: &mut Tally) -> Result<Items> {
    let mut items = Items::default();
    if let Some(path) = &args.manifest {
        let rows = rows::read(path)?;
        items.all = rows.rows.len() + rows.broken.len();
        for (line, error) in rows.broken {
            tally.fail(line, &error.into());
        }
        for row in &rows.rows {
            if let Err(error) = of_row(row, &mut items) {
                tally.fail(row.line, &error.into());
            }
        }
        if items.images.is_empty() && items.texts.is_empty() {
            return Err(nothing_usable(items.all)).with_context(|| path.display().to_string());
        }
        return Ok(items);
    }
    for (i, path) in args.images.iter().enumerate() {
        let id = path.display().to_string();
        items.images.push(Item { line: i as u64 + 1, id, what: path.clone() });
    }
    if let Some(path) = &args.texts {
        items.texts = lines(path).with_context(|| path.display().to_string())?;
    }
    items.all = items.images.len() + items.texts.len();
    Ok(items)
}

/// A row with neither image nor text is a failure; one that has both counts for both.
fn of_row(row: &rows::Row, items: &mut Items) -> Result<(), Error> {
    let (line, id) = (row.line, row.id()?);
    let spoken = ["text", "findings", "impression"].iter().any(|c| row.has(c));
    let image = if row.has("image") || !spoken { Some(row.image()?) } else { None };
    let text = if spoken { Some(row.text()?) } else { None };
    items.images.extend(image.map(|what| Item { line, id: id.clone(), what }));
    items.texts.extend(text.map(|what| Item { line, id, what }));
    Ok(())
}

fn lines(path: &Path) -> Result<Vec<Item<String>>> {
    let bytes = files::read_at_most(path, TEXTS_LIMIT)?;
    let wrong = |what: &str| Error::input("G2D-I42", what, "Give plain text in UTF-8, one a line");
    let text = String::from_utf8(bytes).map_err(|_| wrong("The texts are not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let items: Vec<Item<String>> = (1..)
        .zip(text.lines())
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(line, text)| Item { line, id: format!("line {line}"), what: text.trim().to_owned() })
        .collect();
    if items.is_empty() {
        return Err(wrong("There is no text in the file").into());
    }
    Ok(items)
}

/// Vectors with what they are of.
#[derive(Default)]
struct Vectors {
    name: &'static str,
    ids: Vec<String>,
    lines: Vec<u64>,
    rows: Vec<Vec<f32>>,
}

impl Vectors {
    fn array(&self, raw: bool) -> Array {
        let width = self.rows.first().map_or(0, Vec::len);
        let row = |row: &Vec<f32>| if raw { row.clone() } else { unit(row) };
        Array {
            name: self.name.into(),
            shape: vec![self.rows.len(), width],
            values: self.rows.iter().flat_map(row).collect(),
            ids: self.ids.clone(),
        }
    }
}

fn texts(session: &Session, items: &[Item<String>]) -> Result<Vectors> {
    let mut found = Vectors { name: "texts", ..Vectors::default() };
    let mut different = films::Texts::default();
    let places: Vec<usize> = items.iter().map(|item| different.place(&item.what)).collect();
    let vectors = different.vectors(session)?;
    for (item, place) in items.iter().zip(places) {
        found.ids.push(item.id.clone());
        found.lines.push(item.line);
        found.rows.push(vectors[place].clone());
    }
    Ok(found)
}

/// The images' vectors, and their maps where asked for.
fn images(
    args: &EmbedArgs,
    session: &Session,
    items: &Items,
    texts: &Vectors,
    tally: &mut Tally,
) -> Result<(Vectors, Option<Array>)> {
    let mut found = Vectors { name: "images", ..Vectors::default() };
    let mut maps =
        Array { name: "maps".into(), shape: Vec::new(), values: Vec::new(), ids: Vec::new() };
    let source = source(args, session);
    let text_of: HashMap<u64, usize> =
        texts.lines.iter().enumerate().map(|(place, &line)| (line, place)).collect();
    let paths: Vec<&Path> = items.images.iter().map(|item| item.what.as_path()).collect();
    let from_manifest = args.manifest.is_some();
    let mut failed = |i: usize, error: &anyhow::Error| {
        let line = items.images[i].line;
        // Without a manifest the path says which one it is.
        let place = if from_manifest { format!("Line {line}: ") } else { String::new() };
        tally.fail(line, &anyhow::anyhow!("{place}{error:#}"));
    };
    films::in_batches(
        session,
        &paths,
        usize::from(args.batch),
        &mut failed,
        |indices, prepared| {
            let inputs: Vec<&Raster> = prepared.iter().map(|p| &p.input).collect();
            let features = session.encode_inputs(&inputs);
            found.rows.extend(block_on(session.image_vectors(&features))?);
            for &i in indices {
                found.ids.push(items.images[i].id.clone());
                found.lines.push(items.images[i].line);
            }
            match args.maps {
                None => {}
                Some(MapKind::Dense) => {
                    let dense = block_on(session.dense_maps(&features, source))?;
                    maps.shape = dense.shape.to_vec();
                    maps.values.extend(dense.images.into_iter().flatten());
                    maps.ids.extend(indices.iter().map(|&i| items.images[i].id.clone()));
                }
                Some(MapKind::Text) => {
                    let bodies = films::bodies(session, prepared);
                    let own = |&i: &usize| {
                        let place = text_of.get(&items.images[i].line);
                        place.map(|&p| texts.rows[p].as_slice()).into_iter().collect()
                    };
                    let sentences: Vec<Vec<&[f32]>> = indices.iter().map(own).collect();
                    let of = session.maps_of_vectors(&features, &bodies, &sentences, source);
                    for (&i, of) in indices.iter().zip(block_on(of)?) {
                        for map in of {
                            maps.shape = vec![map.height, map.width];
                            maps.values.extend(map.data);
                            maps.ids.push(items.images[i].id.clone());
                        }
                    }
                }
            }
            Ok(())
        },
    )?;
    maps.shape.insert(0, maps.ids.len());
    let maps = (!maps.ids.is_empty()).then_some(maps);
    Ok((found, maps))
}
