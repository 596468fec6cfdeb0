//! The kernel's helper functions that generated programs call, by number, name and number of arguments.
//!
//! The numbers are the kernel's ABI (`enum bpf_func_id` of `linux/bpf.h`) and never change. Whether a kernel has a
//! helper, and whether a type of program may call it, is another matter: [`crate::features`] asks by trying.

/// Declares the table once, for the enum and the three facts about each helper.
macro_rules! helpers {
    ($($(#[$doc:meta])* $id:ident = $number:literal, $name:literal, $args:literal;)*) => {
        /// A helper function of the kernel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum Helper {
            $($(#[$doc])* $id = $number,)*
        }

        impl Helper {
            /// All helpers of the table, by number.
            pub const ALL: &[Helper] = &[$(Helper::$id,)*];

            /// The name without the kernel's prefix `bpf_`.
            pub const fn name(self) -> &'static str {
                match self { $(Helper::$id => $name,)* }
            }

            /// How many of R1 to R5 it reads.
            pub const fn args(self) -> u8 {
                match self { $(Helper::$id => $args,)* }
            }

            /// The helper with this number, if it is in the table.
            pub const fn by_number(number: i32) -> Option<Helper> {
                match number { $($number => Some(Helper::$id),)* _ => None }
            }
        }
    };
}

helpers! {
    /// `(map, *key)` → value or null.
    MapLookupElem = 1, "map_lookup_elem", 2;
    /// `(map, *key, *value, flags)` → 0 or error.
    MapUpdateElem = 2, "map_update_elem", 4;
    /// `(map, *key)` → 0 or error.
    MapDeleteElem = 3, "map_delete_elem", 2;
    /// `()` → nanoseconds of the monotonic clock.
    KtimeGetNs = 5, "ktime_get_ns", 0;
    /// `()` → a random 32-bit number.
    GetPrandomU32 = 7, "get_prandom_u32", 0;
    /// `()` → number of the CPU.
    GetSmpProcessorId = 8, "get_smp_processor_id", 0;
    /// `(ctx, prog array, index)`; comes back only when there is no program.
    TailCall = 12, "tail_call", 3;
    /// `()` → process id in the upper half, thread id in the lower.
    GetCurrentPidTgid = 14, "get_current_pid_tgid", 0;
    /// `()` → group id in the upper half, user id in the lower.
    GetCurrentUidGid = 15, "get_current_uid_gid", 0;
    /// `(*buffer, size)` → 0 or error.
    GetCurrentComm = 16, "get_current_comm", 2;
    /// `(ctx, map, flags, *data, size)` → 0 or error.
    PerfEventOutput = 25, "perf_event_output", 5;
    /// `()` → the task, as a plain number.
    GetCurrentTask = 35, "get_current_task", 0;
    /// `()` → cgroup id of the current task.
    GetCurrentCgroupId = 80, "get_current_cgroup_id", 0;
    /// `(*to, size, from)` → 0 or error.
    ProbeReadUser = 112, "probe_read_user", 3;
    /// `(*to, size, from)` → 0 or error.
    ProbeReadKernel = 113, "probe_read_kernel", 3;
    /// `(*to, size, from)` → bytes with the zero, or error.
    ProbeReadUserStr = 114, "probe_read_user_str", 3;
    /// `(*to, size, from)` → bytes with the zero, or error.
    ProbeReadKernelStr = 115, "probe_read_kernel_str", 3;
    /// `()` → jiffies, 64 bits.
    Jiffies64 = 118, "jiffies64", 0;
    /// `(level)` → cgroup id of the ancestor at that level.
    GetCurrentAncestorCgroupId = 123, "get_current_ancestor_cgroup_id", 1;
    /// `()` → nanoseconds since boot, sleep included.
    KtimeGetBootNs = 125, "ktime_get_boot_ns", 0;
    /// `(ring, *data, size, flags)` → 0 or error.
    RingbufOutput = 130, "ringbuf_output", 4;
    /// `(ring, size, flags)` → memory of a record or null.
    RingbufReserve = 131, "ringbuf_reserve", 3;
    /// `(*record, flags)`; gives nothing.
    RingbufSubmit = 132, "ringbuf_submit", 2;
    /// `(*record, flags)`; gives nothing.
    RingbufDiscard = 133, "ringbuf_discard", 2;
    /// `(ring, what)` → bytes available, size, or a position.
    RingbufQuery = 134, "ringbuf_query", 2;
    /// `(map, *task, *value or null, flags)` → value or null.
    TaskStorageGet = 156, "task_storage_get", 4;
    /// `(map, *task)` → 0 or error.
    TaskStorageDelete = 157, "task_storage_delete", 2;
    /// `()` → the task, as a pointer with its type.
    GetCurrentTaskBtf = 158, "get_current_task_btf", 0;
    /// `()` → nanoseconds, coarse (Linux 5.11).
    KtimeGetCoarseNs = 160, "ktime_get_coarse_ns", 0;
    /// `(ctx)` → address of the traced function.
    GetFuncIp = 173, "get_func_ip", 1;
    /// `(ctx)` → the cookie of the attachment.
    GetAttachCookie = 174, "get_attach_cookie", 1;
    /// `(*task)` → user registers, as a pointer with its type.
    TaskPtRegs = 175, "task_pt_regs", 1;
    /// `(turns, function, *context, flags)` → turns made.
    Loop = 181, "loop", 4;
    /// `(*a, size, *b)` → order.
    Strncmp = 182, "strncmp", 3;
    /// `(ring, size, flags, *dynptr)` → 0 or error.
    RingbufReserveDynptr = 198, "ringbuf_reserve_dynptr", 4;
    /// `(*dynptr, flags)`; gives nothing.
    RingbufSubmitDynptr = 199, "ringbuf_submit_dynptr", 2;
    /// `(*dynptr, flags)`; gives nothing.
    RingbufDiscardDynptr = 200, "ringbuf_discard_dynptr", 2;
    /// `(*dynptr, offset, *from, size, flags)` → 0 or error.
    DynptrWrite = 202, "dynptr_write", 5;
    /// `()` → nanoseconds of the TAI clock.
    KtimeGetTaiNs = 208, "ktime_get_tai_ns", 0;
}
