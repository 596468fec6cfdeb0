//! Values of parameters as written in scenarios.
//!
//! | type | written as |
//! |---|---|
//! | numbers, ids, times (ns) | a number |
//! | flags, enumerations, modes | a number, or names joined by a bar: `O_WRONLY\|O_CREAT` |
//! | text, paths | text; a NUL is added |
//! | bytes | text, or a list of texts, each of which gets a NUL (arguments, environment, cgroups) |
//! | socket address | `192.0.2.1:443`, `[2001:db8::1]:443`, or a path (unix) |
//! | socket tuple | `source->destination`, both as above; a path alone for unix |
//! | descriptor list | a list of descriptors |
//! | any | `null`: no bytes, that is, no value |
//!
//! Defaults: 0 and empty text; 3 for descriptors, the working directory (-100) for directory descriptors;
//! no bytes for types not listed here.

use crate::scap;
use anyhow::{Context as _, bail, ensure};
use peregrine_schema::{Event, Param, Type};
use serde_yaml::Value;
use std::net::{IpAddr, SocketAddr};

/// `AT_FDCWD` as drivers record it.
const AT_FDCWD: i64 = -100;
/// The descriptor scenarios work on unless they say otherwise.
const DESCRIPTOR: i64 = 3;

/// Bytes of a written value.
pub fn encode(param: &Param, value: &Value) -> anyhow::Result<Vec<u8>> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    match param.ty {
        Type::Charbuf | Type::Fspath | Type::Fsrelpath => Ok(text(scalar_text(value)?.as_bytes())),
        Type::Bytebuf | Type::Charbufarray => bytes(value),
        Type::Sockaddr => Ok(match end(&scalar_text(value)?)? {
            End::Ip(ip, port) => match ip {
                IpAddr::V4(ip) => scap::sockaddr_v4(ip.octets(), port),
                IpAddr::V6(ip) => scap::sockaddr_v6(ip.octets(), port),
            },
            End::Unix(path) => scap::sockaddr_unix(&path),
        }),
        Type::Socktuple => tuple(&scalar_text(value)?),
        Type::Fdlist => {
            let list = value.as_sequence().context("not a list of descriptors")?;
            let fds = list.iter().map(|v| Ok((v.as_i64().context("not a descriptor")?, 0)));
            Ok(scap::fdlist(&fds.collect::<anyhow::Result<Vec<_>>>()?))
        }
        Type::Double => Ok(value.as_f64().context("not a number")?.to_le_bytes().to_vec()),
        ty => {
            let size = ty.size().filter(|s| *s <= 8).with_context(|| format!("{ty:?} cannot be written"))?;
            Ok(number(param, value)?.to_le_bytes()[..size].to_vec())
        }
    }
}

/// Bytes of a parameter that is not written.
pub fn default(event: &Event, param: &Param) -> Vec<u8> {
    match param.ty {
        Type::Charbuf | Type::Fspath | Type::Fsrelpath => text(b""),
        Type::Fd if is_directory(event, param) => AT_FDCWD.to_le_bytes().to_vec(),
        Type::Fd => DESCRIPTOR.to_le_bytes().to_vec(),
        ty => vec![0; ty.size().unwrap_or(0)],
    }
}

/// Whether a path parameter of the event is relative to this descriptor.
fn is_directory(event: &Event, param: &Param) -> bool {
    event.params.iter().any(|p| p.dirfd.is_some_and(|i| event.params[usize::from(i)].name == param.name))
}

/// A text and its NUL.
pub fn text(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}

/// Texts, each with its NUL.
pub fn texts<S: AsRef<str>>(list: &[S]) -> Vec<u8> {
    list.iter().flat_map(|s| text(s.as_ref().as_bytes())).collect()
}

fn scalar_text(value: &Value) -> anyhow::Result<String> {
    match value {
        Value::String(s) => Ok(s.clone()),
        Value::Number(n) => Ok(n.to_string()),
        Value::Bool(b) => Ok(b.to_string()),
        _ => bail!("not text"),
    }
}

fn bytes(value: &Value) -> anyhow::Result<Vec<u8>> {
    match value {
        Value::Sequence(list) => Ok(texts(&list.iter().map(scalar_text).collect::<anyhow::Result<Vec<_>>>()?)),
        other => Ok(scalar_text(other)?.into_bytes()),
    }
}

/// A number, negative ones in two's complement, or the union of named flags.
fn number(param: &Param, value: &Value) -> anyhow::Result<u64> {
    match value {
        Value::Bool(b) => Ok(u64::from(*b)),
        Value::String(names) => {
            let mut bits = 0;
            for name in names.split('|').map(str::trim) {
                let flag = param.flags.iter().find(|f| f.name == name);
                bits |= flag.with_context(|| format!("no flag {name}"))?.value;
            }
            Ok(u64::from(bits))
        }
        other => match (other.as_u64(), other.as_i64()) {
            (Some(n), _) => Ok(n),
            (None, Some(n)) => Ok(n as u64),
            _ => bail!("not a number"),
        },
    }
}

/// One end of a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Address and port.
    Ip(IpAddr, u16),
    /// Path of a unix socket.
    Unix(String),
}

/// Parses an end.
pub fn end(text: &str) -> anyhow::Result<End> {
    if text.starts_with('/') {
        return Ok(End::Unix(text.to_owned()));
    }
    let addr: SocketAddr = text.parse().with_context(|| format!("{text} is no address with a port"))?;
    Ok(End::Ip(addr.ip(), addr.port()))
}

/// Parses both ends of a connection between addresses of one family.
pub fn ends(text: &str) -> anyhow::Result<(SocketAddr, SocketAddr)> {
    let (source, dest) = text.split_once("->").context("not source->destination")?;
    let (source, dest): (SocketAddr, SocketAddr) = (source.trim().parse()?, dest.trim().parse()?);
    ensure!(source.is_ipv4() == dest.is_ipv4(), "ends of different families");
    Ok((source, dest))
}

fn tuple(text: &str) -> anyhow::Result<Vec<u8>> {
    if text.starts_with('/') {
        return Ok(scap::tuple_unix(0xffff_8800_0000_1000, 0xffff_8800_0000_2000, text));
    }
    let (source, dest) = ends(text)?;
    let ports = (source.port(), dest.port());
    Ok(match (source.ip(), dest.ip()) {
        (IpAddr::V4(s), IpAddr::V4(d)) => scap::tuple_v4((s.octets(), ports.0), (d.octets(), ports.1)),
        (IpAddr::V6(s), IpAddr::V6(d)) => scap::tuple_v6((s.octets(), ports.0), (d.octets(), ports.1)),
        _ => bail!("ends of different families"),
    })
}
