//! Reports and comparisons as a person reads them in a terminal.

use std::fmt;

use crate::{Comparison, Report, Score, Verdict};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.categories.keys().map(String::len).max().unwrap_or(0).max("all".len());
        writeln!(
            f,
            "{:<widest$}     n  object@1  @3   mechanism@1  @3   both@1  @3    abstained  silent  false alarms  calls  seconds",
            ""
        )?;
        for (name, score) in &self.categories {
            row(f, name, widest, score)?;
        }
        row(f, "all", widest, &self.total)?;
        let total = &self.total;
        if !self.pairs.is_empty() {
            let share = 100.0 * self.pairs_right() as f64 / self.pairs.len() as f64;
            writeln!(
                f,
                "\npairs of twins, cause and fix right in both: {} of {} ({share:.0} %)",
                self.pairs_right(),
                self.pairs.len()
            )?;
        }
        if total.fixes_judged > 0 {
            writeln!(
                f,
                "right fixes: {} of {}; harmful ones: {}",
                total.fixes_right, total.fixes_judged, total.fixes_forbidden
            )?;
        }
        let variants = &self.variants;
        if variants.mutations + variants.noisy > 0 {
            writeln!(
                f,
                "without the deciding evidence the verdict moved: {} of {} (inseparable: {})",
                variants.moved,
                variants.mutations,
                variants.inseparable.len()
            )?;
            writeln!(f, "with unrelated trouble it stayed: {} of {}", variants.stayed, variants.noisy)?;
        }
        let wrong: Vec<&Verdict> = self.verdicts.iter().filter(|v| !v.is_right()).collect();
        if !wrong.is_empty() {
            writeln!(f, "\nnot right:")?;
        }
        for verdict in wrong {
            let said = match &verdict.failed {
                Some(why) => format!("no answer: {why}"),
                None if verdict.said.is_empty() => "nothing".to_owned(),
                None if verdict.abstained => format!("undecided, rather {}", verdict.said),
                None => verdict.said.clone(),
            };
            writeln!(f, "  {}: said {said}; it is {}", verdict.name, verdict.truth)?;
        }
        let fixes = self.verdicts.iter().filter(|v| v.is_right() && !v.is_right_with_fix());
        for verdict in fixes {
            writeln!(f, "  {}: the cause is right, the fix `{}` is not", verdict.name, verdict.fix)?;
        }
        for sentence in &variants.unmet {
            writeln!(f, "  {sentence}")?;
        }
        Ok(())
    }
}

impl Report {
    /// The same as a Markdown document.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| category | n | object@1 | @3 | mechanism@1 | @3 | both@1 | @3 | abstained | silent | false alarms | calls | \
             seconds |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        let rows = self.categories.iter().map(|(name, score)| (name.as_str(), score));
        for (name, score) in rows.chain([("**all**", &self.total)]) {
            text.push_str(&format!("| {name} | {} |\n", cells(score).join(" | ")));
        }
        let plain = self.to_string();
        let rest: Vec<&str> = plain.lines().skip(2 + self.categories.len()).filter(|line| !line.is_empty()).collect();
        for line in rest {
            text.push_str(&format!("\n- {}", line.trim()));
        }
        text.push('\n');
        text
    }
}

fn cells(score: &Score) -> Vec<String> {
    let share = |value: f64| if score.faulty == 0 { "-".to_owned() } else { format!("{:.0} %", value * 100.0) };
    let alarms =
        if score.healthy == 0 { "-".to_owned() } else { format!("{} of {}", score.false_alarms, score.healthy) };
    vec![
        score.scenarios.to_string(),
        share(score.component_1),
        share(score.component_3),
        share(score.mechanism_1),
        share(score.mechanism_3),
        share(score.both_1),
        share(score.both_3),
        score.abstained.to_string(),
        score.silent.to_string(),
        alarms,
        format!("{:.1}", score.calls),
        format!("{:.2}", score.seconds),
    ]
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, widest: usize, score: &Score) -> fmt::Result {
    const WIDTHS: [usize; 12] = [4, 8, 5, 9, 5, 6, 5, 9, 6, 12, 5, 7];
    write!(f, "{name:<widest$}")?;
    for (cell, width) in cells(score).iter().zip(WIDTHS) {
        write!(f, "  {cell:>width$}")?;
    }
    writeln!(f)
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "both@1: {:.0} % before, {:.0} % now", self.both_1_before * 100.0, self.both_1_now * 100.0)?;
        for (title, differences) in [("helped", &self.helped), ("harmed", &self.harmed)] {
            for one in differences {
                writeln!(
                    f,
                    "{title}  {}: {} → {} (it is {})",
                    one.name,
                    quiet(&one.before),
                    quiet(&one.now),
                    one.truth
                )?;
            }
        }
        for name in &self.newly_forbidden {
            writeln!(f, "harmed  {name}: proposes a fix that does harm here")?;
        }
        for sentence in &self.variants_harmed {
            writeln!(f, "harmed  {sentence}")?;
        }
        for (title, names) in [("new", &self.added), ("gone", &self.removed)] {
            if !names.is_empty() {
                writeln!(f, "{title}     {}", names.join(", "))?;
            }
        }
        Ok(())
    }
}

fn quiet(said: &str) -> &str {
    if said.is_empty() { "nothing" } else { said }
}
