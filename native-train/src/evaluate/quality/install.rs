//! Puts a card into the bundle that it was measured on.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use g2d_core::weights::{FileRole, Manifest, file_entry};

use super::{card::Card, table::markdown};
use crate::files;

/// Lines of a model card between which the tables stand.
pub const MARKERS: [&str; 2] = ["<!-- quality: begin -->", "<!-- quality: end -->"];

/// Heading under which the tables stand.
const SECTION: &str = "## What they score";

/// Writes `card.json` beside the weights and the tables into `model-card.md`, whose size and hash
/// in the manifest follow. The weights stay as they are.
///
/// # Errors
/// When a file cannot be read or written.
pub fn install(folder: &Path, card: &Card) -> Result<()> {
    let path = folder.join("model-card.md");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let text = with_tables(&text, &markdown(card));
    let shown = || folder.join("manifest.json").display().to_string();
    let manifest = fs::read(folder.join("manifest.json")).with_context(shown)?;
    let mut manifest = Manifest::from_bytes(&manifest).with_context(shown)?;
    for entry in manifest.files.iter_mut().filter(|entry| entry.path == "model-card.md") {
        *entry = file_entry("model-card.md", FileRole::Card, text.as_bytes());
    }
    let line_end = |mut json: Vec<u8>| {
        json.push(b'\n');
        json
    };
    files::write_atomic(&path, text.as_bytes())?;
    let json = line_end(serde_json::to_vec_pretty(&manifest)?);
    files::write_atomic(&folder.join("manifest.json"), &json)?;
    let json = line_end(serde_json::to_vec_pretty(card)?);
    files::write_atomic(&folder.join("card.json"), &json)?;
    Ok(())
}

/// The text with the tables between the markers; where there are none, in the place of the section
/// of scores, or else at the end.
fn with_tables(text: &str, tables: &str) -> String {
    let [begin, end] = MARKERS;
    let block = format!("{begin}\n\n{}\n\n{end}", tables.trim());
    if let (Some(from), Some(to)) = (text.find(begin), text.find(end))
        && from < to
    {
        return format!("{}{block}{}", &text[..from], &text[to + end.len()..]);
    }
    if let Some(from) = text.find(SECTION) {
        let from = from + SECTION.len();
        let to = text[from..].find("\n## ").map_or(text.len(), |next| from + next);
        return format!("{}\n\n{block}\n{}", &text[..from], &text[to..]);
    }
    format!("{}\n\n{SECTION}\n\n{block}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle_dir::{self, Parts};
    use crate::evaluate::quality::CardModel;
    use g2d_core::weights::Dtype;

    #[test]
    fn tables_replace_those_that_were_there() {
        let first = with_tables("# Card\n\ntext\n", "one\n");
        assert!(first.starts_with("# Card\n\ntext\n\n## What they score\n\n"));
        let second = with_tables(&first, "two\n");
        assert_eq!(second, first.replace("one", "two"));
        assert_eq!(with_tables(&second, "two\n"), second);
        let older = "# Card\n\n## What they score\n\n0.5\n\n## Rest\n\nr\n";
        let newer = with_tables(older, "one");
        assert!(newer.ends_with("-->\n\n## Rest\n\nr\n") && !newer.contains("0.5"), "{newer}");
    }

    #[test]
    fn a_bundle_is_whole_after_its_card_changed() {
        let out = tempfile::tempdir().unwrap();
        let parts = Parts {
            name: "test".into(),
            preset: "tiny".into(),
            dtype: Dtype::F32,
            config: b"{}".to_vec(),
            tokenizer: b"{}".to_vec(),
            weights: vec![bundle_dir::Shard { branch: None, bytes: vec![0; 8] }],
            card: "# Card\n".into(),
        };
        let manifest = bundle_dir::write(out.path(), &parts).unwrap();
        let model = CardModel {
            name: "test".into(),
            sha256: manifest.weights_sha256.clone(),
            bytes: 1,
            parameters: 2,
            input: 3,
            training: String::new(),
        };
        install(out.path(), &Card::new(model)).unwrap();
        let bundle = bundle_dir::read(out.path()).unwrap();
        assert_eq!(bundle.manifest.weights_sha256, manifest.weights_sha256);
        assert!(out.path().join("card.json").is_file());
    }
}
