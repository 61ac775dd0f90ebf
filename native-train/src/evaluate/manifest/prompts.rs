//! Prompts of zero-shot classification: for each class, sentences that say it is there and
//! sentences that say it is not.
//!
//! A file is JSON or TOML (by its extension):
//!
//! ```json
//! {
//!   "positive": ["{}"],
//!   "negative": ["no {}"],
//!   "combine": "mean",
//!   "classes": {
//!     "Pleural Effusion": { "names": ["Effusion"], "word": "pleural effusion" },
//!     "Pneumonia": { "positive": ["Pneumonia is seen."], "negative": ["The lungs are clear."] }
//!   }
//! }
//! ```
//!
//! A class has prompts of its own, or its `word` (its name in lower case when there is none) stands
//! in the templates' `{}`. `names` are other spellings in the labels. Without `classes` those of
//! `prompts/classes.json` are taken.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use g2d_core::Error;
use serde::Deserialize;

use crate::files;

/// The sets that come with the program.
const BUILT_IN: [(&str, &str); 5] = [
    ("chexzero", include_str!("../../../prompts/chexzero.json")),
    ("biovil", include_str!("../../../prompts/biovil.json")),
    ("cxrclip", include_str!("../../../prompts/cxrclip.json")),
    ("carzero", include_str!("../../../prompts/carzero.json")),
    ("conceptclip", include_str!("../../../prompts/conceptclip.json")),
];
/// Wordings of MedKLIP and KAD for ChestX-ray14, and CheXpert's other classes in its own words.
const CLASSES: &str = include_str!("../../../prompts/classes.json");
/// Larger files are no prompts.
const FILE_LIMIT: u64 = 4 << 20;

/// How several prompts of one side become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// The mean of their unit vectors, of unit length again.
    #[default]
    Mean,
    /// The largest of their cosines.
    Max,
}

/// The prompts of all classes.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptSet {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub about: String,
    /// How several prompts become one.
    pub combine: Combine,
    /// In the order of their names.
    pub classes: Vec<ClassPrompts>,
}

/// The prompts of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassPrompts {
    /// The class.
    pub name: String,
    /// Spellings under which labels may have it, normalised.
    names: Vec<String>,
    /// Sentences that say it is there; at least one.
    pub positive: Vec<String>,
    /// Sentences that say it is not there; none where the set has no negations.
    pub negative: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFile {
    name: Option<String>,
    about: Option<String>,
    #[serde(default)]
    combine: Combine,
    #[serde(default)]
    positive: Vec<String>,
    #[serde(default)]
    negative: Vec<String>,
    classes: Option<BTreeMap<String, ClassFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassFile {
    #[serde(default)]
    names: Vec<String>,
    word: Option<String>,
    #[serde(default)]
    positive: Vec<String>,
    #[serde(default)]
    negative: Vec<String>,
}

fn wrong(what: impl Into<String>) -> Error {
    Error::input("G2D-I40", what, "See `g2d eval zero-shot --help` for what a prompts file holds")
}

/// Lower case, words apart by one space.
fn normalised(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Whether a class is CheXpert's "No Finding".
pub fn is_no_finding(name: &str) -> bool {
    matches!(normalised(name).as_str(), "no finding" | "no findings")
}

/// The built-in set of a name, or else the set in a file.
///
/// # Errors
/// When neither is there, or the file is no set of prompts.
pub fn open(name_or_file: &str) -> anyhow::Result<PromptSet> {
    if let Some((_, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_file) {
        return Ok(parse(text, false, name_or_file)?);
    }
    let path = Path::new(name_or_file);
    let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let read = || -> anyhow::Result<PromptSet> {
        if !path.is_file() {
            return Err(Error::input(
                "G2D-I41",
                "There is no such set of prompts and no such file",
                format!("Use one of {}, or give a JSON or TOML file", known.join(", ")),
            )
            .into());
        }
        let bytes = files::read_at_most(path, FILE_LIMIT)?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("The prompts are not UTF-8"))?;
        let toml = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
        Ok(parse(&text, toml, name_or_file)?)
    };
    read().with_context(|| name_or_file.to_owned())
}

fn parse(text: &str, toml: bool, name: &str) -> Result<PromptSet, Error> {
    // Prompts belong to nobody's report, so the parsers may quote them.
    let file: SetFile = if toml {
        toml::from_str(text).map_err(|e| wrong(format!("This is no set of prompts: {e}")))?
    } else {
        serde_json::from_str(text).map_err(|e| wrong(format!("This is no set of prompts: {e}")))?
    };
    if let Some(template) = file.positive.iter().chain(&file.negative).find(|t| !t.contains("{}")) {
        return Err(wrong(format!("The template {template:?} has no {{}} for the class")));
    }
    let own = file.classes.is_some();
    let classes = match file.classes {
        Some(classes) => classes,
        None => serde_json::from_str(CLASSES)
            .map_err(|_| Error::bug("G2D-B71", "The built-in classes cannot be read"))?,
    };
    let mut found = Vec::with_capacity(classes.len());
    for (class, prompts) in classes {
        let word = prompts.word.unwrap_or_else(|| class.to_lowercase());
        let filled = |own: Vec<String>, templates: &[String]| match own.is_empty() {
            true => templates.iter().map(|t| t.replace("{}", &word)).collect(),
            false => own,
        };
        // "no no finding" is read as its opposite: CheXzero's own users met an AUC of 0.07.
        if own && is_no_finding(&class) && prompts.negative.is_empty() && !file.negative.is_empty()
        {
            return Err(wrong(format!(
                "The templates would turn the class {class:?} into its opposite; give it prompts \
                 of its own, positive and negative"
            )));
        }
        let positive: Vec<String> = filled(prompts.positive, &file.positive);
        if positive.is_empty() {
            return Err(wrong(format!("The class {class:?} has no positive prompt")));
        }
        let mut names = vec![normalised(&class)];
        names.extend(prompts.names.iter().map(|n| normalised(n)));
        let negative = filled(prompts.negative, &file.negative);
        found.push(ClassPrompts { name: class, names, positive, negative });
    }
    if found.is_empty() {
        return Err(wrong("There is no class"));
    }
    Ok(PromptSet {
        name: file.name.unwrap_or_else(|| name.to_owned()),
        about: file.about.unwrap_or_default(),
        combine: file.combine,
        classes: found,
    })
}

impl PromptSet {
    /// The class that a label's name means.
    pub fn find(&self, label: &str) -> Option<usize> {
        let wanted = normalised(label);
        self.classes.iter().position(|class| class.names.contains(&wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_sets_have_every_class() {
        for (name, _) in BUILT_IN {
            let set = open(name).unwrap();
            assert_eq!((set.name.as_str(), set.classes.len()), (name, 20));
            let class = &set.classes[set.find("Effusion").unwrap()];
            assert_eq!(class.name, "Pleural Effusion");
            assert!(class.positive.iter().all(|p| p.contains("pleural effusion")), "{name}");
            assert!(set.find("No Finding").is_none());
        }
        let chexzero = open("chexzero").unwrap();
        let class = &chexzero.classes[chexzero.find("pleural_effusion").unwrap()];
        assert_eq!(class.positive, ["pleural effusion"]);
        assert_eq!(class.negative, ["no pleural effusion"]);
        let biovil = open("biovil").unwrap();
        assert_eq!((biovil.classes[0].positive.len(), biovil.classes[0].negative.len()), (4, 4));
        assert!(open("conceptclip").unwrap().classes[0].negative.is_empty());
    }

    #[test]
    fn own_files_in_both_languages() {
        let json = r#"{"positive":["{} is seen"],"negative":["no {}"],"combine":"max",
            "classes":{"Mass":{"names":["tumour"]},"No Finding":{"positive":["clear"],"negative":["ill"]}}}"#;
        let toml = "positive = [\"{} is seen\"]\nnegative = [\"no {}\"]\ncombine = \"max\"\n\
            [classes.Mass]\nnames = [\"tumour\"]\n[classes.\"No Finding\"]\npositive = [\"clear\"]\n\
            negative = [\"ill\"]\n";
        let set = parse(json, false, "mine").unwrap();
        assert_eq!(set, parse(toml, true, "mine").unwrap());
        assert_eq!(set.combine, Combine::Max);
        assert_eq!(set.classes[set.find("Tumour").unwrap()].positive, ["mass is seen"]);
        assert_eq!(set.classes[set.find("no_finding").unwrap()].negative, ["ill"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, word) in [
            (r#"{"positive":["x"],"negative":[]}"#, "has no {}"),
            (r#"{"positive":["{}"],"negative":["no {}"],"classes":{"No Finding":{}}}"#, "opposite"),
            (r#"{"negative":["no {}"],"classes":{"Mass":{}}}"#, "no positive prompt"),
            (r#"{"classes":{}}"#, "no class"),
            (r#"{"postive":["{}"]}"#, "postive"),
        ] {
            let error = parse(text, false, "mine").unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("G2D-I40"), "{error}");
        }
        let error = format!("{:#}", open("chexnet").unwrap_err());
        assert!(error.contains("G2D-I41") && error.contains("biovil"), "{error}");
    }
}
