//! How the two sides of a conflict came apart.

use std::fmt::Write;

/// How two values came apart: the base, and how many commits lie on either side. `None` where it is not known.
pub(in crate::web) fn divergence(base: Option<&str>, source: Branch<'_>, target: Branch<'_>) -> String {
    let known = base.is_some();
    let (start, y) = (if known { 62 } else { 16 }, [38, 112]);
    let [first, second] = [source, target].map(|branch| end(start, &branch) + branch.words());
    let width = first.max(second);
    // As large as the words around it on a desk, and as it fits on a phone.
    let mut svg = format!(
        r#"<svg width="{}" viewBox="0 0 {width} 150" role="img" aria-label="the source is {}, the target {}">"#,
        width * 13 / 10,
        source.said(),
        target.said()
    );
    if let Some(base) = base {
        let _ = write!(
            svg,
            r#"<circle class="commit" cx="{start}" cy="75" r="7"/><text x="{start}" y="102" text-anchor="middle">base {base}</text>"#
        );
    }
    for (branch, y, word) in [(source, y[0], "source"), (target, y[1], "target")] {
        let (shown, end) = (branch.shown(), end(start, &branch));
        if known {
            let _ = write!(
                svg,
                r#"<path class="line" d="M{a} 75C{b} 75 {b} {y} {c} {y}H{end}"/>"#,
                a = start + 7,
                b = start + BEND / 2,
                c = start + BEND,
            );
        } else {
            let _ = write!(svg, r#"<path class="line" d="M{start} {y}H{end}"/>"#);
        }
        for number in 1..=shown {
            let tip = if number == shown { " tip" } else { "" };
            let _ = write!(
                svg,
                r#"<circle class="commit{tip}" cx="{}" cy="{y}" r="6"/>"#,
                start + BEND + number * STEP
            );
        }
        let _ = write!(
            svg,
            r#"<text class="strong" x="{x}" y="{ty}">{word} {value}</text><text x="{x}" y="{by}">{said}</text>"#,
            x = end + 14,
            ty = y + 1,
            by = y + 16,
            value = branch.value,
            said = branch.said(),
        );
    }
    svg + "</svg>"
}

/// How far the line of a side bends away, and from one commit to the next.
const BEND: usize = 80;
const STEP: usize = 34;

/// Where the line of a side ends.
fn end(start: usize, branch: &Branch<'_>) -> usize {
    start + BEND + branch.shown() * STEP
}

/// One side of a divergence.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct Branch<'a> {
    /// The short value, in hexadecimal digits, or `absent`.
    pub(in crate::web) value: &'a str,
    /// Commits since the base.
    pub(in crate::web) commits: usize,
    /// There are more than were read.
    pub(in crate::web) more: bool,
    /// They could be read.
    pub(in crate::web) known: bool,
}

impl Branch<'_> {
    /// The commits that are drawn: at least the value itself, and not so many that they fill the page.
    fn shown(&self) -> usize {
        self.commits.clamp(1, 6)
    }

    /// The room that the words at its end take.
    fn words(&self) -> usize {
        const LETTER: usize = 8;
        30 + LETTER * self.said().len().max("source ".len() + self.value.len())
    }

    fn said(&self) -> String {
        match (self.known, self.commits, self.more) {
            (false, ..) => "not read".to_owned(),
            (_, 1, false) => "1 commit ahead".to_owned(),
            (_, count, false) => format!("{count} commits ahead"),
            (_, count, true) => format!("more than {count} commits ahead"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_divergence_says_how_far_each_side_went() {
        let side = |value, commits| Branch {
            value,
            commits,
            more: false,
            known: true,
        };
        let svg = divergence(Some("1a2b3c4"), side("9f8e7d6", 2), side("5a5b5c5", 1));
        assert!(
            svg.contains("base 1a2b3c4") && svg.contains("2 commits ahead") && svg.contains("1 commit ahead")
        );
        assert_eq!(svg.matches("<circle").count(), 4);
    }
}
