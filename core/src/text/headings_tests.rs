use super::*;

fn parts(text: &str) -> Vec<(Option<String>, Kind, &str)> {
    let found = sections(text).into_iter();
    found
        .map(|s| (s.name, s.kind, text[s.body].trim()))
        .filter(|(name, _, body)| name.is_some() || !body.is_empty())
        .collect()
}

fn named(text: &str) -> Vec<(String, String)> {
    let parts = parts(text).into_iter();
    parts.map(|(name, _, body)| (name.unwrap_or_default(), body.to_owned())).collect()
}

fn pair(name: &str, body: &str) -> (String, String) {
    (name.into(), body.into())
}

#[test]
fn a_whole_report() {
    let text = "                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND \
                LAT)\n\n INDICATION:  ___ with cough.\n\n COMPARISON:  ___.\n\n FINDINGS:\n\n \
                The lungs are clear.\n\n IMPRESSION:\n \n No acute process.\n";
    assert_eq!(
        named(text),
        [
            pair("EXAMINATION", "CHEST (PA AND LAT)"),
            pair("INDICATION", "___ with cough."),
            pair("COMPARISON", "___."),
            pair("FINDINGS", "The lungs are clear."),
            pair("IMPRESSION", "No acute process."),
        ]
    );
}

#[test]
fn many_ways_to_write_one_name() {
    for (line, name) in [
        ("Findings: x", "FINDINGS"),
        ("FIDINGS: x", "FINDINGS"),
        ("  Impresson : x", "IMPRESSION"),
        ("## Impression\nx", "IMPRESSION"),
        ("**FINDINGS:** x", "FINDINGS"),
        ("IMPRESSION\nx", "IMPRESSION"),
        ("FINDINGS/IMPRESSION: x", "FINDINGS AND IMPRESSION"),
        ("FINDINGS AND IMPRESSION:x", "FINDINGS AND IMPRESSION"),
        ("Reason for exam: x", "INDICATION"),
        ("CLINICAL  HISTORY: x", "HISTORY"),
        ("COMPARISION: x", "COMPARISON"),
        ("RECOMMENDATION(S): x", "RECOMMENDATION"),
        ("Conclusions: x", "CONCLUSION"),
        ("1. FINDINGS: x", "FINDINGS"),
        ("PORTABLE AP CHEST, 5:13 A.M., ___: x", "FINDINGS"),
        ("Two views of the chest: x", "FINDINGS"),
        ("CXR: x", "FINDINGS"),
        ("CXR\nx", "FINDINGS"),
        ("Chest PA\nx", "FINDINGS"),
        ("PA AND LATERAL CHEST\nx", "FINDINGS"),
        ("WET READ: x", "WET READ"),
        // In no table, but one slip away from a name.
        ("FINDIGNGS: x", "FINDINGS"),
        ("IMPRESSINO: x", "IMPRESSION"),
        ("COMPRESSION: x", "COMPRESSION"),
    ] {
        let found = named(line);
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert_eq!(found[0].0, name, "{line}");
        assert_eq!(found[0].1.trim_matches('*').trim(), "x", "{line}");
    }
}

#[test]
fn headings_within_a_line() {
    let text = "INDICATION: Cough. FINDINGS: Clear. Impression: Normal.";
    assert_eq!(
        named(text),
        [pair("INDICATION", "Cough."), pair("FINDINGS", "Clear."), pair("IMPRESSION", "Normal."),]
    );
    // A colon in a sentence is none.
    let text = "There are two findings: a nodule and an effusion at 10:30.";
    assert_eq!(named(text), [pair("", text)]);
}

#[test]
fn parts_of_the_body_start_no_section() {
    let text = "FINDINGS:\nLUNGS: Clear.\nHeart: Normal.\nLINES AND TUBES: None.";
    assert_eq!(
        named(text),
        [pair("FINDINGS", "LUNGS: Clear.\nHeart: Normal.\nLINES AND TUBES: None.")]
    );
}

#[test]
fn kinds_follow_the_names() {
    let text = "Before.\nHISTORY: a\nADDENDUM: b\nWET READ: c\nCONCLUSION: d";
    let kinds: Vec<_> = parts(text).into_iter().map(|p| p.1).collect();
    use Kind::{Film, Other, Unknown};
    assert_eq!(kinds, [Film, Other, Film, Unknown, Film]);
}

#[test]
fn a_word_at_the_end_of_a_wrapped_line_is_no_heading() {
    let text = "An effusion that was not there on the previous\nfilm\nis seen.";
    assert_eq!(named(text), [pair("", text)]);
    let text = "Portable chest radiograph.\nNo effusion.";
    assert_eq!(named(text), [pair("", text)]);
}
