//! From a request's path to a file of the built page, and to no other file.

use std::path::{Path, PathBuf};

/// The file a request asks for, or `None` when the page has no such file. `target` is the request target as
/// it came: percent-encoded, perhaps with a query.
pub(crate) fn resolve(root: &Path, target: &str) -> Option<PathBuf> {
    let path = decode(path_of(target))?;
    let mut file = root.to_path_buf();
    let inner = path.strip_prefix('/')?;
    let (folders, last) = inner.rsplit_once('/').unwrap_or(("", inner));
    for segment in folders.split('/').filter(|_| !folders.is_empty()) {
        file.push(plain(segment)?);
    }
    file.push(if last.is_empty() { "index.html" } else { plain(last)? });
    // A link inside the folder must not lead out of it either.
    let (file, root) = (file.canonicalize().ok()?, root.canonicalize().ok()?);
    (file.starts_with(&root) && file.is_file()).then_some(file)
}

/// The path of a request target, without query and fragment.
pub(crate) fn path_of(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}

/// A name that is only a name. Names starting with a dot and the `_headers` file are not part of the page.
fn plain(segment: &str) -> Option<&str> {
    let hidden = segment.is_empty() || segment.starts_with('.') || segment == "_headers";
    let odd = segment.chars().any(|c| matches!(c, '/' | '\\' | ':') || c.is_control());
    (!hidden && !odd).then_some(segment)
}

/// Percent-decoding, segment by segment so that an encoded slash stays inside its segment and is refused there.
fn decode(path: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        let value = u8::try_from(high * 16 + low).ok()?;
        if value == b'/' {
            return None;
        }
        decoded.push(value);
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page folder inside a folder with a secret; removed when dropped.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let place =
                std::env::temp_dir().join(format!("g2d-xtask-{name}-{}", std::process::id()));
            std::fs::create_dir_all(place.join("page/model")).unwrap();
            std::fs::write(place.join("secret.txt"), "secret").unwrap();
            for file in ["index.html", "a b.js", ".hidden", "_headers", "model/manifest.json"] {
                std::fs::write(place.join("page").join(file), file).unwrap();
            }
            Self(place)
        }

        fn get(&self, target: &str) -> Option<String> {
            let file = resolve(&self.0.join("page"), target)?;
            Some(std::fs::read_to_string(file).unwrap())
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn finds_the_files_of_the_page() {
        let place = Place::new("files");
        assert_eq!(place.get("/").as_deref(), Some("index.html"));
        assert_eq!(place.get("/?backend=cpu#x").as_deref(), Some("index.html"));
        assert_eq!(place.get("/a%20b.js").as_deref(), Some("a b.js"));
        assert_eq!(place.get("/model/manifest.json").as_deref(), Some("model/manifest.json"));
    }

    #[test]
    fn nothing_else_can_be_had() {
        let place = Place::new("else");
        for target in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/model/../../secret.txt",
            "/model/..\\..\\secret.txt",
            "/%2e%2e%5csecret.txt",
            "//etc/passwd",
            "/etc/passwd",
            "secret.txt",
            "http://127.0.0.1/index.html",
            "/.hidden",
            "/_headers",
            "/model",
            "/model/",
            "/index.html%00.js",
            "/%zz",
            "/%f",
            "/%ff",
            "*",
            "",
        ] {
            assert_eq!(place.get(target), None, "{target}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_does_not_lead_out() {
        let place = Place::new("link");
        std::os::unix::fs::symlink(place.0.join("secret.txt"), place.0.join("page/link.txt"))
            .unwrap();
        assert_eq!(place.get("/link.txt"), None);
    }
}
