// SPDX-License-Identifier: GPL-2.0
/* Probes of what x86 has of its own: the vdso of either kind, debug registers. */
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

#include "kernel/proc/maps.h"
#include "kernel/probes/probe.h"

enum { MAP_VDSO_32 = 0x2002, MAP_VDSO_64 = 0x2003, ROOM = 16 * 4096, LOW_PLACE = 0x10000000 };

/* The kernel gives a process no second vdso: the first one must go. */
static struct error *drop_vdso(void)
{
	struct mapping_line *lines;
	struct arena arena = { 0 };
	size_t count;

	TRY(own_maps_read(&arena, &lines, &count));
	for (size_t i = 0; i < count; i++)
		if ((!strcmp(lines[i].path, "[vdso]") || !strncmp(lines[i].path, "[vvar", 5)) &&
		    munmap((void *)lines[i].start, lines[i].end - lines[i].start))
			return fail_errno("unmapping the vdso");
	return NULL;
}

static struct error *map_vdso(int kind, void *wish, const char *name)
{
	void *place = mmap(wish, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TRY(drop_vdso());
	if (place == MAP_FAILED || munmap(place, ROOM))
		return fail_errno("no room");
	return syscall(SYS_arch_prctl, kind, place) < 0 ? fail_errno("%s", name) : NULL;
}

static struct error *map_64(void)
{
	return map_vdso(MAP_VDSO_64, NULL, "ARCH_MAP_VDSO_64");
}

static struct error *map_32(void)
{
	return map_vdso(MAP_VDSO_32, (void *)LOW_PLACE, "ARCH_MAP_VDSO_32");
}

struct error *probe_can_map_vdso(void)
{
	return probe_in_child(map_64);
}

struct error *probe_compat_cr(void)
{
	return probe_in_child(map_32);
}

static struct error *set_breakpoint(pid_t child)
{
	size_t first = offsetof(struct user, u_debugreg[0]), control = offsetof(struct user, u_debugreg[7]);

	if (ptrace(PTRACE_POKEUSER, child, first, 0x1000) || ptrace(PTRACE_POKEUSER, child, control, 1))
		return fail_errno("debug registers");
	return ptrace(PTRACE_POKEUSER, child, control, 0) ? fail_errno("debug registers") : NULL;
}

struct error *probe_breakpoints(void)
{
	return probe_traced(NULL, 0, set_breakpoint);
}
