use super::tables::number;
use super::{Table, point_to, record, tables};
use crate::results::{OfCapture, OfRules, Results, Scaling, ScalingOn, Steps, Time};

fn time(cpu: f64) -> Time {
    Time { cpu, wall: cpu }
}

fn results() -> Results {
    let rules = ["own", "all"].map(|name| OfRules {
        name: name.into(),
        ingest: time(60.0),
        end_to_end: time(120.0),
        ..OfRules::default()
    });
    let capture = OfCapture {
        name: "nginx".into(),
        events: 1000,
        walk: time(5.0),
        ingest: time(60.0),
        rules: rules.to_vec(),
        ..OfCapture::default()
    };
    let scaling = [10, 100].map(|count| Scaling {
        rules: count,
        steps: Steps { load: 1.0, lower: 2.0, native: 3.0 },
        captures: vec![ScalingOn { name: "nginx".into(), matcher: time(4.0), matched_share: 0.0 }],
        ..Scaling::default()
    });
    Results { captures: vec![capture], scaling: scaling.to_vec(), ..Results::default() }
}

#[test]
fn numbers_have_three_digits() {
    let cases = [(0.0, "0.00"), (1.234, "1.23"), (9.996, "10.0"), (99.94, "99.9"), (99.96, "100"), (12345.6, "12346")];
    for (value, text) in cases {
        assert_eq!(number(value), text);
    }
}

#[test]
fn a_table_is_aligned() {
    let table = Table {
        title: "T".into(),
        header: vec!["name".into(), "ns".into()],
        rows: vec![vec!["a".into(), "1".into()], vec!["longer".into(), "200×".into()]],
    };
    assert_eq!(table.text(), "T\nname      ns\na          1\nlonger  200×\n");
    assert_eq!(
        table.markdown(),
        "## T\n\n| name   |   ns |\n| ------ | ---: |\n| a      |    1 |\n| longer | 200× |\n"
    );
}

#[test]
fn rows_have_as_many_cells_as_the_header() {
    let tables = tables(&results());
    let titles: Vec<&str> = tables.iter().map(|t| t.title.as_str()).collect();
    assert_eq!(
        titles,
        ["Targets", "In process, ns of CPU per event", "Generated rules"],
        "what was not measured is left out"
    );
    for table in tables {
        assert!(table.rows.iter().all(|row| row.len() == table.header.len()), "{}", table.title);
    }
}

#[test]
fn a_record_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut measured = results();
    measured.captures[0].rules[1].profile = Some("<svg/>".into());
    record(folder.path(), &measured).expect("written");
    let json = std::fs::read(folder.path().join("results.json")).expect("there");
    assert_eq!(serde_json::from_slice::<Results>(&json).expect("JSON"), results());
    let markdown = std::fs::read_to_string(folder.path().join("table.md")).expect("there");
    for plot in ["stages.svg", "matcher.svg", "scaling.svg", "compiling.svg", "profile-nginx.svg"] {
        assert!(markdown.contains(plot), "{plot} is shown");
        let svg = std::fs::read_to_string(folder.path().join(plot)).expect("drawn");
        assert!(svg.starts_with("<svg"), "{plot}");
    }
}

#[test]
fn links_lead_to_the_newest_record() {
    let text = "![](benches/record/2026-01-31/stages.svg) [all](benches/record/2026-01-31/table.md), `benches/record/DATE/`, benches/record/";
    let pointed = "![](benches/record/2026-02-01/stages.svg) [all](benches/record/2026-02-01/table.md), `benches/record/DATE/`, benches/record/";
    assert_eq!(point_to(text, "2026-02-01"), pointed);
}
