// SPDX-License-Identifier: GPL-2.0
/* unsupported: mappings that are known and cannot be saved, each with its reason and a way out. */
#include <string.h>
#include <sys/mman.h>

#include "memory/kind.h"
#include "memory/vma.h"

static bool is_uprobes(const struct mapping_line *line)
{
	return !strcmp(line->path, "[uprobes]");
}

static bool is_watched(const struct mapping_line *line)
{
	return line->flags & MAPPING_UFFD;
}

static bool is_shadow_stack(const struct mapping_line *line)
{
	return line->flags & MAPPING_SHADOW_STACK;
}

/* The kernel itself gives a key, the first one, to memory that is for execution only; it does so again when that is
 * protected so. pkeys(7) */
static bool has_protection_key(const struct mapping_line *line)
{
	return line->protection_key > (line->prot == PROT_EXEC ? 1 : 0);
}

static bool is_anonymous_inode(const struct mapping_line *line)
{
	return !strncmp(line->path, "anon_inode:", 11) || !strncmp(line->path, "socket:", 7);
}

static bool is_device(const struct mapping_line *line)
{
	return (line->flags & (MAPPING_PFNMAP | MAPPING_IO)) && line->inode;
}

#define UNSUPPORTED(kind, match, why, what)                                                                            \
	const struct mapping_kind kind##_mapping_kind = {                                                              \
		.name = #kind,                                                                                         \
		.recognise = match,                                                                                    \
		.unsupported = why,                                                                                    \
		.hint = what,                                                                                          \
	}

UNSUPPORTED(uprobes, is_uprobes, "a debugger or tracer has put probes into it (uprobes)",
	    "Remove the probes (perf probe --del, bpftrace) before the dump, or use --allow-uprobes.");
UNSUPPORTED(watched, is_watched, "a userfaultfd watches it", "Dump when the program does not use userfaultfd.");
UNSUPPORTED(shadow_stack, is_shadow_stack, "it is a shadow stack",
	    "Start the program without shadow stacks (GLIBC_TUNABLES=glibc.cpu.x86_shstk=off).");
UNSUPPORTED(protection_key, has_protection_key, "it has a memory protection key",
	    "Free the keys (pkey_free) after giving the memory back to key 0.");
UNSUPPORTED(anonymous_inode, is_anonymous_inode, "it belongs to a kernel object that cannot be saved",
	    "Close the object (perf event, packet ring, bpf map) before the dump.");
UNSUPPORTED(device, is_device, "it is memory of a device", "Unmap the device before the dump.");
