//! Fetches the model bundle and checks it.

use g2d_core::error::Result;
use g2d_core::weights::{Bundle, Manifest};

use crate::{fetch, link};
use g2d_web::protocol::Event;

/// Where the bundle lies, seen from this program.
const FOLDER: &str = "./model";

/// Reads every file of the bundle and compares sizes and hashes with the manifest.
///
/// # Errors
/// When a file is missing, the connection breaks, or a file is not the one that was published.
pub(crate) async fn bundle() -> Result<Bundle> {
    link::stage("Fetching the model");
    let manifest_bytes = fetch::read(&format!("{FOLDER}/manifest.json"), &mut |_| {}).await?;
    let manifest = Manifest::from_bytes(&manifest_bytes)?;
    let total = manifest.total_bytes();
    let (mut loaded, mut from_cache) = (0, false);
    let mut files = Vec::with_capacity(manifest.files.len());
    link::post(&Event::Progress { loaded, total, from_cache });
    for file in &manifest.files {
        let path = format!("{FOLDER}/{}", file.path);
        let bytes = fetch::read(&path, &mut |n| {
            loaded += n;
            link::post(&Event::Progress { loaded, total, from_cache });
        })
        .await?;
        from_cache = fetch::was_cached(path.trim_start_matches('.'));
        files.push((file.path.clone(), bytes));
    }
    link::post(&Event::Progress { loaded, total, from_cache });
    link::stage("Checking the model's hashes");
    link::breathe().await;
    Bundle::from_files(&manifest_bytes, files)
}
