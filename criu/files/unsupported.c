// SPDX-License-Identifier: GPL-2.0
/* unsupported: open files that are known and cannot be saved (yet), each with its reason and a way out. */
#include <sys/socket.h>

#include "files/kind.h"

#define UNSUPPORTED(kind, why, what, ...)                                                                              \
	const struct file_kind kind##_kind = {                                                                         \
		.name = #kind,                                                                                         \
		.match = { __VA_ARGS__ },                                                                              \
		.unsupported = why,                                                                                    \
		.hint = what,                                                                                          \
	}

UNSUPPORTED(vsock_socket, "is a vsock socket, whose other side is outside of this system: it cannot be saved",
	    "Close it before the dump.", .socket_family = AF_VSOCK);
UNSUPPORTED(userfaultfd, "is a userfaultfd, which cannot be saved", "Dump when the program does not use userfaultfd.",
	    .anon_inode = "[userfaultfd]");
UNSUPPORTED(perf_event, "is a performance counter, which cannot be saved", "Stop profiling before the dump.",
	    .anon_inode = "[perf_event]");
UNSUPPORTED(landlock_ruleset, "is a Landlock ruleset, which cannot be saved",
	    "Close it, or apply it (landlock_restrict_self) and close it, before the dump.",
	    .anon_inode = "[landlock-ruleset]");
UNSUPPORTED(filesystem_context, "is a file system being set up (fsopen, fspick), which cannot be saved",
	    "Finish the mount and close it before the dump.", .anon_inode = "[fscontext]");
UNSUPPORTED(secret_memory, "is secret memory, which nobody but the program can read", "Free it before the dump.",
	    .mode = S_IFREG, .link_prefix = "/secretmem");
UNSUPPORTED(bpf_program, "is a BPF program, which cannot be saved", "Close the BPF program before the dump.",
	    .anon_inode = "bpf-prog");
