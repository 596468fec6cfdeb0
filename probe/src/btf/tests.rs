use super::*;

/// Words of a record: name, kind and vlen, flag, size or type.
fn record(out: &mut Vec<u8>, name: u32, kind: Kind, vlen: u32, flag: bool, size: u32, rest: &[u32]) {
    let info = (kind as u32) << 24 | vlen | u32::from(flag) << 31;
    out.extend([name, info, size].iter().chain(rest).flat_map(|w| w.to_le_bytes()));
}

/// A small set of types with everything that members can be.
fn sample() -> Vec<u8> {
    let names = ["", "u32", "inner", "x", "y", "outer", "pid", "ptr", "flag", "arr", "wide", "E", "A", "B", "E64", "C"];
    let mut strings = Vec::new();
    let mut at = |name: &str| {
        let place = strings.len() as u32;
        strings.extend(name.bytes().chain([0]));
        place
    };
    let places: Vec<u32> = names.iter().map(|n| at(n)).collect();
    let n = |name: &str| places[names.iter().position(|x| *x == name).unwrap()];
    let mut t = Vec::new();
    record(&mut t, n("u32"), Kind::Int, 0, false, 4, &[32]); // 1
    record(&mut t, n("inner"), Kind::Struct, 2, false, 8, &[n("x"), 1, 0, n("y"), 1, 32]); // 2
    record(&mut t, 0, Kind::Union, 2, false, 8, &[n("ptr"), 4, 0, n("pid"), 1, 0]); // 3
    record(&mut t, 0, Kind::Ptr, 0, false, 7, &[]); // 4
    record(&mut t, 0, Kind::Array, 0, false, 0, &[1, 1, 6]); // 5
    let bits = |size: u32, at: u32| size << 24 | at;
    let members = [
        [n("inner"), 7, bits(0, 0)],
        [0, 3, bits(0, 64)],
        [n("flag"), 1, bits(3, 128 + 5)],
        [n("wide"), 1, bits(10, 128 + 12)],
        [n("arr"), 5, bits(0, 160)],
    ];
    record(&mut t, n("outer"), Kind::Struct, 5, true, 48, members.as_flattened()); // 6
    record(&mut t, 0, Kind::Const, 0, false, 2, &[]); // 7
    record(&mut t, n("E"), Kind::Enum, 2, true, 4, &[n("A"), 3, n("B"), u32::MAX]); // 8
    record(&mut t, n("E64"), Kind::Enum64, 1, false, 8, &[n("C"), 1, 1]); // 9
    record(&mut t, n("outer"), Kind::Typedef, 0, false, 6, &[]); // 10
    let mut bytes = vec![0x9f, 0xeb, 1, 0];
    for word in [24, 0, t.len() as u32, t.len() as u32, strings.len() as u32] {
        bytes.extend(u32::to_le_bytes(word));
    }
    [bytes, t, strings].concat()
}

/// Asks for everything there is; used where only the absence of panics matters.
fn ask_all(btf: &Btf) {
    for path in ["inner.x", "inner.y", "pid", "ptr", "flag", "wide", "arr", "arr.x", "", ".", "x"] {
        let _ = btf.member("outer", path);
    }
    for id in 0..btf.len() as u32 + 2 {
        let _ = (btf.kind(id), btf.name(id), btf.size(id), btf.pointee(id), btf.array(id));
    }
    let _ = (btf.enum_value("E", "B"), btf.enum_value("E64", "C"), btf.anonymous_enum_value("A"));
    let _ = (btf.struct_size("outer"), btf.id(Kind::Typedef, "outer"));
}

#[test]
fn members_are_found_through_nameless_and_nested_structures() {
    let btf = Btf::parse(sample()).unwrap();
    let plain = |offset, size, type_id| Some(Member { offset, size, bits: None, type_id });
    assert_eq!(btf.member("outer", "inner"), plain(0, 8, 7));
    assert_eq!(btf.member("outer", "inner.y"), plain(4, 4, 1));
    assert_eq!(btf.member("outer", "pid"), plain(8, 4, 1));
    assert_eq!(btf.member("outer", "ptr"), plain(8, 8, 4));
    assert_eq!(btf.member("outer", "arr"), plain(20, 24, 5));
    let flag = Member { offset: 16, size: 1, bits: Some(Bits { shift: 5, count: 3 }), type_id: 1 };
    assert_eq!(btf.member("outer", "flag"), Some(flag));
    // Bits 12 to 21 lie in no aligned byte or pair, so four bytes are loaded.
    let wide = Member { offset: 16, size: 4, bits: Some(Bits { shift: 12, count: 10 }), type_id: 1 };
    assert_eq!(btf.member("outer", "wide"), Some(wide));
    for absent in ["ptr.x", "no", "", "inner.", ".x", "arr.x"] {
        assert_eq!(btf.member("outer", absent), None, "{absent}");
    }
    assert!(btf.has("outer", "pid") && !btf.has("none", "pid"));
}

#[test]
fn types_are_found_by_kind_and_name() {
    let btf = Btf::parse(sample()).unwrap();
    assert_eq!((btf.id(Kind::Struct, "outer"), btf.id(Kind::Typedef, "outer")), (Some(6), Some(10)));
    assert_eq!((btf.id(Kind::Func, "outer"), btf.id(Kind::Struct, "")), (None, None));
    assert_eq!((btf.struct_size("outer"), btf.struct_size("E")), (Some(48), None));
    assert_eq!((btf.size(10), btf.size(5), btf.size(4), btf.size(0)), (Some(48), Some(24), Some(8), None));
    assert_eq!((btf.pointee(4), btf.pointee(1)), (Some(2), None));
    assert_eq!(btf.array(5), Some((1, 6)));
    assert_eq!((btf.enum_value("E", "A"), btf.enum_value("E", "B")), (Some(3), Some(-1)));
    assert_eq!((btf.enum_value("E64", "C"), btf.enum_value("E", "C")), (Some(1 << 32 | 1), None));
    assert_eq!((btf.name(6), btf.name(4), btf.kind(9)), (Some("outer"), None, Some(Kind::Enum64)));
}

#[test]
fn damaged_bytes_give_answers_or_errors() {
    let whole = sample();
    for end in 0..whole.len() {
        assert!(Btf::parse(whole[..end].to_vec()).is_err(), "{end}");
    }
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(btf) = Btf::parse(bytes) {
            ask_all(&btf);
        }
    }
    // Every word at its extremes.
    for (at, value) in (4..whole.len() - 4).flat_map(|at| [(at, 0u32), (at, u32::MAX), (at, 1), (at, 7)]) {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        if let Ok(btf) = Btf::parse(bytes) {
            ask_all(&btf);
        }
    }
}

#[test]
fn types_that_contain_themselves_end() {
    let mut types = Vec::new();
    record(&mut types, 0, Kind::Typedef, 0, false, 1, &[]);
    record(&mut types, 0, Kind::Array, 0, false, 0, &[2, 1, 2]);
    record(&mut types, 1, Kind::Struct, 1, false, 8, &[0, 3, 0]);
    let mut bytes = vec![0x9f, 0xeb, 1, 0];
    for word in [24, 0, types.len() as u32, types.len() as u32, 3] {
        bytes.extend(u32::to_le_bytes(word));
    }
    let btf = Btf::parse([bytes, types, b"\0s\0".to_vec()].concat()).unwrap();
    assert_eq!((btf.size(1), btf.size(2), btf.resolve(1), btf.member("s", "x")), (None, None, None, None));
}

#[test]
fn what_is_built_can_be_read() {
    let mut b = Builder::new();
    let int = b.int("u64", 8);
    let pointer = b.pointer(0);
    let prototype = b.prototype(int, &[int, pointer]);
    let function = b.function("turn", prototype);
    let value = b.opaque("value", 40);
    let btf = Btf::parse(b.finish()).unwrap();
    assert_eq!(btf.id(Kind::Func, "turn"), Some(function));
    assert_eq!((btf.struct_size("value"), btf.id(Kind::Struct, "value")), (Some(40), Some(value)));
    assert_eq!((btf.kind(prototype), btf.size(int)), (Some(Kind::FuncProto), Some(8)));
}

#[test]
fn this_kernels_types_are_read() {
    let start = std::time::Instant::now();
    let btf = match Btf::vmlinux() {
        Ok(btf) => btf,
        Err(e @ BtfError::Read(_)) => return eprintln!("skipped: {e}"),
        Err(e) => panic!("{e}"),
    };
    eprintln!("{} types in {:?}", btf.len(), start.elapsed());
    let pid = btf.member("task_struct", "pid").unwrap();
    let tgid = btf.member("task_struct", "tgid").unwrap();
    assert_eq!((pid.size, tgid.size, tgid.offset), (4, 4, pid.offset + 4));
    assert_eq!(btf.member("task_struct", "comm").map(|m| m.size), Some(16));
    // `arg_start` lies in a nameless structure.
    let mm = btf.member("task_struct", "mm").unwrap();
    assert_eq!(btf.pointee(mm.type_id).and_then(|id| btf.name(id)), Some("mm_struct"));
    assert!(btf.has("mm_struct", "arg_start") && !btf.has("task_struct", "mm.arg_start"));
    assert!(btf.member("task_struct", "in_execve").is_some_and(|m| m.bits.is_some_and(|b| b.count == 1)));
    assert!(btf.id(Kind::Typedef, "btf_trace_sys_exit").is_some());
    for helper in crate::asm::Helper::ALL {
        let value = btf.enum_value("bpf_func_id", &format!("BPF_FUNC_{}", helper.name()));
        assert!(value.is_none_or(|v| v == *helper as i64), "{helper:?}: {value:?}");
    }
}
