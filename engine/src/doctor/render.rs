//! A diagnosis in words.

use std::fmt::Write as _;

use super::finding::{Finding, Verdict};
use super::measure::{Jitter, STEPS};
use super::{Diagnosis, HotThread};

/// Columns of the text.
const WIDTH: usize = 110;
/// Columns before the text of a finding: verdict and name.
const INDENT: usize = 37;

/// The whole text; coloured where the reader's terminal takes it.
#[must_use]
pub fn words(diagnosis: &Diagnosis, colour: bool) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(text, "crosstick doctor: {} on {}", diagnosis.config, place(diagnosis));
    for thread in &diagnosis.threads {
        let _ = writeln!(text, "  {}", of_thread(thread));
    }
    let mut group = None;
    for finding in &diagnosis.findings {
        if group != Some(finding.group) {
            group = Some(finding.group);
            let _ = writeln!(text, "\n{}", paint(finding.group.title(), "1", colour));
        }
        push(&mut text, finding, colour);
    }
    if let Some(measured) = &diagnosis.manifest.measured {
        histogram(&mut text, &measured.jitter);
    }
    let _ = writeln!(text, "\n{}", summary(diagnosis, colour));
    text
}

fn place(diagnosis: &Diagnosis) -> String {
    if diagnosis.root == "/" { "this host".into() } else { format!("the made-up host {}", diagnosis.root) }
}

fn of_thread(thread: &HotThread) -> String {
    let cpu = thread.cpu.map_or_else(|| "not pinned".to_owned(), |cpu| format!("on cpu {cpu}"));
    let does = if thread.spins {
        "spins"
    } else if thread.parks {
        "sleeps when idle"
    } else {
        "yields"
    };
    format!("{:<12} {cpu}, {does} (wait = \"{}\")", thread.name, thread.wait)
}

fn push(text: &mut String, finding: &Finding, colour: bool) {
    let verdict = paint(&format!("{:<9}", finding.verdict.words()), code(finding.verdict), colour);
    let head = format!("  {verdict}  {:<22}  ", finding.check);
    text.push_str(&head);
    wrapped(text, &finding.found, 0);
    if matches!(finding.verdict, Verdict::Advice | Verdict::WillHurt) {
        for (label, value) in [("want", finding.wanted.as_str()), ("why", finding.why.as_str())] {
            let _ = write!(text, "{:INDENT$}{label:<5}", "");
            wrapped(text, value, 5);
        }
        // A command stands on one line, to be copied.
        let _ = writeln!(text, "{:INDENT$}{:<5}{}", "", "fix", finding.fix.as_deref().unwrap_or("nothing here can"));
    }
}

/// Breaks between words; the first line has begun, `more` columns behind the indent.
fn wrapped(text: &mut String, value: &str, more: usize) {
    let room = WIDTH - INDENT - more;
    let mut used = 0;
    for word in value.split(' ') {
        let width = word.chars().count();
        if used > 0 && used + 1 + width > room {
            let _ = write!(text, "\n{:1$}", "", INDENT + more);
            used = 0;
        }
        if used > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += width;
    }
    text.push('\n');
}

fn histogram(text: &mut String, rows: &[Jitter]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  Gaps between two looks at the counter, by length (a gap: something else had the CPU)");
    let _ = write!(text, "  {:>6}", "cpu");
    for step in STEPS {
        let _ = write!(text, "{step:>15}");
    }
    text.push('\n');
    for row in rows {
        let _ = write!(text, "  {:>6}", row.cpu);
        for gaps in &row.gaps {
            let _ = write!(text, "{:>15}", gaps.count);
        }
        text.push('\n');
    }
}

fn summary(diagnosis: &Diagnosis, colour: bool) -> String {
    let count = |verdict| diagnosis.findings.iter().filter(|f| f.verdict == verdict).count();
    let verdict = match diagnosis.verdict {
        Verdict::WillHurt => "something will hurt",
        Verdict::Advice => "there is advice",
        Verdict::Unknown => "fine, as far as can be seen",
        Verdict::Fine | Verdict::Info => "fine",
    };
    let not_measured = diagnosis.not_measured.as_ref().map(|why| format!("; nothing was measured: {why}"));
    format!(
        "{}: {} will hurt, {} advice, {} fine, {} info, {} unknown (exit code {}){}",
        paint(verdict, code(diagnosis.verdict), colour),
        count(Verdict::WillHurt),
        count(Verdict::Advice),
        count(Verdict::Fine),
        count(Verdict::Info),
        count(Verdict::Unknown),
        diagnosis.exit_code,
        not_measured.unwrap_or_default()
    )
}

const fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fine => "32",
        Verdict::Info | Verdict::Unknown => "2",
        Verdict::Advice => "33",
        Verdict::WillHurt => "1;31",
    }
}

fn paint(text: &str, code: &str, colour: bool) -> String {
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}
