//! What generated programs record of files and tasks, compared with what the kernel says elsewhere.

mod common;

use common::{Reads, call, run};
use peregrine_schema::capture::Hook;

#[test]
fn a_number_of_a_call() {
    for reads in Reads::ALL {
        let wanted = [(Hook::SysExit, "DUP_1_X")];
        let Some(records) = run(reads, &wanted, || drop(call(libc::SYS_dup, &[0xffff]))) else { return };
        let record = records.one("DUP_1_X");
        assert_eq!((record.signed("res"), record.signed("oldfd")), (-9, 0xffff), "{record:?}");
    }
}
