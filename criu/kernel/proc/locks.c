// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/locks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleanup.h"
#include "support/file.h"

static bool find_word(const char *word, const char *const names[], const int values[], size_t count, int *value)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(word, names[i])) {
			*value = values[i];
			return true;
		}
	return false;
}

static bool parse_words(const char *kind, const char *state, const char *type, struct proc_lock *lock)
{
	static const char *const kinds[] = { "POSIX", "FLOCK", "OFDLCK", "LEASE" };
	static const int kind_values[] = { LOCK_POSIX, LOCK_FLOCK, LOCK_OFD, LOCK_LEASE };
	static const char *const types[] = { "READ", "WRITE", "UNLCK" };
	static const int type_values[] = { F_RDLCK, F_WRLCK, F_UNLCK };
	int value;

	if (!find_word(kind, kinds, kind_values, 4, &value))
		return false;
	lock->kind = value;
	lock->breaking = !strcmp(state, "BREAKING");
	return find_word(type, types, type_values, 3, &lock->type);
}

/* "1: POSIX  ADVISORY  WRITE 1234 08:01:777 0 EOF"; of those who wait "1: -> POSIX ...". */
bool proc_lock_parse(const char *line, struct proc_lock *lock)
{
	char kind[16], state[16], type[16], place[64], end[32];
	const char *text = strchr(line, ':'), *inode;
	long long start;

	memset(lock, 0, sizeof(*lock));
	if (!text)
		return false;
	for (text++; *text == ' '; text++)
		;
	lock->waits = !strncmp(text, "-> ", 3);
	if (sscanf(text + (lock->waits ? 3 : 0), "%15s %15s %15s %d %63s %lld %31s", kind, state, type, &lock->pid,
		   place, &start, end) != 7 ||
	    !parse_words(kind, state, type, lock))
		return false;
	inode = strrchr(place, ':');
	lock->inode = inode ? strtoul(inode + 1, NULL, 10) : 0;
	lock->start = start;
	lock->length = strcmp(end, "EOF") ? strtoll(end, NULL, 10) - start + 1 : 0;
	return true;
}

struct error *proc_locks_read(struct arena *arena, struct proc_lock **locks, size_t *count)
{
	cleanup_free char *text = NULL;
	size_t capacity = 0;

	*locks = NULL;
	*count = 0;
	TRY(read_file_at(AT_FDCWD, "/proc/locks", &text, NULL));
	for (const char *line = text; *line;) {
		const char *end = strchr(line, '\n');
		struct proc_lock lock;

		/* What has no name here (a mount's own locks) is none of a process. */
		if (proc_lock_parse(line, &lock))
			*arena_append(arena, *locks, *count, capacity) = lock;
		if (!end)
			break;
		line = end + 1;
	}
	return NULL;
}
