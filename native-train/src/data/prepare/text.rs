//! Which parts of a report become the text of a pair, and when there is too little of it.

use g2d_core::text::{MAX_REPORT_BYTES, ReportParts, report_parts, training_text};
use serde::Serialize;

/// Which sections are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sections {
    /// Whichever there is of impression and findings.
    Any,
    /// Both, and both must be there.
    Both,
    /// The findings alone.
    Findings,
    /// The impression alone.
    Impression,
}

/// In which order the two sections are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As MGCA and the G2D paper join them.
    ImpressionFindings,
    /// As reports are written.
    FindingsImpression,
}

/// The rules for reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextRules {
    /// Which sections are used.
    pub sections: Sections,
    /// In which order.
    pub order: Order,
    /// Whether the last paragraphs stand in where there is neither findings nor impression.
    pub last_paragraph: bool,
    /// Fewest words of a report.
    pub min_words: usize,
}

/// Why a report gives no text, in the order of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextLoss {
    /// The file is not there.
    Missing,
    /// The file cannot be read as text.
    Unreadable(String),
    /// The wanted sections are not there.
    NoSections(&'static str),
    /// Too few words.
    Short(usize),
}

impl TextRules {
    /// The text of a report file's bytes.
    ///
    /// # Errors
    /// The first rule that the report fails.
    pub fn of_bytes(&self, bytes: &[u8]) -> Result<String, TextLoss> {
        if bytes.len() > MAX_REPORT_BYTES {
            return Err(TextLoss::Unreadable(format!(
                "the report is longer than {MAX_REPORT_BYTES} bytes"
            )));
        }
        // Old reports hold a few bytes of other encodings: the sign is lost, the report is not.
        let text = String::from_utf8_lossy(bytes);
        if text.contains('\0') {
            return Err(TextLoss::Unreadable("the report is not a text".into()));
        }
        self.of_parts(&report_parts(&text))
    }

    /// The text of a report that is cut into its parts already.
    ///
    /// # Errors
    /// The first rule that the report fails.
    pub fn of_parts(&self, parts: &ReportParts) -> Result<String, TextLoss> {
        let (findings, impression) = (parts.findings.as_deref(), parts.impression.as_deref());
        let (findings, impression) = match self.sections {
            Sections::Any => (findings, impression),
            Sections::Both if findings.is_some() && impression.is_some() => (findings, impression),
            Sections::Both => {
                return Err(TextLoss::NoSections("findings or impression is missing"));
            }
            Sections::Findings if findings.is_none() && impression.is_some() => {
                return Err(TextLoss::NoSections("the findings are missing"));
            }
            Sections::Impression if impression.is_none() && findings.is_some() => {
                return Err(TextLoss::NoSections("the impression is missing"));
            }
            Sections::Findings => (findings, None),
            Sections::Impression => (None, impression),
        };
        let neither = findings.is_none() && impression.is_none();
        let last = parts.last_paragraph.as_deref().filter(|_| self.last_paragraph && neither);
        if neither && last.is_none() {
            return Err(TextLoss::NoSections("there is neither findings nor impression"));
        }
        self.long_enough(&training_text(findings, impression, last))?;
        let named = |name: &str, body: Option<&str>| body.map(|body| format!("{name}: {body}"));
        let (findings, impression) = (named("FINDINGS", findings), named("IMPRESSION", impression));
        let (first, second) = match self.order {
            Order::ImpressionFindings => (impression, findings),
            Order::FindingsImpression => (findings, impression),
        };
        let parts = [first, second, last.map(str::to_owned)];
        Ok(parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }

    /// Checks a report that is taken as it stands.
    ///
    /// # Errors
    /// When nothing of it describes the film, or too little.
    pub fn check_free(&self, text: &str) -> Result<(), TextLoss> {
        let cleaned = training_text(None, None, Some(text));
        if cleaned.is_empty() {
            return Err(TextLoss::NoSections("no sentence describes the film"));
        }
        self.long_enough(&cleaned)
    }

    fn long_enough(&self, cleaned: &str) -> Result<(), TextLoss> {
        let words =
            cleaned.split_whitespace().filter(|w| w.contains(char::is_alphanumeric)).count();
        if words < self.min_words { Err(TextLoss::Short(words)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: TextRules = TextRules {
        sections: Sections::Any,
        order: Order::ImpressionFindings,
        last_paragraph: false,
        min_words: 3,
    };
    const BOTH: &str = "HISTORY: Zebra.\nFINDINGS: Clear lungs.\nIMPRESSION: No acute process.";

    fn text(rules: &TextRules, report: &str) -> Result<String, TextLoss> {
        rules.of_bytes(report.as_bytes())
    }

    #[test]
    fn sections_and_order_are_switches() {
        let with = |sections, order| text(&TextRules { sections, order, ..RULES }, BOTH).unwrap();
        use Order::{FindingsImpression, ImpressionFindings};
        assert_eq!(
            with(Sections::Any, ImpressionFindings),
            "IMPRESSION: No acute process.\nFINDINGS: Clear lungs."
        );
        assert_eq!(
            with(Sections::Both, FindingsImpression),
            "FINDINGS: Clear lungs.\nIMPRESSION: No acute process."
        );
        assert_eq!(with(Sections::Impression, FindingsImpression), "IMPRESSION: No acute process.");
        let findings = TextRules { sections: Sections::Findings, min_words: 2, ..RULES };
        assert_eq!(text(&findings, BOTH).unwrap(), "FINDINGS: Clear lungs.");
    }

    #[test]
    fn every_way_to_fail_has_its_rule() {
        let one = "IMPRESSION: No acute process.";
        for (sections, missing) in [
            (Sections::Both, "findings or impression is missing"),
            (Sections::Findings, "the findings are missing"),
        ] {
            let rules = TextRules { sections, ..RULES };
            assert_eq!(text(&rules, one), Err(TextLoss::NoSections(missing)));
        }
        let neither = Err(TextLoss::NoSections("there is neither findings nor impression"));
        let paragraph = "HISTORY: Cough.\n\nHeart is of normal size.";
        assert_eq!(text(&RULES, paragraph), neither);
        let rules = TextRules { last_paragraph: true, ..RULES };
        assert_eq!(text(&rules, paragraph).unwrap(), "Heart is of normal size.");
        assert_eq!(text(&rules, "HISTORY: Cough."), neither);
        // A blanked-out name is no word.
        assert_eq!(text(&RULES, "FINDINGS: Clear ___ lungs."), Err(TextLoss::Short(2)));
        assert!(matches!(text(&RULES, "FINDINGS: a\0b"), Err(TextLoss::Unreadable(_))));
        let long = "Clear. ".repeat(MAX_REPORT_BYTES / 6);
        assert!(matches!(text(&RULES, &long), Err(TextLoss::Unreadable(_))));
        assert!(RULES.of_bytes(b"FINDINGS: Caf\xe9 au lait.").is_ok());
    }

    #[test]
    fn free_reports_need_words_about_the_film() {
        assert_eq!(RULES.check_free("Clear lungs today."), Ok(()));
        assert_eq!(RULES.check_free("Clear lungs."), Err(TextLoss::Short(2)));
        assert!(matches!(RULES.check_free("HISTORY: a b c d."), Err(TextLoss::NoSections(_))));
    }
}
