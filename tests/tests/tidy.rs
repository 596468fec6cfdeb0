//! What ARCHITECTURE.md and CONTRIBUTING.md say about the sources, checked.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// Files that may be long, with the reason.
const LONG: [(&str, &str); 1] = [("compiler/schema/src/", "flat tables")];
/// Modules that may hold `unsafe`, with the reason.
const UNSAFE: [(&str, &str); 7] = [
    ("compiler/src/backend/codegen.rs", "types of the functions that generated code calls; none is called there"),
    ("runtime/src/sys/", "memory maps; seccomp(2)"),
    ("runtime/tests/guard.rs", "system calls that a filter forbids"),
    ("probe/src/sys/", "bpf(2) and the memory of rings"),
    ("probe/tests/", "system calls made as programs make them, to be recorded"),
    ("compiler/src/backend/native.rs", "calls into generated code"),
    ("compiler/src/backend/frame.rs", "memory shared with generated code"),
];
/// Crates in the order of their dependence: each may only use those before it.
const CRATES: [(&str, &str); 4] =
    [("compiler/schema", "schema"), ("compiler", "compiler"), ("probe", "probe"), ("runtime", "runtime")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

struct Source {
    /// Path from the root of the repository, with slashes.
    path: String,
    text: String,
}

impl Source {
    /// Files that hold nothing but tests.
    fn is_test(&self) -> bool {
        let starts = ["tests/", "benches/", "fuzz/"];
        starts.iter().any(|s| self.path.starts_with(s))
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
    }

    /// The text before the tests at its end.
    fn code(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }

    /// Numbered lines of code, comments left out.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code().lines().enumerate().map(|(i, l)| (i + 1, l));
        lines.filter(|(_, l)| !l.trim_start().starts_with("//"))
    }
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            // In a work tree `.git` is a file.
            _ if name == "target" || name == ".git" => {}
            true => walk(&path, visit),
            false => visit(&path),
        }
    }
}

fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&root(), &mut |path| found.push(path.to_owned()));
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn sources() -> Vec<Source> {
    let rust = files().into_iter().filter(|p| p.extension().is_some_and(|e| e == "rs"));
    let sources: Vec<Source> =
        rust.map(|p| Source { path: relative(&p), text: fs::read_to_string(&p).unwrap() }).collect();
    assert!(sources.len() > 40, "the sources were not found");
    sources
}

fn allowed(list: &[(&str, &str)], path: &str) -> bool {
    list.iter().any(|(prefix, _)| path.starts_with(prefix))
}

#[track_caller]
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn files_stay_small() {
    let long =
        |s: &&Source| s.code().lines().count() > 800 && !allowed(&LONG, &s.path) && !s.path.ends_with("/tests.rs");
    let found: Vec<String> = sources().iter().filter(long).map(|s| s.path.clone()).collect();
    none("files of more than 800 lines", &found);
}

#[test]
fn modules_begin_with_their_purpose() {
    let bare = |s: &&Source| {
        let first = s.text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
        // What `x/tests.rs` tests is said by `x.rs`.
        !s.path.ends_with("/tests.rs")
            && !s.path.contains("/tests/")
            && (!first.starts_with("//! ") || first.len() < 12)
    };
    let found: Vec<String> = sources().iter().filter(bare).map(|s| s.path.clone()).collect();
    none("files that do not say first what they do", &found);
}

#[test]
fn crates_depend_one_way() {
    for (i, (folder, name)) in CRATES.iter().enumerate() {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for (_, later) in &CRATES[i..] {
            let used = dependencies.lines().any(|l| l.starts_with(&format!("peregrine-{later}")));
            assert!(!used, "{name} depends on {later}");
        }
        if *name == "schema" {
            let any = dependencies.lines().any(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
            assert!(!any, "schema depends on something");
        }
    }
}

#[test]
fn unsafe_code_stays_where_it_is_allowed() {
    // Put together, so that this file does not hold the word in code.
    let word = ["un", "safe"].concat();
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| !allowed(&UNSAFE, &s.path)) {
        for (number, line) in source.lines() {
            let uses = [" {", " fn", " impl", " trait", " extern"].iter().any(|w| line.contains(&format!("{word}{w}")));
            if uses {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("unsafe code outside the allowed modules", &found);
    for (path, _) in UNSAFE {
        assert!(root().join(path).exists(), "{path} is allowed unsafe code but does not exist");
    }
}

#[test]
fn input_is_not_unwrapped() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test()) {
        for (number, line) in source.lines() {
            if line.contains(".unwrap()") || line.contains("panic!(") {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("unwrap() or panic!() outside tests", &found);
}

#[test]
fn the_compiler_is_deterministic() {
    let words = ["SystemTime::now", "Instant::now", "std::env::", "RandomState", "std::fs::", "File::open"];
    let mut found = Vec::new();
    let compiler = |s: &&Source| s.path.starts_with("compiler/src/") && !s.is_test();
    for source in sources().iter().filter(compiler) {
        // Times what runs, for profiles; decides nothing.
        if source.path == "compiler/src/backend/measure.rs" {
            continue;
        }
        for (number, line) in source.lines() {
            if words.iter().any(|w| line.contains(w)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("clocks, environment, files or random hashing in the compiler", &found);
}

#[test]
fn libraries_do_not_print() {
    let programs = ["runtime/src/main", "runtime/src/bin/", "runtime/src/cli/"];
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test() && !programs.iter().any(|p| s.path.starts_with(p))) {
        for (number, line) in source.lines() {
            if ["println!(", "print!(", "dbg!("].iter().any(|w| line.contains(w)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("libraries that print", &found);
}

#[test]
fn no_path_of_a_machine() {
    // Put together, so that this file does not hold them.
    let marks = [["/wo", "rk/"], ["/ro", "ot/."], ["/ho", "me/runner"], ["/Use", "rs/"]].map(|p| p.concat());
    // SSH keys and the like of root are what rules look for.
    let exempt = ["rules/", "corpus/"];
    let mut found = Vec::new();
    for path in files() {
        let name = relative(&path);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if exempt.iter().any(|e| name.starts_with(e)) {
            continue;
        }
        for (i, line) in text.lines().enumerate() {
            if marks.iter().any(|m| line.contains(m.as_str())) {
                found.push(format!("{name}:{}: {}", i + 1, line.trim()));
            }
        }
    }
    none("paths of somebody's machine", &found);
}
