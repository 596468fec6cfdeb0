//! The plots of a report, as SVG on a light ground.

use crate::results::{OfCapture, Results, Scaling};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

pub(crate) type Drawn = Result<(), Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: u32 = 960;
const INK: RGBColor = RGBColor(45, 50, 55);
const GRID: RGBColor = RGBColor(225, 228, 232);
/// Told apart by people who see few colours as well: they differ in lightness.
pub(crate) const WALK: RGBColor = RGBColor(190, 197, 205);
const INGEST: RGBColor = RGBColor(140, 180, 215);
pub(crate) const RULES: [RGBColor; 3] = [RGBColor(95, 150, 200), RGBColor(50, 115, 175), RGBColor(20, 75, 130)];
pub(crate) const FALCO: RGBColor = RGBColor(225, 130, 40);
const EARLIER: RGBColor = RGBColor(245, 205, 160);
const LINES: [RGBColor; 4] =
    [RGBColor(20, 75, 130), RGBColor(225, 130, 40), RGBColor(70, 150, 90), RGBColor(150, 80, 150)];

/// Draws what there is; gives the names of the files.
pub(super) fn draw(folder: &Path, results: &Results) -> Result<Vec<&'static str>, Box<dyn std::error::Error>> {
    let mut drawn = Vec::new();
    if !results.captures.is_empty() {
        stages(&folder.join("stages.svg"), results)?;
        matcher(&folder.join("matcher.svg"), results)?;
        drawn.extend(["stages.svg", "matcher.svg"]);
    }
    if results.scaling.len() > 1 {
        scaling(&folder.join("scaling.svg"), &results.scaling)?;
        compiling(&folder.join("compiling.svg"), &results.scaling)?;
        drawn.extend(["scaling.svg", "compiling.svg"]);
    }
    Ok(drawn)
}

/// A bar.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) colour: RGBColor,
}

/// Bars of one capture.
pub(crate) struct Group {
    pub(crate) label: String,
    pub(crate) bars: Vec<Bar>,
}

fn colour_of_rules(index: usize) -> RGBColor {
    RULES[index.min(RULES.len() - 1)]
}

fn stages(path: &Path, results: &Results) -> Drawn {
    let group = |capture: &OfCapture| {
        let bar = |label: &str, value, colour| Bar { label: label.to_owned(), value, colour };
        let mut bars = vec![bar("walk", capture.walk.cpu, WALK), bar("read, state", capture.ingest.cpu, INGEST)];
        for (i, rules) in capture.rules.iter().enumerate() {
            let name = &rules.name;
            bars.push(bar(&format!("+ rules {name}"), rules.end_to_end.cpu, colour_of_rules(i)));
        }
        for rules in &capture.rules {
            let name = &rules.name;
            if let Some(falco) = rules.falco {
                bars.push(bar(&format!("Falco, {name}"), falco.ns_per_event, FALCO));
            } else if let Some(earlier) = results.earlier_figure(&capture.name, name) {
                bars.push(bar(&format!("Falco, {name}, earlier"), earlier, EARLIER));
            }
        }
        Group { label: capture.name.clone(), bars }
    };
    let groups: Vec<Group> = results.captures.iter().map(group).collect();
    let mut note = "one thread, mapped file".to_owned();
    if let Some(earlier) = &results.earlier {
        note += &format!("; “earlier”: {}, recorded earlier", earlier.program);
    }
    bars(path, "CPU per event, ns, logarithmic: less is better", &note, &groups)
}

fn matcher(path: &Path, results: &Results) -> Drawn {
    let group = |capture: &OfCapture| {
        let bar = |(i, rules): (usize, &crate::results::OfRules)| Bar {
            label: format!("rules {}", rules.name),
            value: capture.matcher(rules).cpu,
            colour: colour_of_rules(i),
        };
        Group { label: capture.name.clone(), bars: capture.rules.iter().enumerate().map(bar).collect() }
    };
    let groups: Vec<Group> = results.captures.iter().map(group).collect();
    bars(
        path,
        "The matcher alone: CPU per event, ns, logarithmic",
        "end to end less reading and state of the same events",
        &groups,
    )
}

/// Height of a bar, of the space between groups, and of what is above and below.
const BAR: i32 = 20;
const GAP: i32 = 16;
const HEAD: i32 = 58;
const FOOT: i32 = 40;
/// Where bars begin and end, from the left.
const LEFT: i32 = 300;
const RIGHT: i32 = WIDTH as i32 - 70;

/// Groups of horizontal bars on a logarithmic scale. Drawn by hand: a chart's labels have no groups.
pub(crate) fn bars(path: &Path, title: &str, note: &str, groups: &[Group]) -> Drawn {
    let count: i32 = groups.iter().map(|g| g.bars.len() as i32).sum();
    let height = HEAD + FOOT + count * BAR + (groups.len() as i32 - 1) * GAP;
    let area = SVGBackend::new(path, (WIDTH, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let values = || groups.iter().flat_map(|g| g.bars.iter().map(|b| b.value)).filter(|v| *v > 0.0);
    // One nanosecond, so that plots of different days can be laid side by side; less only if a value is less.
    let least = 10_f64.powf(values().fold(1.0, f64::min).max(0.1).log10().floor());
    let most = values().fold(10.0 * least, f64::max) * 1.05;
    let scale = f64::from(RIGHT - LEFT) / (most / least).log10();
    let x = |value: f64| LEFT + ((value.max(least) / least).log10() * scale).round() as i32;
    text(&area, title, (16, 12), 19, INK, HPos::Left)?;
    text(&area, note, (16, 36), 13, INK, HPos::Left)?;
    let bottom = height - FOOT + 6;
    let mut tick = least;
    while tick <= most {
        area.draw(&PathElement::new(vec![(x(tick), HEAD - 4), (x(tick), bottom)], GRID))?;
        text(&area, &format!("{tick}"), (x(tick), bottom + 6), 13, INK, HPos::Center)?;
        tick *= 10.0;
    }
    let mut y = HEAD;
    for group in groups {
        text(&area, &group.label, (16, y + 2), 15, INK, HPos::Left)?;
        for bar in &group.bars {
            text(&area, &bar.label, (LEFT - 8, y + 3), 13, INK, HPos::Right)?;
            area.draw(&Rectangle::new([(LEFT, y + 1), (x(bar.value), y + BAR - 2)], bar.colour.filled()))?;
            text(&area, &super::tables::number(bar.value), (x(bar.value) + 6, y + 3), 13, INK, HPos::Left)?;
            y += BAR;
        }
        y += GAP;
    }
    area.present()?;
    Ok(())
}

fn text(area: &Area<'_>, text: &str, at: (i32, i32), size: i32, colour: RGBColor, side: HPos) -> Drawn {
    let style = ("sans-serif", size).into_font().color(&colour).pos(Pos::new(side, VPos::Top));
    area.draw(&Text::new(text, at, style))?;
    Ok(())
}

/// A line of a chart.
struct Line {
    label: String,
    points: Vec<(f64, f64)>,
}

fn scaling(path: &Path, scaling: &[Scaling]) -> Drawn {
    let names = scaling.first().map_or(&[][..], |s| &s.captures);
    let line = |name: &str| {
        let point = |s: &Scaling| {
            let on = s.captures.iter().find(|c| c.name == name)?;
            Some((s.rules as f64, on.matcher.cpu))
        };
        Line { label: name.to_owned(), points: scaling.iter().filter_map(point).collect() }
    };
    let lines: Vec<Line> = names.iter().map(|c| line(&c.name)).collect();
    chart(path, "The matcher alone on generated rules: CPU per event, ns", &lines, None)
}

fn compiling(path: &Path, scaling: &[Scaling]) -> Drawn {
    let line = |label: &str, of: fn(&Scaling) -> f64| Line {
        label: label.to_owned(),
        points: scaling.iter().map(|s| (s.rules as f64, of(s))).collect(),
    };
    let lines = [
        line("load", |s| s.steps.load),
        line("lower", |s| s.steps.lower),
        line("native", |s| s.steps.native),
        line("total", |s| s.steps.total()),
    ];
    chart(path, "Compiling generated rules, ms", &lines, Some((10_000.0, 5_000.0, "target")))
}

/// Lines over the number of rules, both axes logarithmic, and a point to stay below if it is on the axis.
fn chart(path: &Path, title: &str, lines: &[Line], below: Option<(f64, f64, &str)>) -> Drawn {
    // What is less is drawn there: a logarithm needs a floor.
    const FLOOR: f64 = 0.1;
    let points = || lines.iter().flat_map(|l| l.points.iter()).copied();
    let (least_x, most_x) = points().fold((f64::MAX, 1.0_f64), |(a, b), (x, _)| (a.min(x), b.max(x)));
    let below = below.filter(|(x, _, _)| *x <= most_x);
    let limits = below.map(|(_, y, _)| y);
    let values = || points().map(|(_, y)| y.max(FLOOR)).chain(limits);
    let bottom = 10_f64.powf(values().fold(f64::MAX, f64::min).log10().floor());
    let top = 10_f64.powf(values().fold(bottom * 10.0, f64::max).log10().ceil());
    let area = SVGBackend::new(path, (WIDTH, 460)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 19).into_font().color(&INK))
        .margin(14)
        .margin_right(120)
        .x_label_area_size(48)
        .y_label_area_size(66)
        .build_cartesian_2d((least_x..most_x * 1.02).log_scale(), (bottom..top).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_desc("rules")
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|y| format!("{y}"))
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 14).into_font().color(&INK))
        .draw()?;
    let mut ends = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let colour = LINES[i % LINES.len()];
        let points: Vec<(f64, f64)> = line.points.iter().map(|(x, y)| (*x, y.max(FLOOR))).collect();
        chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 4, colour.filled())))?;
        ends.extend(points.last().map(|last| (chart.backend_coord(last), &line.label, colour)));
    }
    // Labels stand at the ends of lines, and move down where another one is in the way.
    ends.sort_by_key(|((_, y), _, _)| *y);
    let mut free = 0;
    for ((x, y), label, colour) in ends {
        free = free.max(y);
        let style = ("sans-serif", 14).into_font().color(&colour).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(label.as_str(), (x + 10, free), style))?;
        free += 16;
    }
    if let Some((x, y, label)) = below {
        let style = ("sans-serif", 13).into_font().color(&INK).pos(Pos::new(HPos::Right, VPos::Top));
        let text = EmptyElement::at((x, y))
            + Text::new(label.to_owned(), (-12, 3), style)
            + PathElement::new(vec![(-9, 0), (9, 0)], INK.stroke_width(3));
        chart.draw_series(std::iter::once(text))?;
    }
    area.present()?;
    Ok(())
}
