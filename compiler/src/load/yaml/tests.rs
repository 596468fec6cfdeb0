use super::*;

fn show(node: &Node, text: &str, depth: usize, out: &mut String) {
    use std::fmt::Write;
    let before = &text[..node.span.start as usize];
    let line = before.matches('\n').count();
    let column = before.len() - before.rfind('\n').map_or(0, |n| n + 1);
    let pad = " ".repeat(depth);
    match &node.kind {
        Kind::Null => writeln!(out, "{pad}null {line}:{column}"),
        Kind::Scalar(s) => {
            let mut shown = String::new();
            for b in s.text().chars() {
                match b {
                    '\n' => shown.push_str("\\n"),
                    '\\' => shown.push_str("\\\\"),
                    c if c.is_ascii_control() => write!(shown, "\\x{:02x}", c as u32).expect("a string takes text"),
                    c => shown.push(c),
                }
            }
            writeln!(out, "{pad}s {line}:{column} {shown}")
        }
        Kind::Seq(_) => writeln!(out, "{pad}seq {line}:{column}"),
        Kind::Map(_) => writeln!(out, "{pad}map {line}:{column}"),
    }
    .expect("a string takes text");
    for item in node.seq().unwrap_or_default() {
        show(item, text, depth + 1, out);
    }
    for (key, value) in node.map().unwrap_or_default() {
        show(key, text, depth + 1, out);
        show(value, text, depth + 2, out);
    }
}

/// Prints trees in the form of the yaml-cpp dumper used while this was written; kept for experiments:
/// `YAML_DUMP="a.yaml b.yaml" cargo test -p peregrine-compiler yaml_dump -- --nocapture`.
#[test]
#[allow(clippy::print_stdout, reason = "a tool")]
fn yaml_dump() {
    let Ok(files) = std::env::var("YAML_DUMP") else { return };
    for path in files.split_whitespace() {
        println!("== {}", path.rsplit('/').next().unwrap_or(path));
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        match load(&text, FileId(0)) {
            Ok(documents) => {
                for document in documents {
                    let mut out = String::new();
                    show(&document, &text, 0, &mut out);
                    print!("doc\n{out}");
                }
            }
            Err(e) => println!("error {} {}", e.offset, e.message),
        }
    }
}
