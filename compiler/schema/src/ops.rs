//! The operators of conditions, their modifiers, and the transformers: one row each.
//!
//! What must hold: tokens are unique; within [`OPERATORS`] a token precedes every other operator that is a prefix of
//! it (`<=` before `<`), so that the first row that fits the text is the operator.

use crate::Type;

/// Types that admit the same operators.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TypeGroup {
    /// Integers, descriptors, process ids, times, ports, flags.
    Number,
    /// User and group ids, which only parameters have (`evt.rawarg.uid`).
    Id,
    /// `true` and `false`.
    Bool,
    /// Text and paths.
    Text,
    /// Bytes.
    Buffer,
    /// Addresses and networks.
    Address,
    /// Everything else: only `exists`.
    Other,
}

impl Type {
    /// Which operators the type admits.
    pub const fn group(self) -> TypeGroup {
        match self {
            Type::Int8
            | Type::Int16
            | Type::Int32
            | Type::Int64
            | Type::Uint8
            | Type::Uint16
            | Type::Uint32
            | Type::Uint64
            | Type::Errno
            | Type::Fd
            | Type::Pid
            | Type::SyscallId
            | Type::Sigtype
            | Type::Reltime
            | Type::Abstime
            | Type::Port
            | Type::Flags8
            | Type::Flags16
            | Type::Flags32
            | Type::Double
            | Type::Mode
            | Type::Enumflags8
            | Type::Enumflags16
            | Type::Enumflags32 => TypeGroup::Number,
            Type::Uid | Type::Gid => TypeGroup::Id,
            Type::Bool => TypeGroup::Bool,
            Type::Charbuf | Type::Fspath | Type::Fsrelpath => TypeGroup::Text,
            Type::Bytebuf => TypeGroup::Buffer,
            Type::Ipv4addr | Type::Ipv4net | Type::Ipv6addr | Type::Ipv6net | Type::Ipaddr | Type::Ipnet => {
                TypeGroup::Address
            }
            Type::None
            | Type::Sockaddr
            | Type::Socktuple
            | Type::Fdlist
            | Type::L4proto
            | Type::Sockfamily
            | Type::Dyn
            | Type::Sigset
            | Type::Charbufarray
            | Type::CharbufPairArray
            | Type::Fd32
            | Type::Pid32 => TypeGroup::Other,
        }
    }
}

/// Form of a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Nothing on the right.
    Unary,
    /// A number token, a transformer or `val(...)` on the right.
    Number,
    /// Any constant, a transformer or `val(...)`; with a modifier a list.
    Scalar,
    /// A list in parentheses, one bare word, a transformer or `val(...)`.
    List,
}

/// An operator.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    /// As written, and as printed.
    pub token: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// Form.
    pub form: Form,
    /// Types of fields that admit it.
    pub groups: &'static [TypeGroup],
    /// Admissible for fields that give a list.
    pub on_lists: bool,
    /// Takes `oneof`, `anyof` and `allof`.
    pub modifiers: bool,
    /// A field or transformer may stand on the right.
    pub field_right: bool,
    /// A blank must follow.
    pub blank: bool,
    /// Meaning.
    pub doc: &'static str,
    /// A condition using it.
    pub example: &'static str,
}

/// A quantifier over the list on the right.
#[derive(Clone, Copy, Debug)]
pub struct ModifierRow {
    /// As written, after a blank behind the operator; a blank must follow.
    pub token: &'static str,
    /// Meaning.
    pub doc: &'static str,
    /// A condition using it.
    pub example: &'static str,
}

/// Result of a transformer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResultType {
    /// That of the argument, a list for a list.
    Same,
    /// A number.
    Number,
    /// Text.
    Text,
    /// Text with an argument in brackets, else a list of texts.
    Options,
}

/// A transformer.
#[derive(Clone, Copy, Debug)]
pub struct Transformer {
    /// Name; the opening parenthesis must follow directly.
    pub name: &'static str,
    /// Fewest arguments.
    pub min_args: usize,
    /// Most arguments, `None` for any number.
    pub max_args: Option<usize>,
    /// Types of the argument it accepts, for those with one argument; empty for the others.
    pub types: &'static [Type],
    /// Result.
    pub result: ResultType,
    /// An argument in brackets may follow.
    pub key: bool,
    /// Meaning.
    pub doc: &'static str,
    /// A condition using it.
    pub example: &'static str,
}

/// The operator with this spelling.
pub fn operator(token: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|o| o.token == token || o.aliases.contains(&token))
}

/// The modifier with this spelling.
pub fn modifier(token: &str) -> Option<&'static ModifierRow> {
    MODIFIERS.iter().find(|m| m.token == token)
}

/// The transformer with this name. `val` is none: it only marks a field on the right.
pub fn transformer(name: &str) -> Option<&'static Transformer> {
    TRANSFORMERS.iter().find(|t| t.name == name)
}

impl Operator {
    /// Whether a field of this type, giving a list or a single value, may be compared with the operator.
    pub fn admits(&self, ty: Type, list: bool) -> bool {
        match self.form {
            Form::Unary => true,
            _ if list => self.on_lists && LIST_TYPES.contains(&ty),
            _ => self.groups.contains(&ty.group()),
        }
    }
}

/// Types of which a field may give a list.
pub const LIST_TYPES: [Type; 7] =
    [Type::Charbuf, Type::Uint64, Type::Reltime, Type::Abstime, Type::Bool, Type::Ipaddr, Type::Ipnet];

use TypeGroup::{Address, Bool, Buffer, Id, Number, Other, Text};

const EVERY: &[TypeGroup] = &[Number, Id, Bool, Text, Buffer, Address, Other];
const VALUES: &[TypeGroup] = &[Number, Id, Bool, Text, Buffer, Address];
const ORDERED: &[TypeGroup] = &[Number, Id, Text];
const MEMBERS: &[TypeGroup] = &[Number, Bool, Text, Buffer, Address];
const BYTES: &[TypeGroup] = &[Text, Buffer];

macro_rules! operators {
    ($($token:literal $([$($alias:literal)*])? $form:ident $groups:expr, $($property:ident)*: $doc:literal, $example:literal;)*) => {
        /// All operators, in the order in which they are tried.
        pub const OPERATORS: &[Operator] = &[$({
            #[allow(unused_mut, reason = "some operators have no property")]
            let mut row = Operator {
                token: $token,
                aliases: &[$($($alias),*)?],
                form: Form::$form,
                groups: $groups,
                on_lists: false,
                modifiers: false,
                field_right: false,
                blank: false,
                doc: $doc,
                example: $example,
            };
            $(row.$property = true;)*
            row
        }),*];
    };
}

operators! {
    "exists" Unary EVERY, on_lists:
        "The field has a value. An empty text is a value. Without a value every other comparison is false, `!=` \
         included; only `not` turns it true.",
        "container.name exists";
    "<=" Number ORDERED, field_right: "Less or equal; texts are compared byte by byte.", "evt.rawres <= -1";
    "<" Number ORDERED, field_right: "Less.", "fd.sport < 1024";
    ">=" Number ORDERED, field_right: "Greater or equal.", "user.uid >= 1000";
    ">" Number ORDERED, field_right: "Greater.", "evt.buflen > 4096";
    "=" ["=="] Scalar VALUES, modifiers field_right:
        "Equal; of a network, the address lies in it. Case matters.", "proc.name = bash";
    "!=" Scalar VALUES, modifiers field_right:
        "Not equal. False if the field has no value. For fields of either end of a connection: neither end is equal.",
        "proc.name != bash";
    "glob" Scalar &[Text], modifiers field_right blank:
        "The whole text matches a shell pattern: `*` any text, slashes included, `?` any character, `[...]` a set; \
         a backslash takes the meaning from the next character.",
        "fd.name glob '/home/*/.ssh/*'";
    "iglob" Scalar &[Text], modifiers field_right blank:
        "Like `glob`, whatever the case.", "proc.name iglob '*MINER*'";
    "contains" Scalar BYTES, modifiers field_right blank:
        "Contains the text, or the bytes. The empty text is contained in every text.",
        "proc.cmdline contains passwd";
    "icontains" Scalar &[Text], modifiers field_right blank:
        "Contains the text, whatever the case.", "proc.cmdline icontains PASSWD";
    "bcontains" Scalar &[Buffer], modifiers field_right blank:
        "Contains the bytes, given as an even number of hex digits.", "evt.buffer bcontains CAFEBABE";
    "startswith" Scalar BYTES, modifiers field_right blank:
        "Begins with the text, or the bytes.", "fd.name startswith /etc/";
    "bstartswith" Scalar &[Buffer], modifiers field_right blank:
        "Begins with the bytes, given as an even number of hex digits.", "evt.buffer bstartswith 7f454c46";
    "endswith" Scalar BYTES, modifiers field_right blank:
        "Ends with the text, or the bytes.", "fd.name endswith .pem";
    "regex" Scalar &[Text], modifiers blank:
        "The whole text matches a regular expression in the POSIX syntax of RE2: classes like `[[:alnum:]]`, no \
         `\\d`, no `(?i)`, leftmost-longest. Bytes that are not UTF-8 count as one character.",
        "fd.name regex '/tmp/[a-z]{8}'";
    "intersects" List MEMBERS, on_lists field_right:
        "Of a field that gives a list: at least one element is in the list on the right. Else like `in`.",
        "fd.types intersects (ipv4, ipv6)";
    "in" List MEMBERS, on_lists field_right:
        "Is in the list. Of a field that gives a list: all its elements are in the list on the right.",
        "proc.name in (bash, sh, zsh)";
    "pmatch" List &[Text],:
        "A path on the right is the path or one of its parent directories, component by component; a component may \
         be a shell pattern. Slashes at either end do not matter.",
        "fd.name pmatch (/etc, /var/log)";
}

/// All modifiers. With an empty list each of them is false.
pub const MODIFIERS: &[ModifierRow] = &[
    ModifierRow {
        token: "oneof",
        doc: "The comparison holds for exactly one element of the list; an element given twice counts twice.",
        example: "proc.cmdline contains oneof (curl, wget)",
    },
    ModifierRow {
        token: "anyof",
        doc: "The comparison holds for at least one element of the list.",
        example: "fd.name startswith anyof (/etc/, /usr/)",
    },
    ModifierRow {
        token: "allof",
        doc: "The comparison holds for every element of the list; `!= allof` means: is not in the list.",
        example: "proc.name != allof (bash, sh)",
    },
];

const TEXTS: &[Type] = &[Type::Charbuf, Type::Fspath, Type::Fsrelpath];

macro_rules! transformers {
    ($($name:literal $min:literal $max:expr, $types:expr, $result:ident $key:literal $doc:literal, $example:literal;)*) => {
        /// All transformers.
        pub const TRANSFORMERS: &[Transformer] = &[$(Transformer {
            name: $name,
            min_args: $min,
            max_args: $max,
            types: $types,
            result: ResultType::$result,
            key: $key,
            doc: $doc,
            example: $example,
        }),*];
    };
}

transformers! {
    "tolower" 1 Some(1), TEXTS, Same false "The text in lower case (ASCII).", "tolower(proc.name) = bash";
    "toupper" 1 Some(1), TEXTS, Same false "The text in upper case (ASCII).", "toupper(proc.name) = BASH";
    "b64" 1 Some(1), &[Type::Charbuf, Type::Bytebuf], Same false
        "The text or bytes decoded from base64, with or without padding; missing if it is none.",
        "b64(evt.buffer) contains passwd";
    "basename" 1 Some(1), TEXTS, Same false
        "The part behind the last slash, empty if the text ends in one.", "basename(proc.exepath) = bash";
    "len" 1 Some(1), &[Type::Charbuf, Type::Fspath, Type::Fsrelpath, Type::Bytebuf], Number false
        "Number of bytes; of a list, of any type, number of elements.", "len(proc.cmdline) > 1000";
    "join" 2 Some(2), &[], Text false
        "The elements of a list, given or of a field, joined with the first argument between them.",
        "join(\",\", (proc.name, proc.pname)) = \"cat,bash\"";
    "concat" 2 None, &[], Text false
        "All arguments, one after the other.", "concat(proc.name, \":\", proc.pname) = \"cat:bash\"";
    "getopt" 2 Some(2), &[], Options true
        "The short options in a list of arguments, by the rules of POSIX: letters and their values in order. With \
         `[c]`, the value of the last option `c`, or `c` itself if it takes none.",
        "getopt((\"-p\", \"80\"), \"p:\")[p] = 80";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn tokens_are_unique() {
        let mut seen = HashSet::new();
        let operators = OPERATORS.iter().flat_map(|o| o.aliases.iter().copied().chain([o.token]));
        let others = MODIFIERS.iter().map(|m| m.token).chain(TRANSFORMERS.iter().map(|t| t.name));
        for token in operators.chain(others) {
            assert!(seen.insert(token), "{token}");
        }
        assert_eq!(OPERATORS.len(), 19);
    }

    #[test]
    fn longer_tokens_come_first() {
        for (index, o) in OPERATORS.iter().enumerate() {
            for later in &OPERATORS[index + 1..] {
                assert!(!later.token.starts_with(o.token), "{} hides {}", o.token, later.token);
            }
        }
    }

    #[test]
    fn admission() {
        let admits = |token, ty, list| operator(token).unwrap().admits(ty, list);
        assert!(admits("==", Type::Charbuf, false) && !admits("=", Type::Charbuf, true));
        assert!(admits("in", Type::Charbuf, true) && !admits("in", Type::Fd, true));
        assert!(!admits("<", Type::Bool, false) && !admits("contains", Type::Int64, false));
        assert!(admits("bcontains", Type::Bytebuf, false) && !admits("bcontains", Type::Charbuf, false));
        assert!(!admits("icontains", Type::Bytebuf, false) && !admits("regex", Type::Bytebuf, false));
        assert!(admits("exists", Type::Socktuple, false) && !admits("=", Type::Socktuple, false));
        assert!(admits("=", Type::Uid, false) && !admits("in", Type::Uid, false));
    }
}
