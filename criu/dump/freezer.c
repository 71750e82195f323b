// SPDX-License-Identifier: GPL-2.0
#include "dump/freezer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/proc/mountinfo.h"
#include "support/cleanup.h"
#include "support/file.h"

/* The words of each generation. */
static const struct generation {
	const char *file, *on, *off; /* what it is told by */
	const char *told;	     /* what it was told: 0 or 1 */
	const char *state, *settled; /* what has come of it */
} generations[] = {
	{ "cgroup.freeze", "1", "0", "cgroup.freeze", "cgroup.events", "frozen 1" },
	{ "freezer.state", "FROZEN", "THAWED", "freezer.self_freezing", "freezer.state", "FROZEN" },
};
enum { GENERATION_COUNT = sizeof(generations) / sizeof(generations[0]) };

static struct error *read_word(const char *cgroup, const char *name, char **text)
{
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/%s", cgroup, name) < 0)
		return out_of_memory();
	return read_file_at(AT_FDCWD, path, text, NULL);
}

/* NULL: it has no freezer. */
static const struct generation *generation_of(const char *cgroup)
{
	for (size_t i = 0; i < GENERATION_COUNT; i++) {
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s/%s", cgroup, generations[i].file) >= 0 && !access(path, F_OK))
			return &generations[i];
	}
	return NULL;
}

bool freezer_is_on(const char *cgroup)
{
	const struct generation *generation = generation_of(cgroup);
	cleanup_free char *text = NULL;
	struct error *error;

	if (!generation)
		return false;
	error = read_word(cgroup, generation->told, &text);
	if (error) {
		error_free(error);
		return false;
	}
	return text[0] == '1';
}

static struct error *no_freezer(const char *cgroup)
{
	return with_hint(fail("%s is no cgroup with a freezer", cgroup),
			 "Give --freeze-cgroup a directory that has cgroup.freeze or freezer.state.");
}

struct error *freezer_set(const char *cgroup, bool on)
{
	const struct generation *generation = generation_of(cgroup);
	cleanup_free char *path = NULL;
	const char *value;

	if (!generation)
		return no_freezer(cgroup);
	if (asprintf(&path, "%s/%s", cgroup, generation->file) < 0)
		return out_of_memory();
	value = on ? generation->on : generation->off;
	return write_file_at(AT_FDCWD, path, value, strlen(value));
}

struct error *freezer_is_settled(const char *cgroup, bool *settled)
{
	const struct generation *generation = generation_of(cgroup);
	cleanup_free char *text = NULL;

	if (!generation)
		return no_freezer(cgroup);
	TRY(read_word(cgroup, generation->state, &text));
	*settled = strstr(text, generation->settled) != NULL;
	return NULL;
}

bool freezer_is_same(const char *cgroup, const char *other)
{
	struct stat one, two;

	return !stat(cgroup, &one) && !stat(other, &two) && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* ---- around a process ---- */

/* This cgroup, or one that it lies in, as far as they are to be seen here, was told to freeze: path becomes its own. */
static bool find_told(char *path, size_t mount_length)
{
	while (strlen(path) > mount_length) {
		if (freezer_is_on(path))
			return true;
		*strrchr(path, '/') = '\0';
	}
	return false;
}

/* Where the process's cgroup is to be seen in this mount; NULL: not in it. place: from a line of /proc/PID/cgroup. */
static char *path_in(const struct mount_line *mount, const char *place, struct arena *arena)
{
	size_t length = strcmp(mount->root, "/") ? strlen(mount->root) : 0;

	if (strncmp(place, mount->root, length))
		return NULL;
	return arena_format(arena, "%s%s", mount->path, place + length);
}

/* A line is NUMBER:CONTROLLERS:PLACE, of the second generation 0::PLACE. */
static const char *search_line(const char *line, const struct mount_line *mounts, size_t count, struct arena *arena)
{
	const char *type = strncmp(line, "0::", 3) ? "cgroup" : "cgroup2";
	const char *place = strchr(line, ':');

	place = place ? strchr(place + 1, ':') : NULL;
	for (size_t i = 0; place && i < count; i++) {
		char *path = strcmp(mounts[i].type, type) ? NULL : path_in(&mounts[i], place + 1, arena);

		if (path && find_told(path, strlen(mounts[i].path)))
			return path;
	}
	return NULL;
}

static struct error *search(pid_t pid, struct arena *arena, const char **found)
{
	cleanup_close int own_proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mount_line *mounts;
	cleanup_free char *text = NULL;
	char name[32], *place;
	size_t count;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	TRY(read_file_at(AT_FDCWD, name, &text, NULL));
	TRY(mountinfo_read(own_proc, arena, &mounts, &count));
	for (char *line = strtok_r(text, "\n", &place); line && !*found; line = strtok_r(NULL, "\n", &place))
		*found = search_line(line, mounts, count, arena);
	return NULL;
}

const char *freezer_around(pid_t pid, struct arena *arena)
{
	const char *found = NULL;

	error_free(search(pid, arena, &found));
	return found;
}
