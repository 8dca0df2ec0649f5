//! How the two sides of a conflict came apart.

use std::fmt::Write;

/// How two values came apart: the base, and how many commits lie on either side. `None` where it is not known.
pub(in crate::web) fn divergence(base: Option<&str>, source: Branch<'_>, target: Branch<'_>) -> String {
    let mut svg = String::from(r#"<svg viewBox="0 0 720 150" role="img" aria-label="#);
    let _ = write!(
        svg,
        r#""the source is {}, the target {}">"#,
        source.said(),
        target.said()
    );
    let known = base.is_some();
    let (start, y) = (if known { 120 } else { 40 }, [38, 112]);
    if let Some(base) = base {
        let _ = write!(
            svg,
            r#"<circle class="commit" cx="{start}" cy="75" r="7"/><text x="{start}" y="102" text-anchor="middle">base {base}</text>"#
        );
    }
    for (branch, y, word) in [(source, y[0], "source"), (target, y[1], "target")] {
        let shown = branch.commits.min(6);
        let end = start + 90 + shown.max(1) * 46;
        if known {
            let _ = write!(
                svg,
                r#"<path class="line" d="M{a} 75C{b} 75 {b} {y} {c} {y}H{end}"/>"#,
                a = start + 7,
                b = start + 45,
                c = start + 90,
            );
        } else {
            let _ = write!(svg, r#"<path class="line" d="M{start} {y}H{end}"/>"#);
        }
        for number in 1..=shown.max(1) {
            let tip = if number == shown.max(1) { " tip" } else { "" };
            let _ = write!(
                svg,
                r#"<circle class="commit{tip}" cx="{}" cy="{y}" r="6"/>"#,
                start + 90 + number * 46
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
