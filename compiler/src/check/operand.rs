//! Fields and transformers: names to slots, and the types of results.

use super::field::{FieldError, Resolved, resolve};
use super::{CheckError, Checker, ErrorKind};
use crate::hir::{Operand, Transform, TransformArg, TransformKind};
use crate::syntax::ast::{self, At};
use crate::syntax::print::transform_name;
use peregrine_schema::{FieldFlags, FieldId, Type};

/// What is known of a computed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Info {
    /// Name of the field for messages; `NA` if the value is not that of one field.
    pub(super) name: &'static str,
    /// The field, if the value is that of one field (maybe transformed).
    pub(super) field: Option<FieldId>,
    /// Type.
    pub(super) ty: Type,
    /// Whether it is a list.
    pub(super) list: bool,
    /// Flags of the field.
    pub(super) flags: FieldFlags,
    /// Type and list-ness before single-argument transformers, which is what transformers of several
    /// arguments look at.
    base: (Type, bool),
    /// At least one transformer was applied.
    pub(super) transformed: bool,
}

impl Info {
    /// Text that is not that of a field: constants, results of transformers.
    fn text(list: bool) -> Info {
        let ty = Type::Charbuf;
        Info { name: "NA", field: None, ty, list, flags: FieldFlags::NONE, base: (ty, list), transformed: false }
    }
}

impl ast::Operand {
    /// The place.
    pub fn at(&self) -> &At {
        match self {
            ast::Operand::Field { at, .. } | ast::Operand::Transform { at, .. } => at,
        }
    }
}

type Typed<T> = Result<(T, Info), CheckError>;

impl Checker {
    /// Resolves and types a field or transformer.
    pub(super) fn operand(&mut self, operand: &ast::Operand) -> Typed<Operand> {
        match operand {
            ast::Operand::Field { name, arg, at, .. } => self.field(name, arg.as_deref(), at),
            ast::Operand::Transform { kind, args, key, at } => self.transform(*kind, args, key.as_deref(), at),
        }
    }

    fn field(&mut self, name: &str, arg: Option<&str>, at: &At) -> Typed<Operand> {
        let found = match arg {
            Some(arg) => self.resolve(&format!("{name}[{arg}]")),
            None => self.resolve(name),
        };
        let found = found.map_err(|e| CheckError::new(e.kind, e.message, at))?;
        let row = found.field.id.row();
        let list = row.flags.has(FieldFlags::LIST);
        let info = Info {
            name: row.name,
            field: Some(found.field.id),
            ty: found.ty,
            list,
            flags: row.flags,
            base: (found.ty, list),
            transformed: false,
        };
        Ok((Operand::Field(self.intern(found.field)), info))
    }

    /// [`resolve`], remembering what was found: rules name the same few fields again and again.
    fn resolve(&mut self, text: &str) -> Result<Resolved, FieldError> {
        if let Some(known) = self.resolved.get(text) {
            return Ok(known.clone());
        }
        let found = resolve(text)?;
        self.resolved.insert(text.to_owned(), found.clone());
        Ok(found)
    }

    fn transform(
        &mut self,
        kind: TransformKind,
        args: &[ast::TransformArg],
        key: Option<&str>,
        at: &At,
    ) -> Typed<Operand> {
        let mut typed = Vec::with_capacity(args.len());
        let mut infos = Vec::with_capacity(args.len());
        for arg in args {
            let (arg, info) = self.transform_arg(arg)?;
            typed.push(arg);
            infos.push(info);
        }
        let info = match infos.as_slice() {
            [arg] => single(kind, arg, key),
            infos => several(kind, infos, key),
        };
        let info = info.map_err(|message| CheckError::new(ErrorKind::Other, message, at))?;
        let transform = Transform { kind, args: typed, key: key.map(String::from), ty: info.ty, list: info.list };
        Ok((Operand::Transform(Box::new(transform)), info))
    }

    fn transform_arg(&mut self, arg: &ast::TransformArg) -> Typed<TransformArg> {
        match arg {
            ast::TransformArg::Operand(operand) => {
                let (operand, info) = self.operand(operand)?;
                Ok((TransformArg::Operand(operand), info))
            }
            ast::TransformArg::Value(value) => Ok((TransformArg::Str(value.bytes.clone()), Info::text(false))),
            ast::TransformArg::List(items, _) => {
                let items = items.iter().map(|item| Ok(self.transform_arg(item)?.0));
                Ok((TransformArg::List(items.collect::<Result<_, CheckError>>()?), Info::text(true)))
            }
        }
    }
}

/// The result of a transformer of one argument.
fn single(kind: TransformKind, arg: &Info, key: Option<&str>) -> Result<Info, String> {
    let name = transform_name(kind);
    if key.is_some() {
        return Err(format!("filter error: transformer '{name}' does not support field arguments"));
    }
    if matches!(kind, TransformKind::Join | TransformKind::Concat | TransformKind::Getopt) {
        return Err(format!("unknown field transfomer '{name}'"));
    }
    if arg.flags.has(FieldFlags::NO_TRANSFORMER) {
        return Err(format!("field '{}' does not support transformers", arg.name));
    }
    let path = matches!(arg.ty, Type::Charbuf | Type::Fspath | Type::Fsrelpath);
    let fits = match kind {
        TransformKind::Len => arg.list || path || arg.ty == Type::Bytebuf,
        TransformKind::B64 => matches!(arg.ty, Type::Charbuf | Type::Bytebuf),
        _ => path,
    };
    if !fits {
        return Err(format!(
            "can't add field transformer: type '{}' is not supported by '{name}' transformer applied on {}field '{}'",
            arg.ty.name(),
            if arg.list { "list " } else { "" },
            arg.name
        ));
    }
    let mut info = arg.clone();
    info.transformed = true;
    if kind == TransformKind::Len {
        (info.ty, info.list) = (Type::Uint64, false);
    }
    Ok(info)
}

/// The result of a transformer of several arguments.
fn several(kind: TransformKind, args: &[Info], key: Option<&str>) -> Result<Info, String> {
    match kind {
        TransformKind::Join => {
            let [separator, list] = args else {
                return Err("join() requires exactly 2 arguments: separator and list".into());
            };
            if separator.base.1 {
                return Err("join() first argument (separator) must be a single value, not a list".into());
            }
            if !list.base.1 {
                return Err("join() second argument must be a list".into());
            }
            // Falco lets these two pass and then reads numbers as text.
            if !is_text(separator) {
                return Err("join() first argument (separator) must be a string".into());
            }
            if !list.list {
                return Err("join() second argument must be a list".into());
            }
        }
        TransformKind::Concat => {
            if args.iter().any(|arg| arg.base != (Type::Charbuf, false) || !is_text(arg) || arg.list) {
                return Err("concat() arguments must be strings".into());
            }
        }
        TransformKind::Getopt => {
            let [list, options] = args else {
                return Err("getopt() requires exactly 2 arguments: args list and optstring".into());
            };
            if !list.base.1 {
                return Err("getopt() first argument must be a list".into());
            }
            if options.base.1 {
                return Err("getopt() second argument (optstring) must be a single value".into());
            }
            if list.base.0 != Type::Charbuf || options.base.0 != Type::Charbuf || !is_text(options) || !list.list {
                return Err("getopt() arguments must be strings".into());
            }
            return getopt(key);
        }
        _ => return Err("unknown multivalue transformer".into()),
    }
    match key {
        Some(_) => Err(format!("transformer '{}' does not support field arguments", transform_name(kind))),
        None => Ok(Info::text(false)),
    }
}

/// The result of `getopt`: a list, or with a key one option's value. To an enclosing transformer of several
/// arguments both look like a single text.
fn getopt(key: Option<&str>) -> Result<Info, String> {
    if key.is_some_and(|key| key.len() != 1) {
        return Err("getopt() field argument must be a single option character".into());
    }
    let name = if key.is_some() { "NA" } else { "INTERNAL" };
    Ok(Info { name, list: key.is_none(), ..Info::text(false) })
}

fn is_text(info: &Info) -> bool {
    matches!(info.ty, Type::Charbuf | Type::Fspath | Type::Fsrelpath)
}
