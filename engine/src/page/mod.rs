//! A page of results that opens offline: one HTML file, charts as SVG within it, no script, nothing to fetch. Cold.
//!
//! Readable in light and in dark: charts are drawn in stand-in colours (`chart::Ink`) that become variables of the
//! page. The same results give the same bytes.

pub mod chart;
pub mod number;

use std::fmt::{Display, Write as _};

const STYLE: &str = include_str!("style.css");

/// Text with what HTML would take for its own replaced.
pub fn escape(text: impl Display) -> String {
    text.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page that is being written.
#[derive(Debug)]
pub struct Page {
    body: String,
    title: String,
}

/// A cell of a table on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// Words: set left.
    Words(String),
    /// A number: set right.
    Number(String),
}

impl Datum {
    /// Words.
    pub fn words(text: impl Display) -> Self {
        Self::Words(text.to_string())
    }

    /// A number.
    pub fn number(number: impl Display) -> Self {
        Self::Number(number.to_string())
    }
}

impl Page {
    /// A page with that title, and a line below it.
    pub fn new(title: impl Display, subtitle: impl Display) -> Self {
        let title = escape(title);
        let body = format!("<header><h1>{title}</h1><p>{}</p></header>\n", escape(subtitle));
        Self { body, title }
    }

    /// Figures side by side: each with its name, and a word of explanation that may be empty.
    pub fn tiles(&mut self, tiles: &[(&str, String, String)]) {
        self.body.push_str("<div class=\"tiles\">\n");
        for (name, figure, more) in tiles {
            let _ = writeln!(
                self.body,
                "<div class=\"tile\"><span>{}</span><b>{}</b><small>{}</small></div>",
                escape(name),
                escape(figure),
                escape(more)
            );
        }
        self.body.push_str("</div>\n");
    }

    /// A heading.
    pub fn heading(&mut self, text: impl Display) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escape(text));
    }

    /// A paragraph.
    pub fn note(&mut self, text: impl Display) {
        let _ = writeln!(self.body, "<p class=\"note\">{}</p>", escape(text));
    }

    /// A warning, which is not to be overlooked.
    pub fn warning(&mut self, text: impl Display) {
        let _ = writeln!(self.body, "<p class=\"warning\">{}</p>", escape(text));
    }

    /// Charts side by side where the window is wide enough.
    pub fn charts(&mut self, charts: &[chart::Chart]) {
        self.body.push_str("<div class=\"charts\">\n");
        for chart in charts {
            let _ = writeln!(self.body, "<figure><figcaption><b>{}</b>", escape(&chart.title));
            for (ink, name) in &chart.legend {
                let _ = writeln!(
                    self.body,
                    "<span class=\"key\"><i style=\"background:{}\"></i>{}</span>",
                    ink.variable(),
                    escape(name)
                );
            }
            let _ = writeln!(self.body, "</figcaption>\n{}", chart.svg);
            if !chart.note.is_empty() {
                let _ = writeln!(self.body, "<p class=\"note\">{}</p>", escape(&chart.note));
            }
            self.body.push_str("</figure>\n");
        }
        self.body.push_str("</div>\n");
    }

    /// A table.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<Datum>]) {
        self.body.push_str("<div class=\"scroll\"><table>\n<thead><tr>");
        for (i, name) in head.iter().enumerate() {
            let number = rows.first().is_some_and(|row| matches!(row.get(i), Some(Datum::Number(_))));
            let _ = write!(self.body, "<th{}>{}</th>", if number { " class=\"n\"" } else { "" }, escape(name));
        }
        self.body.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.body.push_str("<tr>");
            for datum in row {
                let _ = match datum {
                    Datum::Words(text) => write!(self.body, "<td>{}</td>", escape(text)),
                    Datum::Number(text) => write!(self.body, "<td class=\"n\">{}</td>", escape(text)),
                };
            }
            self.body.push_str("</tr>\n");
        }
        self.body.push_str("</tbody></table></div>\n");
    }

    /// Text as it stands, such as a config, folded away under a title.
    pub fn folded(&mut self, title: impl Display, text: impl Display) {
        let _ =
            writeln!(self.body, "<details><summary>{}</summary><pre>{}</pre></details>", escape(title), escape(text));
    }

    /// The page's bytes.
    #[must_use]
    pub fn html(&self) -> String {
        let (title, body) = (&self.title, &self.body);
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
             </head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
        )
    }
}
