//! The words whose pieces a pruned vocabulary keeps.

use std::path::Path;

use g2d_core::phantom;

use super::hf_files::read_small;

/// Words of chest radiology and anatomy, and the small words that reports join them with.
const RADIOLOGY: &str = include_str!("radiology.txt");
/// The name that stands for the built-in words.
const PHANTOMS: &str = "phantoms";

/// The words of `--keep-words`: for `phantoms` what the phantoms' reports are made of and a
/// built-in list of radiology; else the lines of a file.
///
/// # Errors
/// When the file cannot be read.
pub fn wanted(source: &Path) -> anyhow::Result<Vec<String>> {
    if source.as_os_str() == PHANTOMS {
        let mut words = phantom::vocabulary();
        words.extend(RADIOLOGY.split_whitespace().map(str::to_owned));
        return Ok(words);
    }
    let text = String::from_utf8_lossy(&read_small(source)?).into_owned();
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_words_hold_both_lists() {
        let words = wanted(Path::new(PHANTOMS)).unwrap();
        for word in ["retrocardiac", "pneumothorax", "no", "left"] {
            assert!(words.iter().any(|w| w == word), "{word}");
        }
    }

    #[test]
    fn a_file_gives_its_lines() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "pleural effusion\r\n\nno\n").unwrap();
        assert_eq!(wanted(file.path()).unwrap(), ["pleural effusion", "no"]);
        assert!(wanted(Path::new("/no/such/file")).is_err());
    }
}
