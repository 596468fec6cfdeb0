use crate::check::regex_to_rust;

fn matches(pattern: &str, text: &str) -> bool {
    let translated = regex_to_rust(pattern.as_bytes()).unwrap_or_else(|error| panic!("{pattern:?}: {error}"));
    let regex = regex_automata::meta::Regex::new(&format!("\\A(?:{translated})\\z")).unwrap();
    regex.is_match(text)
}

#[test]
fn matches_whole_texts() {
    let cases = [
        ("", "", true),
        ("", "a", false),
        ("yscal.*", "syscall", false),
        ("syscal.*", "syscall", true),
        ("^[s]{1}ysca[l]{2}$", "syscall", true),
        ("a|ab", "ab", true),
        ("a*?", "aaa", true),
        ("a**b", "aab", true),
        ("a?+", "aa", true),
        ("(a|b)*c", "abac", true),
        ("a{2}{3}", "aaaaaa", true),
        ("a{2}{3}", "aaaaa", false),
        ("a{,3}", "a{,3}", true),
        ("a{02}", "a{02}", true),
        ("{", "{", true),
        ("x{2,}", "xxx", true),
        ("[[:alpha:]]+", "aZ", true),
        ("[[:alpha:]]+", "\u{e9}", false),
        ("[[:^alpha:]]", "\u{e9}", true),
        ("[]a]+", "]a", true),
        ("[^]a]", "b", true),
        ("[a-]+", "a-", true),
        ("[-a]+", "a-", true),
        ("[\\]]", "]", true),
        ("[a&&b]+", "&", true),
        ("[a~~b]+", "~", true),
        ("[[a]", "[", true),
        ("/p./q.", "/p\u{fffd}/q\u{fffd}", true),
        (".", "\u{e9}", true),
        (".", "\n", false),
        ("[^a]", "\n", true),
        ("a$\n^b", "a\nb", true),
        ("^*a", "a", true),
        ("\\.\\/\\-\\_", "./-_", true),
        ("\\x41\\x{e9}\\101\\0", "A\u{e9}A\0", true),
        ("[\\x{d000}-\\x{f000}]", "\u{e000}", true),
        ("[\\x{d800}]", "x", false),
        ("a#b c", "a#b c", true),
        ("(a{10}){100}", "a", false),
        ("\\xff", "\u{ff}", true),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(matches(pattern, text), expected, "{pattern:?} {text:?}");
    }
}

#[test]
fn refuses_what_posix_syntax_does_not_have() {
    let cases = [
        ("((", "missing ): (("),
        ("a)", "unexpected ): a)"),
        ("*", "no argument for repetition operator: *"),
        ("a|+", "no argument for repetition operator: +"),
        ("(?i)a", "no argument for repetition operator: ?"),
        ("(?:a)", "no argument for repetition operator: ?"),
        ("{2}", "no argument for repetition operator: {2}"),
        ("\\w", "invalid escape sequence: \\w"),
        ("\\d+", "invalid escape sequence: \\d"),
        ("\\bx", "invalid escape sequence: \\b"),
        ("\\pN", "invalid escape sequence: \\p"),
        ("\\1", "invalid escape sequence: \\1"),
        ("\\Qa", "invalid escape sequence: \\Q"),
        ("\\x4", "invalid escape sequence: \\x4"),
        ("\\x{110000}", "invalid escape sequence: \\x{110000}"),
        ("\\\u{e9}", "invalid escape sequence: \\\u{e9}"),
        ("a\\", "trailing \\"),
        ("x[a", "missing ]: [a"),
        ("[]", "missing ]: []"),
        ("[z-a]", "invalid character class range: z-a"),
        ("[a-b-c]", "invalid character class range: -c"),
        ("[[:foo:]]", "invalid character class range: [:foo:]"),
        ("[\\d]", "invalid escape sequence: \\d"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("a{2,1}", "invalid repetition size: {2,1}"),
        ("(a{40}){40}", "invalid repetition size: {40}"),
    ];
    for (pattern, message) in cases {
        assert_eq!(regex_to_rust(pattern.as_bytes()).unwrap_err(), message, "{pattern:?}");
    }
    assert_eq!(regex_to_rust(b"\xff").unwrap_err(), "invalid UTF-8");
}

#[test]
fn what_is_accepted_compiles() {
    // Constants are at most 255 bytes long.
    let deepest = [
        format!("{}a{}", "(".repeat(127), ")".repeat(127)),
        format!("{}a{}", "(".repeat(84), ")*".repeat(84)),
        format!("{}a{}", "(b".repeat(63), ")*".repeat(63)),
        format!("{}a{}", "(|".repeat(84), ")".repeat(84)),
        format!("a{}", "*+?".repeat(84)),
        format!("a{}", "{1}".repeat(84)),
        format!("a{}", "{1}*".repeat(63)),
        format!("a{}", "{0}*".repeat(63)),
        format!("a{}", "{1,}*".repeat(50)),
    ];
    for pattern in deepest {
        assert!(regex_to_rust(pattern.as_bytes()).is_ok(), "{pattern}");
    }
    for pattern in ["(".repeat(5000) + "a" + &")*".repeat(5000), "[^a]{1000}".repeat(400)] {
        let message = regex_to_rust(pattern.as_bytes()).unwrap_err();
        assert!(message.starts_with("bad nesting") || message.starts_with("pattern too large"), "{message}");
    }
}
