// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleanup.h"
#include "support/file.h"

static void parse_ids(const char *place, uint32_t ids[4])
{
	for (int i = 0; i < 4; i++)
		ids[i] = strtoul(place, (char **)&place, 10);
}

static void parse_groups(const char *place, struct arena *arena, struct proc_status *out)
{
	size_t capacity = 0;

	out->groups = NULL;
	out->group_count = 0;
	for (;;) {
		char *end;
		uint32_t group = strtoul(place, &end, 10);

		if (end == place || strchr("\n", *place))
			return;
		*arena_append(arena, out->groups, out->group_count, capacity) = group;
		place = end;
		while (*place == ' ' || *place == '\t')
			place++;
		if (*place == '\n' || !*place)
			return;
	}
}

struct error *proc_status_parse(const char *text, struct arena *arena, struct proc_status *out)
{
	bool ids = false;

	memset(out, 0, sizeof(*out));
	for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		const char *value = strchr(line, ':');

		if (!value)
			return fail("unexpected text in /proc/PID/status");
		value++;
		while (*value == ' ' || *value == '\t')
			value++;
#define IS(name) (!strncmp(line, name ":", sizeof(name)))
		if (IS("Uid"))
			parse_ids(value, out->uid), ids = true;
		else if (IS("Gid"))
			parse_ids(value, out->gid);
		else if (IS("Groups"))
			parse_groups(value, arena, out);
		else if (IS("Umask"))
			out->umask = strtoul(value, NULL, 8);
		else if (IS("TracerPid"))
			out->tracer = atoi(value);
		else if (IS("FDSize"))
			out->descriptor_slots = atoi(value);
		else if (IS("Threads"))
			out->threads = atoi(value);
		else if (IS("CapInh"))
			out->cap_inh = strtoull(value, NULL, 16);
		else if (IS("CapPrm"))
			out->cap_prm = strtoull(value, NULL, 16);
		else if (IS("CapEff"))
			out->cap_eff = strtoull(value, NULL, 16);
		else if (IS("CapBnd"))
			out->cap_bnd = strtoull(value, NULL, 16);
		else if (IS("CapAmb"))
			out->cap_amb = strtoull(value, NULL, 16);
		else if (IS("SigIgn"))
			out->signals_ignored = strtoull(value, NULL, 16);
		else if (IS("SigCgt"))
			out->signals_caught = strtoull(value, NULL, 16);
		else if (IS("NoNewPrivs"))
			out->no_new_privs = atoi(value);
		else if (IS("Seccomp"))
			out->seccomp = atoi(value);
		else if (IS("voluntary_ctxt_switches") || IS("nonvoluntary_ctxt_switches"))
			out->switches += strtoull(value, NULL, 10);
#undef IS
	}
	return ids ? NULL : fail("unexpected text in /proc/PID/status: no user ids");
}

struct error *proc_thread_status_read(pid_t pid, pid_t tid, struct arena *arena, struct proc_status *out)
{
	cleanup_free char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	TRY(read_file_at(AT_FDCWD, path, &text, NULL));
	return proc_status_parse(text, arena, out);
}
