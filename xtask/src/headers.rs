//! The `_headers` file, as static hosts read it: a path pattern at the start of a line, below it indented
//! `Name: value` lines. Serving the very file that a host would read means that the page is tested with
//! the content security policy it will live under.

use anyhow::{Context, Result, bail};
use std::path::Path;

/// The rules of one `_headers` file, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Debug, PartialEq, Eq)]
struct Rule {
    pattern: String,
    headers: Vec<Header>,
}

#[derive(Debug, PartialEq, Eq)]
enum Header {
    Set(String, String),
    /// `! Name`: takes away what an earlier rule set.
    Remove(String),
}

impl Rules {
    /// Reads the file; without one there are no rules.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).context("the _headers file is not as it should be"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).context("the _headers file could not be read"),
        }
    }

    /// Parses the text of a `_headers` file.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut rules: Vec<Rule> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let (number, content) = (index + 1, line.trim());
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if !line.starts_with([' ', '\t']) {
                if !content.starts_with('/') {
                    bail!("line {number}: a path pattern must start with `/`");
                }
                rules.push(Rule { pattern: content.to_owned(), headers: Vec::new() });
                continue;
            }
            let Some(rule) = rules.last_mut() else {
                bail!("line {number}: a header stands before any path pattern");
            };
            rule.headers.push(header(content).with_context(|| format!("line {number}"))?);
        }
        Ok(Self(rules))
    }

    /// The headers of one path. Every rule that matches counts; a header set twice is joined with a comma,
    /// as hosts do.
    pub(crate) fn of(&self, path: &str) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for rule in self.0.iter().filter(|rule| matches(&rule.pattern, path)) {
            for header in &rule.headers {
                match header {
                    Header::Remove(name) => found.retain(|(n, _)| !n.eq_ignore_ascii_case(name)),
                    Header::Set(name, value) => {
                        match found.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
                            Some((_, old)) => *old = format!("{old}, {value}"),
                            None => found.push((name.clone(), value.clone())),
                        }
                    }
                }
            }
        }
        found
    }
}

fn header(line: &str) -> Result<Header> {
    if let Some(name) = line.strip_prefix('!') {
        return Ok(Header::Remove(name.trim().to_owned()));
    }
    let (name, value) = line.split_once(':').context("a header needs a colon")?;
    let (name, value) = (name.trim(), value.trim());
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        bail!("`{name}` is not a header name");
    }
    if !value.chars().all(|c| c == '\t' || (' '..='~').contains(&c)) {
        bail!("the value of {name} has characters other than printable ASCII");
    }
    Ok(Header::Set(name.to_owned(), value.to_owned()))
}

/// `*` stands for any run of characters, `/` included.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.any(|at| matches(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# policy\n/*\n  X-Content-Type-Options: nosniff\n  Cache-Control: no-cache\n\n\
        /model/*.safetensors\n\t! cache-control\n  Cache-Control: max-age=60\n/a\n  Vary: Accept\n  vary: Origin\n";

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn later_rules_add_remove_and_join() {
        let rules = Rules::parse(TEXT).unwrap();
        let base = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-cache")];
        assert_eq!(rules.of("/"), pairs(&base));
        assert_eq!(
            rules.of("/model/model.safetensors"),
            pairs(&[("X-Content-Type-Options", "nosniff"), ("Cache-Control", "max-age=60")])
        );
        assert_eq!(rules.of("/model/manifest.json"), pairs(&base));
        assert_eq!(rules.of("/a")[2], ("Vary".to_owned(), "Accept, Origin".to_owned()));
    }

    #[test]
    fn a_value_keeps_its_colons() {
        let rules =
            Rules::parse("/*\n  Content-Security-Policy: img-src 'self' blob: data:\n").unwrap();
        assert_eq!(rules.of("/x")[0].1, "img-src 'self' blob: data:");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, says) in [
            ("  A: b\n", "line 1: a header stands before"),
            ("model\n", "line 1: a path pattern"),
            ("/*\n  no colon\n", "line 2"),
            ("/*\n\n  Bad name: x\n", "line 3"),
            ("/*\n  A: b\u{e9}\n", "line 2"),
        ] {
            let error = format!("{:#}", Rules::parse(text).unwrap_err());
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }

    #[test]
    fn the_star_matches_any_run() {
        assert!(matches("/*", "/"));
        assert!(matches("/a/*/c", "/a/b/b/c"));
        assert!(matches("/*.wasm", "/x/y.wasm"));
        assert!(!matches("/*.wasm", "/y.wasm.txt"));
        assert!(!matches("/a", "/a/b"));
    }
}
