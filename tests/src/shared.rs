//! Recorded captures and Falco's answers on them, outside the repository.
//!
//! Their place comes from the environment variable `PEREGRINE_SHARED`; without it the tests that need them
//! say that they were skipped.

use anyhow::Context as _;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

/// The folder of shared inputs.
pub fn shared() -> Option<PathBuf> {
    std::env::var_os("PEREGRINE_SHARED").map(PathBuf::from)
}

/// A capture of the oracle.
#[derive(Debug, Clone)]
pub struct OracleCapture {
    /// Name in the oracle's folders, e.g. `attack`, `old/cat_write`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// All captures, by name.
pub fn captures(shared: &Path) -> anyhow::Result<Vec<OracleCapture>> {
    let mut found = BTreeMap::new();
    for (folder, prefix) in [("captures", ""), ("captures/old", "old/")] {
        let folder = shared.join(folder);
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let file = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
            if let Some((name, _)) = file.split_once(".scap") {
                found.insert(format!("{prefix}{name}"), path);
            }
        }
    }
    Ok(found.into_iter().map(|(name, path)| OracleCapture { name, path }).collect())
}

/// Files of upstream rules: `stable` or `all`.
pub fn upstream_rules(shared: &Path, set: &str) -> Vec<PathBuf> {
    let names: &[&str] = match set {
        "stable" => &["falco_rules.yaml"],
        _ => &["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"],
    };
    names.iter().map(|n| shared.join("upstream-rules").join(n)).collect()
}

/// Falco's answer to one condition: on which of the looked-at events it holds.
#[derive(Debug)]
pub struct ConditionAnswers {
    /// Events looked at: (time in ns, thread id), in order.
    pub events: Vec<(u64, i64)>,
    /// Rule name → bit per event.
    pub rules: HashMap<String, Vec<bool>>,
}

/// Reads `conditions.json` of a capture.
pub fn condition_answers(shared: &Path, capture: &str) -> anyhow::Result<ConditionAnswers> {
    use base64::Engine as _;
    let path = shared.join("oracle").join(capture).join("conditions.json");
    let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let json: serde_json::Value = serde_json::from_slice(&text)?;
    let events: Vec<(u64, i64)> = serde_json::from_value(json["events"].clone())?;
    let mut rules = HashMap::new();
    let list = json["rules"].as_object().context("rules is not an object")?;
    for (name, answer) in list {
        let text = answer.as_str().or_else(|| answer["events"].as_str()).context("no bitmap")?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text)?;
        let bits = (0..events.len()).map(|i| bytes.get(i / 8).is_some_and(|b| b >> (i % 8) & 1 == 1)).collect();
        rules.insert(name.clone(), bits);
    }
    Ok(ConditionAnswers { events, rules })
}

/// A line of `fields.jsonl.gz`: all fields of one event.
#[derive(Debug, serde::Deserialize)]
pub struct FieldAnswers {
    /// Time in ns.
    pub rawtime: u64,
    /// Thread id.
    pub tid: i64,
    /// Field as written → JSON value.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// Reads `fields.jsonl.gz` of a capture.
pub fn field_answers(shared: &Path, capture: &str) -> anyhow::Result<Vec<FieldAnswers>> {
    let path = shared.join("oracle").join(capture).join("fields.jsonl.gz");
    let file = std::fs::File::open(&path).with_context(|| path.display().to_string())?;
    let mut answers = Vec::new();
    for line in BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines() {
        let line = line?;
        // The first line tells which window was looked at.
        if !line.starts_with("{\"window\"") {
            answers.push(serde_json::from_str(&line)?);
        }
    }
    Ok(answers)
}

/// Falco's alerts, one JSON text per line, parsed.
pub fn alert_answers(path: &Path) -> anyhow::Result<Vec<serde_json::Value>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The conditions of a capture as a rule set; the window that restricts them to the events looked at is left
/// out.
pub fn conditions(shared: &Path, capture: &str) -> anyhow::Result<peregrine_compiler::hir::RuleSet> {
    let path = shared.join("oracle").join(capture).join("conditions.yaml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let items: Vec<serde_yaml::Value> = serde_yaml::from_str(&text)?;
    let mut conditions = Vec::new();
    for item in &items {
        if let (Some(name), Some(condition)) = (item["rule"].as_str(), item["condition"].as_str()) {
            let inner = condition.strip_prefix("in_window and ").context("no window")?;
            conditions.push((name, inner));
        }
    }
    crate::rules::from_conditions(conditions).map_err(anyhow::Error::msg)
}

/// Loads rule files, with further fields in every alert. Any error is an error here.
pub fn load_rules(files: &[PathBuf], extra_fields: &[&str]) -> anyhow::Result<peregrine_compiler::hir::RuleSet> {
    use peregrine_compiler::load::{Extra, ExtraOutput, Loader, Match, Options};
    let extra = extra_fields
        .iter()
        .map(|field| ExtraOutput { to: Match::default(), what: Extra::Field((*field).to_owned()) })
        .collect();
    let mut loader = Loader::new(Options { extra, ..Options::default() });
    for file in files {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        loader.add_file(&file.display().to_string(), &bytes);
    }
    let loaded = loader.finish();
    for result in &loaded.results {
        if let Some(error) = result.errors.first() {
            anyhow::bail!("{}: {}", result.name, error.message);
        }
    }
    Ok(loaded.rules)
}
