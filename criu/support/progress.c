// SPDX-License-Identifier: GPL-2.0
#include "support/progress.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/log.h"
#include "support/supervisor.h"

enum { FIRST_MS = 500, EVERY_MS = 200, PAGES_PER_MIB = 256 };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A job in the background might be stopped for writing, a log on the same terminal be torn. */
static bool is_our_terminal(int verbosity)
{
	const char *kind = getenv("TERM");

	if (!isatty(STDERR_FILENO) || tcgetpgrp(STDERR_FILENO) != supervisor_group())
		return false;
	if (*log_descriptor() == STDERR_FILENO && verbosity >= LOG_LEVEL_INFO)
		return false;
	return !kind || strcmp(kind, "dumb");
}

void progress_begin(struct progress *progress, const char *what, int verbosity)
{
	int saved = errno;

	*progress = (struct progress){ .what = what, .start_ms = now_ms() };
	progress->next_ms = progress->start_ms + FIRST_MS;
	progress->wanted = verbosity > 0 && is_our_terminal(verbosity);
	errno = saved;
}

void progress_expect(struct progress *progress, uint64_t pages)
{
	progress->total += pages;
}

/* A terminal that takes nothing now (it may belong to the frozen tree) is not waited for. */
static void write_line(const char *line, int length)
{
	struct pollfd terminal = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&terminal, 1, 0) == 1 && (terminal.revents & POLLOUT) && write(STDERR_FILENO, line, length) < 0)
		return;
}

static void show(struct progress *progress, uint64_t now)
{
	uint64_t done = __atomic_load_n(&progress->done, __ATOMIC_RELAXED), passed = now - progress->start_ms;
	char line[128], share[16] = "";
	int length;

	if (progress->total && done <= progress->total)
		snprintf(share, sizeof(share), ", %u%%", (unsigned)(done * 100 / progress->total));
	length = snprintf(line, sizeof(line), "\r%llu of %llu pages %s%s, %llu MiB/s\033[K", (unsigned long long)done,
			  (unsigned long long)progress->total, progress->what, share,
			  (unsigned long long)(passed ? done * 1000 / passed / PAGES_PER_MIB : 0));
	__atomic_store_n(&progress->shown, true, __ATOMIC_RELAXED);
	write_line(line, length);
}

static void look(struct progress *progress)
{
	uint64_t now = now_ms(), next = __atomic_load_n(&progress->next_ms, __ATOMIC_RELAXED);

	if (now >= next && __atomic_compare_exchange_n(&progress->next_ms, &next, now + EVERY_MS, false,
						       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		show(progress, now);
}

void progress_add(struct progress *progress, uint64_t pages)
{
	if (!progress->wanted)
		return;
	__atomic_add_fetch(&progress->done, pages, __ATOMIC_RELAXED);
	look(progress);
}

void progress_set(struct progress *progress, uint64_t pages)
{
	if (!progress->wanted)
		return;
	__atomic_store_n(&progress->done, pages, __ATOMIC_RELAXED);
	look(progress);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		write_line("\r\033[K", 4);
	progress->wanted = progress->shown = false;
}
