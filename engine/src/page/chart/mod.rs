//! Charts as SVG: axes with marks of our choosing, and shapes between them. Drawn with floats, which decide nothing.

mod axis;

pub use axis::Axis;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Size of a chart in units of its own; the page scales it.
const WIDTH: u32 = 660;
const TEXT: u32 = 15;

/// A colour by what it is for. Charts are drawn in stand-ins that become the page's variables, for light and dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Text.
    Text,
    /// Axes and what is said beside.
    Muted,
    /// Lines of the grid.
    Grid,
    /// The first series.
    One,
    /// The second series.
    Two,
    /// The third series.
    Three,
    /// The fourth series.
    Four,
    /// What is bad.
    Bad,
}

impl Ink {
    const ALL: [Self; 8] =
        [Self::Text, Self::Muted, Self::Grid, Self::One, Self::Two, Self::Three, Self::Four, Self::Bad];

    /// As the page's style names it.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Text => "var(--ink)",
            Self::Muted => "var(--muted)",
            Self::Grid => "var(--grid)",
            Self::One => "var(--one)",
            Self::Two => "var(--two)",
            Self::Three => "var(--three)",
            Self::Four => "var(--four)",
            Self::Bad => "var(--bad)",
        }
    }

    /// The stand-in: no other colour is drawn.
    const fn stand_in(self) -> RGBColor {
        RGBColor(0xFA, 0xCE, self as u8)
    }
}

/// Something between the axes, in their units.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A line through points.
    Line(Ink, Vec<(f64, f64)>),
    /// The area between points and zero.
    Area(Ink, Vec<(f64, f64)>),
    /// A dot each.
    Dots(Ink, Vec<(f64, f64)>),
    /// A rectangle between two corners; how much of the ink, 0 to 1.
    Bar(Ink, f64, [(f64, f64); 2]),
    /// Words, with their middle there.
    Words(Ink, (f64, f64), String),
}

/// A drawn chart with what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Its title.
    pub title: String,
    /// What the inks mean.
    pub legend: Vec<(Ink, String)>,
    /// What to know about it; may be empty.
    pub note: String,
    /// The drawing.
    pub svg: String,
}

impl Chart {
    /// Draws shapes between two axes, `height` units high (it is 660 wide).
    #[must_use]
    pub fn draw(title: &str, x: &Axis, y: &Axis, shapes: &[Shape], height: u32) -> Self {
        let svg =
            draw(x, y, shapes, height).unwrap_or_else(|e| format!("<p>cannot be drawn: {}</p>", super::escape(e)));
        Self { title: title.to_owned(), legend: Vec::new(), note: String::new(), svg }
    }

    /// The same with a legend.
    #[must_use]
    pub fn legend(mut self, legend: &[(Ink, &str)]) -> Self {
        self.legend = legend.iter().map(|(ink, name)| (*ink, (*name).to_owned())).collect();
        self
    }

    /// The same with a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

fn draw(x: &Axis, y: &Axis, shapes: &[Shape], height: u32) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    let style = |ink: Ink| {
        let mut style = TextStyle::from(("sans-serif", TEXT).into_font());
        style.color = ink.stand_in().to_backend_color();
        style
    };
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let widest = y.marks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0) as u32;
        let mut chart = ChartBuilder::on(&area)
            .margin_top(12)
            .margin_right(26)
            .x_label_area_size(52)
            .y_label_area_size(44 + widest * 8)
            .build_cartesian_2d(x.clone(), y.clone())?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(x.title.as_str()).y_desc(y.title.as_str());
        mesh.axis_desc_style(style(Ink::Muted)).label_style(style(Ink::Text));
        mesh.axis_style(Ink::Muted.stand_in()).bold_line_style(Ink::Grid.stand_in()).light_line_style(TRANSPARENT);
        if !x.grid {
            mesh.disable_x_mesh();
        }
        if !y.grid {
            mesh.disable_y_mesh();
        }
        let label = |axis: &Axis, at: f64| axis.label(at);
        mesh.x_label_formatter(&|at| label(x, *at)).y_label_formatter(&|at| label(y, *at)).draw()?;
        for shape in shapes {
            match shape {
                Shape::Line(ink, points) => {
                    let line = ink.stand_in().stroke_width(2);
                    chart.draw_series(std::iter::once(PathElement::new(points.clone(), line)))?;
                }
                Shape::Area(ink, points) => {
                    let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
                    let mut around = vec![(first.0, 0.0)];
                    around.extend(points);
                    around.push((last.0, 0.0));
                    chart.draw_series(std::iter::once(Polygon::new(around, ink.stand_in().mix(0.35))))?;
                }
                Shape::Dots(ink, points) => {
                    let dot = ink.stand_in().mix(0.6).filled();
                    chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, dot)))?;
                }
                Shape::Bar(ink, amount, corners) => {
                    let fill = ink.stand_in().mix(*amount).filled();
                    chart.draw_series(std::iter::once(Rectangle::new(*corners, fill)))?;
                }
                Shape::Words(ink, at, words) => {
                    let style = style(*ink).pos(Pos::new(HPos::Center, VPos::Center));
                    chart.draw_series(std::iter::once(Text::new(words.clone(), *at, style)))?;
                }
            }
        }
        area.present()?;
    }
    for ink in Ink::ALL {
        let RGBColor(r, g, b) = ink.stand_in();
        svg = svg.replace(&format!("#{r:02X}{g:02X}{b:02X}"), ink.variable());
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_the_pages() {
        let axis = Axis::linear("edge, bps", -3.0, 4.0, 6);
        let shapes = [
            Shape::Line(Ink::One, vec![(-3.0, -3.0), (4.0, 4.0)]),
            Shape::Area(Ink::Two, vec![(-3.0, 1.0), (4.0, 2.0)]),
            Shape::Dots(Ink::Three, vec![(0.0, 0.0)]),
            Shape::Bar(Ink::Four, 0.5, [(0.0, 0.0), (1.0, 2.0)]),
            Shape::Words(Ink::Bad, (1.0, 1.0), "a < b".into()),
        ];
        let chart = Chart::draw("t", &axis, &axis, &shapes, 300);
        assert!(chart.svg.starts_with("<svg"), "{}", chart.svg);
        assert!(!chart.svg.contains("#FACE"), "a stand-in is left: {}", chart.svg);
        assert!(!chart.svg.contains("=\"#"), "a colour of its own: {}", chart.svg);
        for ink in Ink::ALL {
            assert!(chart.svg.contains(ink.variable()), "{ink:?}: {}", chart.svg);
        }
        assert!(chart.svg.contains("a &lt; b") && chart.svg.contains("edge, bps"));
        assert_eq!(chart.svg, Chart::draw("t", &axis, &axis, &shapes, 300).svg);
    }
}
