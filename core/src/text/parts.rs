//! The sections of a report that pre-training uses, chosen as MIMIC-CXR's users choose them.
//!
//! The rules are those of the sectioning code that comes with MIMIC-CXR, which MGCA and the G2D
//! paper follow: headings are brought to one name each, empty sections do not count, of two
//! sections with one name the last one wins, and where there is neither an impression nor
//! findings, the last paragraphs may stand in.

use super::headings::{Section, sections};
use super::sentences::split;

/// What a report says about the film, by section; headings are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportParts {
    /// The findings; a joint section of findings and impression counts as findings.
    pub findings: Option<String>,
    /// The impression or conclusion.
    pub impression: Option<String>,
    /// Only where both are missing: what follows the first blank line of the last section.
    pub last_paragraph: Option<String>,
}

/// Takes the findings and the impression out of a report.
///
/// Each body keeps its line breaks, without the blanks around lines and without empty lines.
pub fn report_parts(text: &str) -> ReportParts {
    let all = sections(text);
    let mut found = ReportParts::default();
    for section in &all {
        let slot = match section.name.as_deref() {
            Some("FINDINGS" | "FINDINGS AND IMPRESSION") => &mut found.findings,
            Some("IMPRESSION" | "CONCLUSION") => &mut found.impression,
            _ => continue,
        };
        if let Some(body) = body(text, section) {
            *slot = Some(body);
        }
    }
    if found.findings.is_none() && found.impression.is_none() {
        found.last_paragraph = all.last().and_then(|section| after_blank_line(text, section));
    }
    found
}

/// The section's text, none when it says nothing.
fn body(text: &str, section: &Section) -> Option<String> {
    (!split(text, section.body.clone()).is_empty())
        .then(|| tidy(text.get(section.body.clone()).unwrap_or_default()))
}

fn after_blank_line(text: &str, section: &Section) -> Option<String> {
    let body = text.get(section.body.clone())?;
    let mut at = section.body.start;
    for line in body.split_inclusive('\n') {
        at += line.len();
        if line.trim().is_empty() {
            let rest = at..section.body.end;
            let says = !split(text, rest.clone()).is_empty();
            return says.then(|| tidy(text.get(rest).unwrap_or_default()));
        }
    }
    None
}

/// Lines without blanks around them; empty lines, which end a sentence, become one empty line.
fn tidy(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut gap = false;
    for line in body.split(['\n', '\r']).map(str::trim) {
        if line.is_empty() {
            gap = !out.is_empty();
            continue;
        }
        if !out.is_empty() {
            out.push_str(if gap { "\n\n" } else { "\n" });
        }
        gap = false;
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::parse_report;

    fn found(findings: Option<&str>, impression: Option<&str>) -> ReportParts {
        ReportParts {
            findings: findings.map(Into::into),
            impression: impression.map(Into::into),
            last_paragraph: None,
        }
    }

    #[test]
    fn a_report_as_mimic_writes_it() {
        let text = "                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND \
                    LAT)\n \n INDICATION:  ___ year old woman with cough\n \n FINDINGS: \n \n The \
                    lungs are clear of\n consolidation.  No effusion.\n \n IMPRESSION: \n \n No \
                    acute process.\n";
        assert_eq!(
            report_parts(text),
            found(
                Some("The lungs are clear of\nconsolidation.  No effusion."),
                Some("No acute process.")
            )
        );
    }

    #[test]
    fn header_variants_reach_one_name() {
        for (heading, findings) in [
            ("FINDINGS", true),
            ("FINIDNGS", true),
            ("CHEST, PA AND LATERAL", true),
            ("FINDINGS/IMPRESSION", true),
            ("IMPRESSION", false),
            ("IMPRESSIONS", false),
            ("IMPRESSON", false),
            ("CONCLUSION", false),
            ("IMPRESSION AND RECOMMENDATION(S)", false),
            ("PRELIMINARY IMPRESSION", false),
        ] {
            let text = format!(" {heading}:  Clear lungs.\n");
            let parts = report_parts(&text);
            let (one, other) = if findings {
                (parts.findings, parts.impression)
            } else {
                (parts.impression, parts.findings)
            };
            assert_eq!((one.as_deref(), other), (Some("Clear lungs."), None), "{heading}");
        }
    }

    #[test]
    fn the_last_section_that_says_something_wins() {
        let text = "IMPRESSION: Old.\n\nIMPRESSION: New words.\n\nFINDINGS:\n\nIMPRESSION:\n ___\n";
        assert_eq!(report_parts(text), found(None, Some("New words.")));
    }

    #[test]
    fn the_last_paragraph_stands_in_only_where_both_are_missing() {
        let text = " FINAL REPORT\n HISTORY: Fever.\n \n Heart size is\n normal.\n \n Clear.\n";
        let parts = report_parts(text);
        assert_eq!(parts.last_paragraph.as_deref(), Some("Heart size is\nnormal.\n\nClear."));
        assert_eq!((parts.findings, parts.impression), (None, None));
        assert_eq!(report_parts("HISTORY: Fever. Clear."), ReportParts::default());
        assert_eq!(report_parts("HISTORY: Fever.\n\n ___\n"), ReportParts::default());
        assert_eq!(report_parts(""), ReportParts::default());
        assert_eq!(report_parts("FINDINGS: A.\n\nHISTORY: b\n\n c").last_paragraph, None);
    }

    #[test]
    fn written_together_again_it_says_the_same() {
        let text = "INDICATION: x\n FINDINGS:\n 1. The heart is\n    large.\n 2. No\n effusion seen\n \
                    \n Left rib fracture\n IMPRESSION: Large heart";
        let parts = report_parts(text);
        let again = format!(
            "FINDINGS: {}\nIMPRESSION: {}",
            parts.findings.unwrap(),
            parts.impression.unwrap()
        );
        let words = |text: &str| -> Vec<Vec<String>> {
            let sentences = parse_report(text).unwrap().sentences.into_iter();
            sentences.map(|s| s.text.split_whitespace().map(str::to_owned).collect()).collect()
        };
        assert_eq!(words(text), words(&again));
        assert_eq!(words(text).len(), 4);
    }
}
