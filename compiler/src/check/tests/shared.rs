//! The conditions that the reference engine has answered; all of them must be understood.

use super::{no_span, parsed};
use crate::check::{Checker, events};
use crate::syntax::ast::Expr;
use std::path::{Path, PathBuf};

/// Files called `name` below `folder`.
fn find(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, name, found);
        } else if path.ends_with(name) {
            found.push(path);
        }
    }
}

/// Texts behind `key` in a file that holds them as JSON strings, one per line.
fn texts(file: &Path, key: &str) -> Vec<String> {
    let content = std::fs::read_to_string(file).unwrap();
    let values = content.lines().filter_map(|line| line.trim().strip_prefix(key));
    values.map(|value| serde_json::from_str(value.trim()).unwrap_or_else(|_| value.trim().to_string())).collect()
}

fn replace_macro(expr: &mut Expr, condition: &Expr) {
    match expr {
        Expr::And(members, _) | Expr::Or(members, _) => members.iter_mut().for_each(|m| replace_macro(m, condition)),
        Expr::Not(inner, _) => replace_macro(inner, condition),
        Expr::Macro(..) => *expr = condition.clone(),
        Expr::Check(_) | Expr::Shared(_) => {}
    }
}

#[test]
fn conditions_and_outputs_of_the_oracle() {
    let Some(shared) = std::env::var_os("PEREGRINE_SHARED") else {
        println!("skipped: PEREGRINE_SHARED is not set");
        return;
    };
    let mut files = Vec::new();
    find(&Path::new(&shared).join("oracle"), "conditions.yaml", &mut files);
    let mut count = 0;
    for file in &files {
        let mut checker = Checker::new();
        let conditions = texts(file, "condition:");
        let (window, rules) = conditions.split_first().unwrap();
        let window = parsed(window);
        for text in rules {
            let mut expr = parsed(text);
            replace_macro(&mut expr, &window);
            if let Err(error) = checker.condition(&expr, &no_span) {
                panic!("{text}: {error}");
            }
            events::event_set(&expr).unwrap_or_else(|error| panic!("{text}: {error}"));
            count += 1;
        }
    }
    assert!(count >= 1500, "only {count} conditions in {files:?}");
    files.clear();
    find(&Path::new(&shared).join("oracle"), "fields.yaml", &mut files);
    for text in files.iter().flat_map(|file| texts(file, "output:")) {
        let (template, _) = Checker::new().template(&text, 0).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(template.pieces.len() > 100);
    }
}
