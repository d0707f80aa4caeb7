//! A contest as a picture: a bar a contestant, from nought to its median, with a line from the least to the most.
//!
//! SVG, to lie within the page. Ink takes the colour of the page's text, so that it can be read in light and dark.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Row, figure};

const WIDTH: u32 = 860;
/// Room for the names, and for the scale below.
const NAMES: u32 = 250;
const SCALE: u32 = 42;
const BAR: u32 = 30;
/// Stands for the colour of the page's text, which plotters cannot name.
const INK: RGBColor = RGBColor(1, 2, 3);
const OURS: RGBColor = RGBColor(0x1f, 0x8a, 0x70);
const THEIRS: RGBColor = RGBColor(0x8a, 0x93, 0xa3);
const MUST: RGBColor = RGBColor(0xc7, 0x3e, 0x3a);

/// The rows of one contest, one figure and placement.
///
/// # Errors
/// In words, when it cannot be drawn.
pub(super) fn bars(rows: &[&Row]) -> Result<String, String> {
    let mut svg = String::new();
    draw(rows, &mut svg).map_err(|e| e.to_string())?;
    // Once more than the page's text would be too small on a narrow screen: it scales with the page.
    let sized = format!("width=\"{WIDTH}\" height=\"{}\"", height(rows));
    let fluid = format!("role=\"img\" style=\"width:100%;max-width:{WIDTH}px;height:auto\"");
    Ok(svg.replacen(&sized, &fluid, 1).replace("#010203", "currentColor"))
}

fn height(rows: &[&Row]) -> u32 {
    rows.len() as u32 * BAR + SCALE + 8
}

/// Where the bound of our row lies on the scale, if it has one.
fn bound(rows: &[&Row]) -> Option<f64> {
    rows.iter().find_map(|row| {
        let target = row.target.as_ref()?;
        match target.against.as_str() {
            // A ratio is a length once the rival's is known.
            "ratio" => Some(target.must * row.median / row.ratio.filter(|ratio| *ratio > 0.0)?),
            _ => Some(target.must),
        }
    })
}

fn draw(rows: &[&Row], svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, (WIDTH, height(rows))).into_drawing_area();
    let bound = bound(rows);
    let most = rows.iter().map(|row| row.median).chain(bound).fold(0.0, f64::max);
    // One turn that the machine took away would make all bars small: its line is cut at the edge.
    let edge = rows.iter().map(|row| row.max).fold(most, f64::max).min(most * 1.6).max(f64::MIN_POSITIVE) * 1.18;
    let count = rows.len() as f64;
    let mut chart = ChartBuilder::on(&root)
        .margin_top(8)
        .margin_right(14)
        .set_label_area_size(LabelAreaPosition::Left, NAMES)
        .set_label_area_size(LabelAreaPosition::Bottom, SCALE)
        .build_cartesian_2d(0.0..edge, 0.0..count)?;
    let unit = rows.first().map_or("", |row| row.unit.as_str());
    let measure = rows.first().map_or("", |row| row.measure.as_str());
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(7)
        .x_label_formatter(&|value| figure(*value))
        .x_desc(format!("{measure}, {unit}"))
        .axis_style(INK.mix(0.6))
        .bold_line_style(INK.mix(0.15))
        .light_line_style(TRANSPARENT)
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 13).into_font().color(&INK))
        .draw()?;
    for (place, row) in rows.iter().enumerate() {
        // The first row on top.
        let y = count - place as f64 - 0.5;
        let colour = if row.ours { OURS } else { THEIRS };
        chart.draw_series([Rectangle::new(
            [(0.0, y - 0.3), (row.median.min(edge), y + 0.3)],
            colour.mix(0.75).filled(),
        )])?;
        let line = [(row.min.min(edge), y), (row.max.min(edge), y)];
        chart.draw_series([PathElement::new(line, INK.mix(0.8).stroke_width(2))])?;
        let (x, y) = chart.plotting_area().map_coordinate(&(row.median, y));
        let right = |size: i32| ("sans-serif", size).into_font().color(&INK).pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(row.name.clone(), (NAMES as i32 - 10, y), right(14)))?;
        // The median's number beside the line: within the bar, else behind the line's end, else above it.
        let (begins, _) = chart.plotting_area().map_coordinate(&(row.min.min(row.median), 0.0));
        let (ends, _) = chart.plotting_area().map_coordinate(&(row.max.max(row.median).min(edge), 0.0));
        let (at, up, pos) = if begins - NAMES as i32 > 60 {
            (begins - 6, 0, HPos::Right)
        } else if ends + 60 < WIDTH as i32 {
            (ends + 8, 0, HPos::Left)
        } else {
            (x + 8, -8, HPos::Left)
        };
        let style = ("sans-serif", 13).into_font().color(&INK).pos(Pos::new(pos, VPos::Center));
        root.draw(&Text::new(figure(row.median), (at, y + up), style))?;
    }
    if let Some(bound) = bound {
        chart.draw_series([PathElement::new([(bound, 0.0), (bound, count)], MUST.stroke_width(2))])?;
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::super::tests::row;
    use super::*;

    #[test]
    fn a_picture_has_every_name_its_unit_and_the_bound() {
        let target = Target { against: "ratio".into(), must: 0.85, aim: 0.65, verdict: None };
        let ours = Row { ratio: Some(0.7), target: Some(target), ..row("g", "crosstick", [90.0, 85.0, 120.0]) };
        let rival = row("g", "rtrb <x>", [130.0, 120.0, 140.0]);
        let svg = bars(&[&ours, &rival]).expect("drawn");
        for wanted in ["crosstick", "rtrb &lt;x&gt;", "p50, ns", "currentColor", "#C73E3A"] {
            assert!(svg.contains(wanted), "{wanted} is not in {svg}");
        }
        assert!(!svg.contains("#010203") && svg.contains("viewBox"));
        assert!((bound(&[&ours, &rival]).expect("a bound") - 0.85 * 90.0 / 0.7).abs() < 1e-9);
    }

    #[test]
    fn nothing_to_draw_is_no_failure() {
        assert!(bars(&[&row("g", "a", [0.0; 3])]).is_ok());
        assert!(bars(&[]).is_ok());
    }
}
