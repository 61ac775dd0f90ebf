//! Adding up what the test runners report, from their closing lines.

use std::ops::AddAssign;

/// How many tests ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Passed.
    pub(crate) passed: u64,
    /// Failed, the ones that were cut off included.
    pub(crate) failed: u64,
    /// Ignored or skipped.
    pub(crate) skipped: u64,
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

/// Adds the `test result:` lines of cargo's test programs.
pub(crate) fn of_cargo(lines: &[String]) -> Summary {
    let mut sum = Summary::default();
    for line in lines {
        let line = plain(line);
        let Some(rest) = line.strip_prefix("test result: ") else {
            continue;
        };
        for part in rest.split([';', '.']) {
            match counted(part) {
                Some((count, "passed")) => sum.passed += count,
                Some((count, "failed")) => sum.failed += count,
                Some((count, "ignored")) => sum.skipped += count,
                _ => {}
            }
        }
    }
    sum
}

fn counted(part: &str) -> Option<(u64, &str)> {
    let (count, word) = part.trim().split_once(' ')?;
    Some((count.parse().ok()?, word))
}

/// Adds the closing lines of node's test runner: `# pass 3` (tap) or `ℹ pass 3` (spec).
pub(crate) fn of_node(lines: &[String]) -> Summary {
    let mut sum = Summary::default();
    for line in lines {
        let line = plain(line);
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
            continue;
        };
        let Some((word, count)) = rest.trim().split_once(' ') else {
            continue;
        };
        let Ok(count) = count.parse::<u64>() else {
            continue;
        };
        match word {
            "pass" => sum.passed += count,
            "fail" | "cancelled" => sum.failed += count,
            "skipped" | "todo" => sum.skipped += count,
            _ => {}
        }
    }
    sum
}

/// A line without colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\x1b') {
        text.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn adds_up_cargo() {
        let text = "running 3 tests\ntest a ... ok\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\
            test result: \x1b[31mFAILED\x1b[0m. 4 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s\n\
            error: test failed, to rerun pass `-p core --lib`";
        assert_eq!(of_cargo(&lines(text)), Summary { passed: 7, failed: 2, skipped: 1 });
        assert_eq!(of_cargo(&lines("9 passed; 9 failed")), Summary::default());
    }

    #[test]
    fn adds_up_node() {
        let tap = "# tests 6\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n# duration_ms 9.5";
        let expected = Summary { passed: 3, failed: 2, skipped: 1 };
        assert_eq!(of_node(&lines(tap)), expected);
        assert_eq!(of_node(&lines(&tap.replace('#', "ℹ"))), expected);
        assert_eq!(of_node(&lines("\x1b[34mℹ pass 3\x1b[39m")).passed, 3);
        assert_eq!(of_node(&lines("    # pass 3\npass 4")), Summary::default());
    }

    #[test]
    fn is_one_plain_line() {
        let mut sum = Summary { passed: 7, failed: 0, skipped: 0 };
        assert_eq!(sum.to_string(), "7 passed, 0 failed");
        sum += Summary { passed: 1, failed: 2, skipped: 3 };
        assert_eq!(sum.to_string(), "8 passed, 2 failed, 3 skipped");
    }
}
