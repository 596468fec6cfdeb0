//! The kinds of errors and warnings. Names and meanings are Falco's, so that tools that read them keep working; those
//! of Peregrine's own, see [`crate::lint`], begin with `PEREGRINE_` and never stand among the results of a file.

/// Whether a file with it is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is accepted.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $severity:ident $text:literal $short:literal $long:literal;)*) => {
        /// A kind of error or warning.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "described by Code::description")]
        pub enum Code { $($name),* }

        impl Code {
            /// All of them.
            pub const ALL: &[Code] = &[$(Code::$name),*];
            /// Name as printed, e.g. `LOAD_ERR_VALIDATE`.
            pub fn name(self) -> &'static str { match self { $(Code::$name => $text),* } }
            /// A few words.
            pub fn short(self) -> &'static str { match self { $(Code::$name => $short),* } }
            /// A sentence or two.
            pub fn description(self) -> &'static str { match self { $(Code::$name => $long),* } }
            /// Whether a file with it is refused.
            pub fn severity(self) -> Severity { match self { $(Code::$name => Severity::$severity),* } }
        }
    };
}

codes! {
    FileRead Error "LOAD_ERR_FILE_READ" "File read error"
        "The file cannot be read: it does not exist, may not be read, or is too large.";
    YamlParse Error "LOAD_ERR_YAML_PARSE" "YAML parse error"
        "The file is not valid YAML.";
    YamlValidate Error "LOAD_ERR_YAML_VALIDATE" "Error validating internal structure of YAML file"
        "The YAML is valid but not a sequence of items, or an item lacks a key or has a value of the wrong type.";
    CompileCondition Error "LOAD_ERR_COMPILE_CONDITION" "Error compiling condition"
        "A condition cannot be parsed, or compares what cannot be compared.";
    CompileOutput Error "LOAD_ERR_COMPILE_OUTPUT" "Error compiling output"
        "An output has a token that is no field or transformer.";
    Validate Error "LOAD_ERR_VALIDATE" "Error validating rule/macro/list/exception objects"
        "An item contradicts others: an undefined macro, a version that is not met, an append to nothing, \
         exception lists of different lengths.";
    Extension Error "LOAD_ERR_EXTENSION" "Error in extension item"
        "An item of an extension is wrong.";
    UnknownSource Warning "LOAD_UNKNOWN_SOURCE" "Unknown event source"
        "The rule's event source is not known, for instance because its plugin is not loaded. The rule is left out.";
    UnsafeNaCheck Warning "LOAD_UNSAFE_NA_CHECK" "Unsafe <NA> comparison in condition"
        "Comparing a field with <NA> does not test whether it is missing; use 'exists'.";
    NoEvttype Warning "LOAD_NO_EVTTYPE" "Condition has no event-type restriction"
        "The condition can match more than a hundred event types, which costs time on every event. \
         Restrict evt.type.";
    UnknownFilter Warning "LOAD_UNKNOWN_FILTER" "Unknown field or event-type in condition or output"
        "A condition or output names a field or event type that does not exist. The rule is left out, \
         since it has skip-if-unknown-filter; without that key this is an error.";
    UnusedMacro Warning "LOAD_UNUSED_MACRO" "Unused macro"
        "No rule or macro uses the macro.";
    UnusedList Warning "LOAD_UNUSED_LIST" "Unused list"
        "No rule, macro or list uses the list.";
    UnknownItem Warning "LOAD_UNKNOWN_ITEM" "Unknown rules file item"
        "The item is not a rule, macro, list or requirement. It is ignored.";
    DeprecatedItem Warning "LOAD_DEPRECATED_ITEM" "Used deprecated item"
        "A form or field is used that is only kept for old rule files.";
    WarningExtension Warning "LOAD_WARNING_EXTENSION" "Warning in extension item"
        "An item of an extension is doubtful.";
    AppendNoValues Warning "LOAD_APPEND_NO_VALUES" "Overriding/appending with no values"
        "An appended exception has no values, so it changes nothing.";
    ExceptionNameNotUnique Warning "LOAD_EXCEPTION_NAME_NOT_UNIQUE" "Multiple exceptions defined with the same name"
        "A rule has two exceptions of one name; both are kept.";
    InvalidMacroName Warning "LOAD_INVALID_MACRO_NAME" "Invalid macro name"
        "Conditions cannot refer to a macro of this name.";
    InvalidListName Warning "LOAD_INVALID_LIST_NAME" "Invalid list name"
        "Conditions may not be able to refer to a list of this name.";
    CompileConditionWarning Warning "LOAD_COMPILE_CONDITION" "Warning in rule condition"
        "The condition is valid but probably does not say what was meant, or could be said simpler.";
    UnknownKey Warning "LOAD_UNKNOWN_KEY" "Unknown key in item definition"
        "The item has a key that its kind does not have. The key is ignored; it may be misspelt or belong elsewhere.";
    NeverMatches Warning "PEREGRINE_NEVER_MATCHES" "Rule can never match"
        "Parts of the rule's condition contradict each other, so that no event can satisfy it.";
    AlwaysMatches Warning "PEREGRINE_ALWAYS_MATCHES" "Rule matches every event of its types"
        "Apart from the types of events, the rule's condition holds whatever happens.";
    Shadowed Warning "PEREGRINE_SHADOWED" "Rule is shadowed by an earlier one"
        "Every event that matches the rule matches an earlier rule too, and only the first match counts \
         (rule_matching: first, the default).";
}
