// SPDX-License-Identifier: GPL-2.0
#include "namespaces/time.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"

/* The kernel lets no clock show more than a hundred years. */
enum { NEW_TIME = 0x80, NANOSECONDS = 1000000000 };
#define MAX_SECONDS 3000000000u

static const struct clock_name {
	clockid_t clock;
	const char *name; /* in /proc/PID/timens_offsets */
} clock_names[] = { { CLOCK_MONOTONIC, "monotonic" }, { CLOCK_BOOTTIME, "boottime" } };
enum { CLOCK_COUNT = sizeof(clock_names) / sizeof(clock_names[0]) };

/* Differences of a namespace's clocks from those of the machine, in nanoseconds. */
struct offsets {
	int64_t of[CLOCK_COUNT];
};

/* Lines "NAME SECONDS NANOSECONDS"; the kernel shows the namespace of future children. */
static struct error *read_offsets(int proc_fd, struct offsets *offsets)
{
	cleanup_free char *text = NULL;

	TRY(read_file_at(proc_fd, "timens_offsets", &text, NULL));
	for (size_t i = 0; i < CLOCK_COUNT; i++) {
		const char *line = strstr(text, clock_names[i].name);
		int64_t seconds, nanoseconds;

		if (!line || sscanf(line + strlen(clock_names[i].name), "%" SCNd64 " %" SCNd64, &seconds, &nanoseconds) != 2)
			return fail("timens_offsets has no %s clock", clock_names[i].name);
		offsets->of[i] = seconds * NANOSECONDS + nanoseconds;
	}
	return NULL;
}

static struct error *read_own_offsets(struct offsets *offsets)
{
	cleanup_close int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return proc < 0 ? fail_errno("could not open /proc/self") : read_offsets(proc, offsets);
}

static int64_t clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * (int64_t)NANOSECONDS + now.tv_nsec;
}

static Timespec *clock_record(struct arena *arena, int64_t value)
{
	Timespec *out = new_message(arena, timespec);

	out->tv_sec = value / NANOSECONDS;
	out->tv_nsec = value % NANOSECONDS;
	return out;
}

struct error *clocks_collect(struct dump *dump, bool own)
{
	TimensEntry *clocks = new_message(dump->arena, timens_entry);
	struct offsets ours = { 0 }, theirs = { 0 };

	if (!own) {
		TRY(read_own_offsets(&ours));
		TRY(read_offsets(snapshot_root(dump->snapshot)->proc_fd, &theirs));
	}
	clocks->monotonic = clock_record(dump->arena, clock_now(CLOCK_MONOTONIC) - ours.of[0] + theirs.of[0]);
	clocks->boottime = clock_record(dump->arena, clock_now(CLOCK_BOOTTIME) - ours.of[1] + theirs.of[1]);
	dump->snapshot->clocks = clocks;
	return NULL;
}

struct error *clocks_check(const TimensEntry *clocks)
{
	const Timespec *recorded[CLOCK_COUNT] = { clocks->monotonic, clocks->boottime };

	for (size_t i = 0; i < CLOCK_COUNT; i++)
		if (recorded[i]->tv_sec > MAX_SECONDS || recorded[i]->tv_nsec >= NANOSECONDS)
			return fail("the image is damaged: no %s clock shows %" PRIu64 " seconds", clock_names[i].name,
				    recorded[i]->tv_sec);
	return NULL;
}

/* The offsets that let the clocks go on as recorded, in the form of timens_offsets. */
static struct error *write_offsets(const TimensEntry *clocks)
{
	const Timespec *recorded[CLOCK_COUNT] = { clocks->monotonic, clocks->boottime };
	struct offsets ours;
	char text[128];
	int length = 0;

	TRY(read_own_offsets(&ours));
	for (size_t i = 0; i < CLOCK_COUNT; i++) {
		int64_t offset = recorded[i]->tv_sec * NANOSECONDS + recorded[i]->tv_nsec -
				 clock_now(clock_names[i].clock) + ours.of[i];
		int64_t seconds = offset / NANOSECONDS, nanoseconds = offset % NANOSECONDS;

		if (nanoseconds < 0) { /* the kernel wants them positive */
			seconds--;
			nanoseconds += NANOSECONDS;
		}
		length += snprintf(text + length, sizeof(text) - length, "%s %" PRId64 " %" PRId64 "\n",
				   clock_names[i].name, seconds, nanoseconds);
	}
	return write_file_at(AT_FDCWD, "/proc/self/timens_offsets", text, length);
}

struct error *clocks_enter(struct restore *restore, int *own_namespace)
{
	const TimensEntry *clocks = restore->snapshot->clocks;
	cleanup_close int own = -1;

	*own_namespace = -1;
	if (!clocks)
		return NULL;
	own = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	if (own < 0 || unshare(NEW_TIME)) {
		log_warning("no time namespace can be made (%s): CLOCK_MONOTONIC jumps to that of this machine",
			    strerror(errno));
		return NULL;
	}
	TRY(write_offsets(clocks));
	*own_namespace = take_fd(&own);
	return NULL;
}

struct error *clocks_leave(int own_namespace)
{
	cleanup_close int own = own_namespace;

	if (own >= 0 && setns(own, NEW_TIME))
		return fail_errno("could not return to criu's own time namespace");
	return NULL;
}
