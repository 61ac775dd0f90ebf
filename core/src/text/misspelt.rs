//! Headings that are one slip of the fingers away from a name.
//!
//! The table of headings holds the errors that were seen; whoever types makes new ones.

/// Shorter names have too many neighbours that mean something else.
const MIN_LETTERS: usize = 7;

/// The name that `key` (lower case) is one slip away from: a letter too many, too few, another
/// one, or two neighbours exchanged (Damerau, 1964, counts 80% of all errors to these four).
pub(super) fn misspelt<'a>(key: &str, mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names.find(|name| {
        name.len() >= MIN_LETTERS && one_slip(key.as_bytes(), name.to_lowercase().as_bytes())
    })
}

fn one_slip(a: &[u8], b: &[u8]) -> bool {
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], _) | (_, []) => true,
        // Another letter, one too many, one too few; or two exchanged.
        ([x, a_rest @ ..], [y, b_rest @ ..]) => {
            let exchanged = a_rest.first() == Some(y)
                && b_rest.first() == Some(x)
                && a_rest[1..] == b_rest[1..];
            a_rest == b_rest || a_rest == b || a == b_rest || exchanged
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["FINDINGS", "IMPRESSION", "HISTORY", "PLAN"];

    #[test]
    fn one_slip_is_forgiven() {
        let meant = |key: &str| misspelt(key, NAMES.into_iter());
        for key in ["findngs", "fiindings", "fimdings", "fidnings", "findingss", "finding"] {
            assert_eq!(meant(key), Some("FINDINGS"), "{key}");
        }
        assert_eq!(meant("impressino"), Some("IMPRESSION"));
        assert_eq!(meant("mpression"), Some("IMPRESSION"));
        assert_eq!(meant("istory"), Some("HISTORY"));
    }

    #[test]
    fn two_slips_and_short_words_are_not() {
        for key in ["compression", "depression", "fidnigns", "plam", "", "story", "findin", "x"] {
            assert_eq!(misspelt(key, NAMES.into_iter()), None, "{key}");
        }
    }
}
