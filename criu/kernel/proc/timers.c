// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/timers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "support/cleanup.h"
#include "support/file.h"

/* "signal/pid.42", "none/tid.43" ... */
static struct error *parse_notify(const char *text, struct proc_timer *timer)
{
	static const struct {
		const char *name;
		int value;
	} names[] = { { "signal", SIGEV_SIGNAL }, { "none", SIGEV_NONE }, { "thread", SIGEV_THREAD } };

	for (size_t i = 0; i < 3; i++) {
		size_t length = strlen(names[i].name);
		char kind[4];

		if (strncmp(text, names[i].name, length) || text[length] != '/')
			continue;
		if (sscanf(text + length + 1, "%3[a-z].%d", kind, &timer->notify_pid) != 2)
			break;
		timer->notify = names[i].value | (strcmp(kind, "tid") ? 0 : SIGEV_THREAD_ID);
		return NULL;
	}
	return fail("unexpected text in /proc/PID/timers: %s", text);
}

struct error *proc_timers_parse(const char *text, struct arena *arena, struct proc_timer **timers, size_t *count)
{
	size_t capacity = 0;

	*timers = NULL;
	*count = 0;
	for (const char *line = text; line && *line;) {
		struct proc_timer *timer = arena_append(arena, *timers, *count, capacity);
		char notify[64];
		void *value;

		if (sscanf(line, "ID: %d\nsignal: %d/%p\nnotify: %63s\nClockID: %d", &timer->id, &timer->signal, &value,
			   notify, &timer->clock_id) != 5)
			return fail("unexpected text in /proc/PID/timers");
		timer->value = (uint64_t)value;
		TRY(parse_notify(notify, timer));
		line = strstr(line + 1, "\nID: ");
		line = line ? line + 1 : NULL;
	}
	return NULL;
}

struct error *proc_timers_read(pid_t pid, struct arena *arena, struct proc_timer **timers, size_t *count)
{
	cleanup_free char *text = NULL;
	struct error *error;
	char path[64];

	*count = 0;
	snprintf(path, sizeof(path), "/proc/%d/timers", pid);
	error = read_file_at(AT_FDCWD, path, &text, NULL);
	if (error && error->number == ENOENT) {
		error_free(error);
		return NULL;
	}
	return error ?: proc_timers_parse(text, arena, timers, count);
}
