//! The page: one file that opens offline, with tables, pictures, the host, and what moved.

use std::fmt::Write;
use std::path::Path;

use super::markdown::{day, ratio, target, verdict};
use super::{Change, Moved, Row, Run, chart, compare, figure};

const STYLE: &str = "
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2330; --soft: #667085; --line: #d9dee7; --good: #1f8a70;
  --bad: #c73e3a; --warn: #b7791f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181f; --ink: #e6e9ef; --soft: #98a2b3; --line: #323a47;
  --good: #4cc3a5; --bad: #ff8a80; --warn: #e5b567; } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 960px; padding: 1.5rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .3rem; } p { margin: .4rem 0; } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .6rem 0 1rem; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.aim, .must, .better { color: var(--good); font-weight: 600; } .missed, .worse { color: var(--bad); font-weight: 600; }
.wide { overflow-x: auto; } code { font-size: .95em; overflow-wrap: anywhere; }
";

/// The page of a run; `before` is the last run kept, and the name of its file.
///
/// # Errors
/// In words, when a picture cannot be drawn.
pub fn page(run: &Run, before: Option<(&Path, &Run)>) -> Result<String, String> {
    let mut out = String::new();
    let _ = writeln!(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    let _ = writeln!(out, "<meta name=\"viewport\" content=\"width=device-width\"><title>crosstick benchmarks</title>");
    let _ = writeln!(out, "<style>{STYLE}</style></head><body>\n<h1>crosstick benchmarks</h1>");
    let rows = run.rows.len();
    let _ = writeln!(out, "<p class=\"soft\">{}, {}, {rows} figures</p>", day(run), text(&run.fact("/build")));
    targets(&mut out, run);
    moved(&mut out, run, before);
    contests(&mut out, run)?;
    alone(&mut out, run);
    host(&mut out, run);
    out.push_str("</body></html>\n");
    Ok(out)
}

/// Rows of ours that have a target, worst first.
fn targets(out: &mut String, run: &Run) {
    let mut rows: Vec<&Row> = run.rows.iter().filter(|row| !verdict(row).is_empty()).collect();
    if rows.is_empty() {
        return;
    }
    let order = |row: &&Row| ["missed", "must", "aim"].iter().position(|word| *word == verdict(row));
    rows.sort_by_key(order);
    let of = |word: &str| rows.iter().filter(|row| verdict(row) == word).count();
    let _ = writeln!(
        out,
        "<h2>Targets</h2>\n<p>{} reach their aim, {} what must be, {} miss it.</p>",
        of("aim"),
        of("must"),
        of("missed")
    );
    let _ = writeln!(out, "<div class=\"wide\"><table><tr><th>row</th><th>figure</th><th class=\"n\">median</th>");
    let _ = writeln!(out, "<th class=\"n\">ratio</th><th class=\"n\">must / aim</th><th></th></tr>");
    for row in rows {
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code> {}</td><td>{}</td><td class=\"n\">{} {}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"{v}\">{v}</td></tr>",
            text(&row.group),
            text(&row.name),
            text(&what(row)),
            figure(row.median),
            text(&row.unit),
            ratio(row),
            target(row),
            v = verdict(row)
        );
    }
    out.push_str("</table></div>\n");
}

/// The figure and where it was taken.
fn what(row: &Row) -> String {
    match &row.placement {
        Some(placement) => format!("{}, {placement}", row.measure),
        None => row.measure.clone(),
    }
}

fn moved(out: &mut String, run: &Run, before: Option<(&Path, &Run)>) {
    out.push_str("<h2>Since the last run kept</h2>\n");
    let Some((path, kept)) = before else {
        out.push_str("<p>There is none to compare with; <code>scripts/bench --keep</code> keeps this one.</p>\n");
        return;
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let changes = compare(kept, run);
    let outside: Vec<&Change<'_>> = changes.iter().filter(|change| change.moved != Moved::No).collect();
    let _ = writeln!(
        out,
        "<p>Compared with <code>{}</code> of {}: {} of {} rows lie wholly outside the range that they had there.</p>",
        text(&name),
        day(kept),
        outside.len(),
        changes.len()
    );
    for (what, pointer) in [("CPU", "/cpu"), ("compiler", "/compiler/rustc"), ("kernel", "/kernel")] {
        let (then, now) = (kept.fact(pointer), run.fact(pointer));
        if then != now {
            let _ = writeln!(out, "<p class=\"worse\">Another {what}: {} then, {} now.</p>", text(&then), text(&now));
        }
    }
    if outside.is_empty() {
        return;
    }
    let _ = writeln!(out, "<div class=\"wide\"><table><tr><th>row</th><th>figure</th><th class=\"n\">then</th>");
    let _ = writeln!(out, "<th class=\"n\">now</th><th class=\"n\">change</th><th></th></tr>");
    for change in outside {
        let range = |row: &Row| format!("{} [{} – {}]", figure(row.median), figure(row.min), figure(row.max));
        let word = if change.moved == Moved::Better { "better" } else { "worse" };
        let row = change.now;
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code> {}</td><td>{}, {}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{:+.0} %</td><td class=\"{word}\">{word}</td></tr>",
            text(&row.group),
            text(&row.name),
            text(&what(row)),
            text(&row.unit),
            range(change.before),
            range(row),
            change.percent()
        );
    }
    out.push_str("</table></div>\n");
}

/// Each contest: a picture a figure and placement, and the numbers.
fn contests(out: &mut String, run: &Run) -> Result<(), String> {
    let rows: Vec<&Row> = run.rows.iter().filter(|row| !row.is_alone()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    out.push_str(
        "<h2>Side by side</h2>\n<p>Contestants took turns in one process. Bars: medians over the turns; lines: least \
                  to most. The red line is what must be reached.</p>\n",
    );
    for group in rows.chunk_by(|a, b| (&a.group, &a.title) == (&b.group, &b.title)) {
        let _ = writeln!(out, "<h3><code>{}</code></h3>\n<p>{}</p>", text(&group[0].group), text(&group[0].title));
        for figures in group.chunk_by(|a, b| (&a.measure, &a.placement) == (&b.measure, &b.placement)) {
            if let Some(placement) = &figures[0].placement {
                let _ = writeln!(out, "<p class=\"soft\">cores {}</p>", text(placement));
            }
            let _ = writeln!(out, "{}", chart::bars(figures)?);
        }
        let _ = writeln!(
            out,
            "<div class=\"wide\"><table><tr><th>contestant</th><th>figure</th><th class=\"n\">median</th>"
        );
        let _ =
            writeln!(out, "<th class=\"n\">least – most</th><th class=\"n\">turns</th><th class=\"n\">ratio</th></tr>");
        for row in group {
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td class=\"n\">{} {}</td><td class=\"n\">{} – {}</td>\
                 <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                text(&row.name),
                text(&what(row)),
                figure(row.median),
                text(&row.unit),
                figure(row.min),
                figure(row.max),
                row.turns,
                ratio(row)
            );
        }
        out.push_str("</table></div>\n");
    }
    Ok(())
}

/// Criterion's rows: a picture a group.
fn alone(out: &mut String, run: &Run) {
    let rows: Vec<&Row> = run.rows.iter().filter(|row| row.is_alone()).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("<h2>Stage by stage</h2>\n<p>Criterion's samples, each a mean over many iterations, ns a unit.</p>\n");
    out.push_str("<div class=\"wide\"><table><tr><th>row</th><th class=\"n\">median</th><th class=\"n\">least – most</th></tr>\n");
    for row in rows {
        let _ = writeln!(
            out,
            "<tr><td><code>{}/{}</code></td><td class=\"n\">{} {}</td><td class=\"n\">{} – {}</td></tr>",
            text(&row.group),
            text(&row.name),
            figure(row.median),
            text(&row.unit),
            figure(row.min),
            figure(row.max)
        );
    }
    out.push_str("</table></div>\n");
}

fn host(out: &mut String, run: &Run) {
    out.push_str("<h2>The host</h2>\n<div class=\"wide\"><table>\n");
    for (name, value) in run.facts() {
        let _ = writeln!(out, "<tr><td>{}</td><td><code>{}</code></td></tr>", text(name), text(&value));
    }
    out.push_str("</table></div>\n");
}

/// Text of others, so that it is no markup.
fn text(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{row, run};
    use super::super::{ALONE, Target};
    use super::*;

    #[test]
    fn a_page_shows_targets_changes_pictures_and_host() {
        let target = Target { against: "figure".into(), must: 50.0, aim: 30.0, verdict: Some("missed".into()) };
        let ours = Row { target: Some(target), ..row("gate", "crosstick", [90.0, 85.0, 95.0]) };
        let alone = Row { measure: ALONE.into(), ..row("decode", "fast", [70.0, 69.0, 71.0]) };
        let now = run(vec![ours, row("gate", "other", [99.0, 98.0, 100.0]), alone]);
        let before = run(vec![row("gate", "crosstick", [60.0, 59.0, 61.0])]);
        let html = page(&now, Some((Path::new("results/2026-01-01-x.json"), &before))).expect("a page");
        for wanted in [
            "0 reach their aim, 0 what must be, 1 miss it",
            "1 of 1 rows lie wholly outside",
            "<td class=\"n\">+50 %</td><td class=\"worse\">worse</td>",
            "2026-01-01-x.json",
            "<svg",
            "<code>decode/fast</code>",
            "A &lt;CPU&gt;",
        ] {
            assert!(html.contains(wanted), "{wanted} is not in the page");
        }
        assert!(
            !html.contains("<script") && !html.contains("http://www.w3.org/1999/xlink"),
            "opens offline, runs nothing"
        );
        assert!(page(&now, None).is_ok_and(|html| html.contains("There is none to compare with")));
    }
}
