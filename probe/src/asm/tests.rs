use super::*;

/// The bytes of what `write` adds, without the rest of a program.
#[track_caller]
fn encodes(write: impl FnOnce(&mut Asm), expected: &str) {
    let mut a = Asm::new("t");
    write(&mut a);
    let bytes: Vec<u8> = a.insns.iter().flat_map(Insn::bytes).collect();
    let hex: Vec<String> = bytes.chunks(8).map(|c| c.iter().map(|b| format!("{b:02x}")).collect()).collect();
    assert_eq!(hex.join(" "), expected);
    for (chunk, insn) in bytes.chunks(8).zip(&a.insns) {
        assert_eq!(Insn::from_bytes(chunk.try_into().unwrap()), *insn);
    }
}

fn mistakes(write: impl FnOnce(&mut Asm)) -> Vec<Mistake> {
    let mut a = Asm::new("t");
    write(&mut a);
    a.finish().map_or_else(|m| m.list, |_| Vec::new())
}

/// Lets a closure stop without a value.
fn stop(_: &mut Asm) {}

use Reg::*;

#[test]
fn arithmetic_is_encoded_as_documented() {
    encodes(|a| stop(a.mov(R0, 0)), "b700000000000000");
    encodes(|a| stop(a.mov(R6, R1)), "bf16000000000000");
    encodes(|a| stop(a.mov32(R3, -1)), "b4030000ffffffff");
    encodes(|a| stop(a.add(R2, -8)), "07020000f8ffffff");
    encodes(|a| stop(a.sub(R2, R3)), "1f32000000000000");
    encodes(|a| stop(a.mul32(R4, 10)), "240400000a000000");
    encodes(|a| stop(a.div(R4, R5)), "3f54000000000000");
    encodes(|a| stop(a.or(R1, 2)), "4701000002000000");
    encodes(|a| stop(a.and32(R1, 0xff)), "54010000ff000000");
    encodes(|a| stop(a.lsh(R1, 32)), "6701000020000000");
    encodes(|a| stop(a.rsh(R0, 32)), "7700000020000000");
    encodes(|a| stop(a.neg(R7)), "8707000000000000");
    encodes(|a| stop(a.rem(R7, 3)), "9707000003000000");
    encodes(|a| stop(a.xor32(R7, R8)), "ac87000000000000");
    encodes(|a| stop(a.arsh(R7, 5)), "c707000005000000");
    encodes(|a| stop(a.to_network(Size::B2, R1)), "dc01000010000000");
}

#[test]
fn memory_is_encoded_as_documented() {
    encodes(|a| stop(a.load(Size::B8, R1, R6, 112)), "7961700000000000");
    encodes(|a| stop(a.load(Size::B4, R1, R6, 4)), "6161040000000000");
    encodes(|a| stop(a.load(Size::B2, R1, R6, 2)), "6961020000000000");
    encodes(|a| stop(a.load(Size::B1, R1, R6, 1)), "7161010000000000");
    encodes(|a| stop(a.store(Size::B8, R10, -8, R1)), "7b1af8ff00000000");
    encodes(|a| stop(a.store(Size::B4, R10, -4, R0)), "630afcff00000000");
    encodes(|a| stop(a.store(Size::B2, R10, -2, R0)), "6b0afeff00000000");
    encodes(|a| stop(a.store(Size::B1, R10, -1, R0)), "730affff00000000");
    encodes(|a| stop(a.store(Size::B8, R10, -8, 7)), "7a0af8ff07000000");
    encodes(|a| stop(a.store(Size::B4, R10, -4, 7)), "620afcff07000000");
    encodes(|a| stop(a.store(Size::B2, R10, -2, 7)), "6a0afeff07000000");
    encodes(|a| stop(a.store(Size::B1, R10, -1, 7)), "720affff07000000");
    encodes(|a| stop(a.atomic(Atomic::Add, Size::B8, R1, 8, R2)), "db21080000000000");
    encodes(|a| stop(a.atomic(Atomic::FetchAdd, Size::B4, R1, 0, R2)), "c321000001000000");
    encodes(|a| stop(a.load_imm64(R1, 0x1122_3344_5566_7788)), "1801000088776655 0000000044332211");
    encodes(|a| stop(a.load_map(R1, 5)), "1811000005000000 0000000000000000");
    encodes(|a| stop(a.load_map_value(R2, 5, 16)), "1822000005000000 0000000010000000");
    encodes(|a| stop(a.load_const(R2, u64::MAX)), "b7020000ffffffff");
    encodes(|a| stop(a.load_const(R2, 0x8000_0000)), "1802000000000080 0000000000000000");
}

#[test]
fn calls_and_jumps_are_encoded_as_documented() {
    encodes(|a| stop(a.call(Helper::GetCurrentPidTgid)), "850000000e000000");
    encodes(|a| stop(a.call_kfunc(0x1234, 2)), "8520000034120000");
    encodes(|a| stop(a.exit()), "9500000000000000");
    let jump = |write: fn(&mut Asm, Label), expected: &str| {
        let mut a = Asm::new("t");
        let to = a.label("to");
        a.mov(R0, 0).mov(R2, 0);
        write(&mut a, to);
        a.mov(R0, 1).bind(to).exit();
        // An unconditional jump leaves what it skips behind, which the check would find.
        a.resolve();
        assert_eq!(a.insns[2].bytes().map(|b| format!("{b:02x}")).concat(), expected);
    };
    jump(|a, to| stop(a.jump(to)), "0500010000000000");
    jump(|a, to| stop(a.jump_long(to)), "0600000001000000");
    jump(|a, to| stop(a.jump_if(Cond::Ne, R0, 1, to)), "5500010001000000");
    jump(|a, to| stop(a.jump_if(Cond::Gt, R0, R2, to)), "2d20010000000000");
    jump(|a, to| stop(a.jump_if(Cond::Sle, R0, -1, to)), "d5000100ffffffff");
    jump(|a, to| stop(a.jump_if32(Cond::Eq, R0, 5, to)), "1600010005000000");
    jump(|a, to| stop(a.jump_if32(Cond::Set, R0, R2, to)), "4e20010000000000");
    jump(|a, to| stop(a.jump_if32(Cond::Lt, R0, 9, to)), "a600010009000000");
}

#[test]
fn the_listing_names_labels_and_shows_comments() {
    let mut a = Asm::new("sample");
    let out = a.label("out");
    let each = a.label("each");
    a.mov(R6, R1).load(Size::B8, R1, R6, 112).comment("system call").jump_if32(Cond::Sgt, R1, 10, out);
    let key = a.slot("key", 4, 4);
    a.store(Size::B4, R10, key.at(0), 0).slot_address(R2, key, 0).load_map(R1, 7).call(Helper::MapLookupElem);
    a.jump_if(Cond::Eq, R0, 0, out).comment("count").comment("for all CPUs").mov(R1, 1);
    a.atomic(Atomic::Add, Size::B8, R0, 0, R1);
    a.repeat("turn", R7, 4, |a, done| {
        a.call(Helper::GetSmpProcessorId).jump_if(Cond::Gt, R0, R7, done);
    });
    a.mov(R1, 3).load_function(R2, each).mov(R3, 0).mov(R4, 0).call(Helper::Loop);
    a.bind(out).mov(R0, 0).exit();
    a.function(each, 2).mov32(R0, R1).to_network(Size::B4, R0).neg(R0).exit();
    let expected = "\
sample:
   0: r6 = r1
   1: r1 = *(u64 *)(r6 +112)
   2: if w1 s> 10 goto out                   ; system call
   3: *(u32 *)(r10 -4) = 0
   4: r2 = r10
   5: r2 += -4
   6: r1 = map[fd:7]
   8: call bpf_map_lookup_elem#1
   9: if r0 == 0 goto out
  10: r1 = 1                                 ; count; for all CPUs
  11: lock *(u64 *)(r0 +0) += r1
  12: r7 = 0
 turn:
  13: if r7 >= 4 goto turn done
  14: call bpf_get_smp_processor_id#8
  15: if r0 > r7 goto turn done
  16: r7 += 1
  17: goto turn
 turn done:
  18: r1 = 3
  19: r2 = function each
  21: r3 = 0
  22: r4 = 0
  23: call bpf_loop#181
 out:
  24: r0 = 0
  25: exit
each:
  26: w0 = w1
  27: r0 = be32 r0
  28: r0 = -r0
  29: exit
";
    let program = a.finish().unwrap();
    assert_eq!(program.to_string(), expected);
    assert_eq!(program.maps().collect::<Vec<_>>(), [(6, 7)]);
    let names = Names { map: &|fd| format!("map of {fd}"), ..Names::NONE };
    assert_eq!(program.listing(names).to_string(), expected.replace("map[fd:7]", "map[map of 7]"));
    assert_eq!(program.line(10).as_deref(), Some("r1 = 1; count; for all CPUs"));
    assert_eq!((program.line(25).as_deref(), program.line(30)), (Some("exit"), None));
    assert_eq!(program.functions()[0].stack, 4);
    assert_eq!(program.functions()[1], Function { name: "each".into(), start: 26, args: 2, stack: 0 });
    assert_eq!(program.clone().with_maps(|fd| fd + 1).maps().collect::<Vec<_>>(), [(6, 8)]);
}

#[test]
fn labels_are_bound_once_and_within_reach() {
    let found = mistakes(|a| {
        let (lost, twice) = (a.label("lost"), a.label("twice"));
        a.bind(twice).mov(R0, 0).bind(twice).jump_if(Cond::Eq, R0, 0, lost).exit();
    });
    let twice = Mistake::BoundTwice { label: "twice".into(), first: 0, at: 1 };
    assert_eq!(found, [twice, Mistake::Unbound { label: "lost".into(), at: 1 }]);
    let far = |filler: usize, long: bool| {
        mistakes(|a| {
            let end = a.label("end");
            a.mov(R0, 0);
            match long {
                false => a.jump_if(Cond::Eq, R0, 0, end),
                true => {
                    let skip = a.label("skip");
                    a.jump_if(Cond::Ne, R0, 0, skip).jump_long(end).bind(skip)
                }
            };
            (0..filler).for_each(|_| stop(a.mov(R0, 0)));
            a.bind(end).exit();
        })
    };
    assert_eq!(far(32767, false), []);
    assert_eq!(far(32768, false), [Mistake::TooFar { label: "end".into(), at: 1, distance: 32768 }]);
    assert_eq!(far(40000, true), []);
}

#[test]
fn jumps_back_need_a_loop_head() {
    let back = mistakes(|a| {
        let again = a.label("again");
        a.mov(R0, 0).bind(again).add(R0, 1).jump_if(Cond::Lt, R0, 9, again).exit();
    });
    assert_eq!(back, [Mistake::Back { label: "again".into(), at: 2 }]);
    let head = mistakes(|a| {
        a.mov(R0, 0);
        let again = a.loop_head("again");
        a.add(R0, 1).jump_if(Cond::Lt, R0, 9, again).exit();
    });
    assert_eq!(head, []);
}

#[test]
fn registers_hold_something_on_every_way() {
    let lost = mistakes(|a| {
        a.mov(R2, 1).call(Helper::KtimeGetNs).mov(R3, R2).mov(R0, 0).exit();
    });
    assert_eq!(lost, [Mistake::LostByCall { reg: R2, at: 2, call: 1 }]);
    // Lost on one of two ways only.
    let sometimes = mistakes(|a| {
        let skip = a.label("skip");
        a.mov(R6, 0).jump_if(Cond::Eq, R6, 0, skip).call(Helper::KtimeGetNs).bind(skip);
        a.load(Size::B8, R0, R1, 0).exit();
    });
    assert_eq!(sometimes, [Mistake::LostByCall { reg: R1, at: 3, call: 2 }]);
    let unwritten = mistakes(|a| {
        let skip = a.label("skip");
        a.jump_if(Cond::Eq, R1, 0, skip).mov(R7, 0).bind(skip).mov(R0, R7).exit();
    });
    assert_eq!(unwritten, [Mistake::Unwritten { reg: R7, at: 2 }]);
    // Arguments of a helper count as reads; so does the result at the end.
    let arguments = mistakes(|a| stop(a.mov(R2, 0).call(Helper::RingbufReserve).exit()));
    assert_eq!(arguments, [Mistake::Unwritten { reg: R3, at: 1 }]);
    let kernel = mistakes(|a| stop(a.call_kfunc(1, 2).exit()));
    assert_eq!(kernel, [Mistake::Unwritten { reg: R2, at: 0 }]);
    assert_eq!(mistakes(|a| stop(a.exit())), [Mistake::Unwritten { reg: R0, at: 0 }]);
    // A loop that loses its argument in the first turn.
    let turn = mistakes(|a| {
        a.repeat("turn", R6, 3, |a, _| stop(a.mov(R2, R1).call(Helper::KtimeGetNs))).mov(R0, 0).exit();
    });
    assert_eq!(turn, [Mistake::LostByCall { reg: R1, at: 2, call: 3 }]);
    let fetch = mistakes(|a| stop(a.atomic(Atomic::CmpXchg, Size::B8, R1, 0, R1).exit()));
    assert_eq!(fetch, [Mistake::Unwritten { reg: R0, at: 0 }]);
}

#[test]
fn ways_end_where_they_should() {
    assert_eq!(mistakes(|_| ()), [Mistake::Empty]);
    assert_eq!(mistakes(|a| stop(a.mov(R0, 0))), [Mistake::FallsOff { at: 0 }]);
    let dead = mistakes(|a| {
        let end = a.label("end");
        a.mov(R0, 0).jump(end).mov(R0, 1).bind(end).exit();
    });
    assert_eq!(dead, [Mistake::Unreachable { at: 2 }]);
    let into_the_next = mistakes(|a| {
        let f = a.label("f");
        a.call_function(f).mov(R0, 0).function(f, 0).mov(R0, 0).exit();
    });
    assert_eq!(into_the_next, [Mistake::FallsOff { at: 1 }]);
    let across = mistakes(|a| {
        let (f, inside) = (a.label("f"), a.label("inside"));
        a.call_function(f).jump_if(Cond::Eq, R0, 0, inside).exit();
        a.function(f, 0).mov(R0, 0).bind(inside).exit();
    });
    assert_eq!(across, [Mistake::OtherFunction { label: "inside".into(), at: 1 }]);
}

#[test]
fn the_stack_is_shared_out() {
    let mut a = Asm::new("t");
    let (one, eight) = (a.slot("one", 1, 1), a.slot("eight", 8, 8));
    assert_eq!((one.offset, eight.offset, eight.at(7)), (-1, -16, -9));
    let first = a.scoped(|a| a.slot("first", 100, 8));
    let second = a.scoped(|a| a.slot("second", 200, 8));
    assert_eq!((first.offset, second.offset), (-120, -216));
    assert_eq!(a.slot("after", 4, 4).offset, -20);
    a.mov(R0, 0).exit();
    assert_eq!(a.finish().unwrap().functions()[0].stack, 216);
    let mut a = Asm::new("t");
    a.slot("one", 1, 1);
    let odd = a.slot("odd", 15, 1);
    a.zero_slot(odd);
    let stores: Vec<(i16, u8)> = a.insns.iter().map(|i| (i.off, i.access())).collect();
    assert_eq!(stores, [(-16, 8), (-8, 4), (-4, 2), (-2, 1)]);
    let full = mistakes(|a| {
        a.slot("most", 508, 4);
        a.slot("more", 8, 4);
        a.mov(R0, 0).exit();
    });
    assert_eq!(full, [Mistake::StackFull { name: "more".into(), size: 8, used: 508 }]);
    // The kernel counts in the last bytes, whichever comes first.
    let counted = |a: &mut Asm| {
        let done = a.label("done");
        let head = a.loop_head("turn");
        a.may_goto(done).jump(head).bind(done).mov(R0, 0).exit();
    };
    let before = mistakes(|a| {
        a.slot("most", 504, 8);
        counted(a);
    });
    assert_eq!(before, [Mistake::StackFull { name: "may_goto".into(), size: 16, used: 504 }]);
    let after = mistakes(|a| {
        counted(a);
        a.slot("most", 504, 8);
    });
    assert_eq!(after, [Mistake::StackFull { name: "most".into(), size: 504, used: 0 }]);
    let mut a = Asm::new("t");
    counted(&mut a);
    assert_eq!(
        a.finish().unwrap().to_string(),
        "t:\n turn:\n   0: may_goto done\n   1: goto turn\n done:\n   2: r0 = 0\n   3: exit\n"
    );
    let outside = mistakes(|a| {
        a.slot("four", 4, 4);
        a.store(Size::B4, R10, -4, 0).store(Size::B8, R10, -8, 0).load(Size::B1, R0, R10, 0).mov(R10, 0).exit();
    });
    let at = |at, off, size| Mistake::OutsideStack { at, off, size, used: 4 };
    assert_eq!(outside, [at(1, -8, 8), at(2, 0, 1), Mistake::FrameWritten { at: 3 }]);
}

#[test]
fn mistakes_are_told_with_the_listing() {
    let mut a = Asm::new("bad");
    a.mov(R1, 0).call(Helper::KtimeGetNs).mov(R0, R1).exit();
    let mistakes = a.finish().unwrap_err();
    assert_eq!(mistakes.to_string(), "program `bad`: r1 is read at 2 but the call at 1 may have left anything in it");
    assert!(mistakes.listing.contains("   1: call bpf_ktime_get_ns#5\n"), "{}", mistakes.listing);
}

#[test]
fn helpers_are_found_by_number() {
    for helper in Helper::ALL {
        assert_eq!(Helper::by_number(*helper as i32), Some(*helper));
    }
    assert!(Helper::ALL.is_sorted_by_key(|h| *h as i32));
}
