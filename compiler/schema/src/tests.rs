//! Properties that hold over whole tables.

use crate::events::code;
use crate::fields::{field_by_name, field_with_argument};
use crate::flags::TABLES;
use crate::*;
use std::collections::HashSet;

fn holds_descriptor(p: &Param) -> bool {
    matches!(p.ty, Type::Fd | Type::Fd32)
}

#[test]
fn counts() {
    assert_eq!(EVENTS.len(), 454);
    assert_eq!(FIELDS.len(), 294);
    assert_eq!(FIELDS.iter().filter(|f| f.class != Class::Container).count(), 233);
    assert_eq!(syscalls::SYSCALLS.len(), 452);
    assert_eq!(convert::CONVERSIONS.len(), 253);
    assert_eq!(TABLES.len(), 55);
    let current = |e: &&Event| !e.flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED));
    assert_eq!(EVENTS.iter().filter(current).count(), 196);
    assert_eq!(EVENTS.iter().filter(current).filter(|e| e.is_exit()).count(), 164);
    assert_eq!(EVENTS.iter().filter(|e| e.flags.has(EventFlags::UNUSED)).count(), 35);
    assert_eq!(EVENTS.iter().filter(|e| e.flags.has(EventFlags::CONVERTER_MANAGED)).count(), 224);
}

#[test]
fn event_codes_are_indices() {
    for (index, e) in EVENTS.iter().enumerate() {
        assert_eq!(usize::from(e.code), index);
    }
    let ids: HashSet<_> = EVENTS.iter().map(|e| e.id).collect();
    assert_eq!(ids.len(), EVENTS.len());
    assert_eq!(EVENTS[usize::from(code::OPENAT_2_X)].id, "OPENAT_2_X");
    assert!(event(454).is_none());
}

#[test]
fn parameters_are_well_formed() {
    for e in &EVENTS {
        assert!(e.params.len() <= 32, "{}", e.id);
        let names: HashSet<_> = e.params.iter().map(|p| p.name).collect();
        assert_eq!(names.len(), e.params.len(), "{}", e.id);
        for p in e.params {
            assert_eq!(p.ty == Type::Dyn, !p.dynamic.is_empty(), "{} {}", e.id, p.name);
            assert_eq!(p.ty == Type::Fsrelpath, p.dirfd.is_some(), "{} {}", e.id, p.name);
            if let Some(dirfd) = p.dirfd {
                assert!(holds_descriptor(&e.params[usize::from(dirfd)]), "{} {}", e.id, p.name);
            }
        }
    }
}

/// Every current event that uses a descriptor says which parameter holds it.
#[test]
fn descriptor_parameters_are_in_range() {
    for e in &EVENTS {
        match e.fd_param {
            Some(index) => {
                assert!(e.flags.has(EventFlags::USES_FD), "{}", e.id);
                assert!(holds_descriptor(&e.params[usize::from(index)]), "{}", e.id);
            }
            None => assert!(!e.flags.has(EventFlags::USES_FD) || e.flags.has(EventFlags::OLD_VERSION), "{}", e.id),
        }
    }
}

#[test]
fn effects_belong_to_current_events() {
    for e in EVENTS.iter().filter(|e| e.effect != Effect::None && e.effect != Effect::StoreEnter) {
        assert!(!e.flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED)), "{}", e.id);
    }
}

#[test]
fn threads_and_descriptors() {
    let with = |code: u16| &EVENTS[usize::from(code)];
    assert!(with(code::OPENAT_2_X).has_thread() && with(code::OPENAT_2_X).has_fd());
    assert!(with(code::EXECVE_19_X).has_thread() && !with(code::EXECVE_19_X).has_fd());
    assert!(!with(code::ASYNCEVENT_E).has_thread() && !with(code::PLUGINEVENT_E).has_thread());
    assert!(with(code::PROCINFO_E).has_thread() && !with(code::PAGE_FAULT_E).has_thread());
    assert!(with(code::GETUID_X).has_return_value() && !with(code::GENERIC_X).has_return_value());
}

#[test]
fn flag_names_are_unique() {
    let names: HashSet<_> = TABLES.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), TABLES.len());
    for (index, (name, table)) in TABLES.iter().enumerate() {
        assert!(!table.is_empty(), "{name}");
        assert!(TABLES[..index].iter().all(|(_, earlier)| earlier != table), "{name}");
    }
}

#[test]
fn fields_are_found_by_name() {
    for (index, f) in FIELDS.iter().enumerate() {
        assert_eq!(f.id as usize, index);
        assert_eq!(field_by_name(f.name).map(|found| found.id), Some(f.id), "{}", f.name);
        assert!(FIELDS[..index].iter().all(|earlier| earlier.name != f.name), "{}", f.name);
        assert_eq!(f.arg == ArgKind::None, f.arg_form == ArgForm::None, "{}", f.name);
        assert!(f.doc.ends_with('.'), "{}", f.name);
    }
    assert!(FIELDS.is_sorted_by_key(|f| f.class as u8));
}

#[test]
fn dotted_arguments() {
    let split = |text| field_with_argument(text).map(|(f, argument)| (f.name, argument));
    assert_eq!(split("evt.arg.fd"), Some(("evt.arg", Some("fd"))));
    assert_eq!(split("evt.args"), Some(("evt.args", None)));
    assert_eq!(split("evt.type.is.open"), Some(("evt.type.is", Some("open"))));
    assert_eq!(split("evt.abspath.src"), Some(("evt.abspath", Some("src"))));
    assert_eq!(split("container.label.io.kubernetes"), Some(("container.label", Some("io.kubernetes"))));
    assert_eq!(split("evt.arg."), None);
    assert_eq!(split("proc.name.x"), None);
    assert_eq!(split("evt.type.open"), None);
}
