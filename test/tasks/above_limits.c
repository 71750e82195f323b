// SPDX-License-Identifier: GPL-2.0
/*
 * What takes CAP_SYS_RESOURCE, and that neither the shell nor criu has: hard limits that are raised, an
 * out-of-memory score below that of everybody else, a pipe that is larger than others may be; in a process that has given the
 * capability up, too.
 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PIPE_BYTES = 4 << 20 };
static const int raised[] = { RLIMIT_NOFILE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_MSGQUEUE, RLIMIT_MEMLOCK, RLIMIT_SIGPENDING };
enum { COUNT = sizeof(raised) / sizeof(raised[0]) };

/* The parent's limits are what criu finds at its start. */
static bool raise_limits(struct rlimit *limits, unsigned more)
{
	for (int i = 0; i < COUNT; i++) {
		must(getrlimit(raised[i], &limits[i]));
		if (limits[i].rlim_max != RLIM_INFINITY)
			limits[i].rlim_max += more;
		limits[i].rlim_cur = limits[i].rlim_max / 2;
		if (setrlimit(raised[i], &limits[i]))
			return false;
	}
	return true;
}

static void check_limits(const struct rlimit *limits)
{
	for (int i = 0; i < COUNT; i++) {
		struct rlimit now;

		must(getrlimit(raised[i], &now));
		check(now.rlim_cur == limits[i].rlim_cur && now.rlim_max == limits[i].rlim_max, "limit %d: %lu/%lu", raised[i],
		      now.rlim_cur, now.rlim_max);
	}
}

static bool set_score(int score)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "w");

	return file && fprintf(file, "%d", score) > 0 && !fclose(file);
}

static int get_score(void)
{
	char text[32] = "";

	must(read_text("/proc/self/oom_score_adj", text, sizeof(text)));
	return atoi(text);
}

static void without_capability(void)
{
	struct rlimit limits[COUNT];

	must(raise_limits(limits, 7) ? 0 : -1);
	must(set_score(-300) ? 0 : -1);
	must(setuid(65534));
	checkpoint();
	check_limits(limits);
	check_equal(get_score(), -300);
	check(!set_score(-400));
}

int main(void)
{
	struct rlimit limits[COUNT];
	int ends[2];

	if (!raise_limits(limits, 3) || !set_score(-700))
		skip("CAP_SYS_RESOURCE is needed");
	must(pipe(ends));
	must(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES));
	for (int i = 0; i < PIPE_BYTES / 4096 - 1; i++) {
		unsigned char page[4096];

		fill_pattern(page, sizeof(page), i);
		must(write(ends[1], page, sizeof(page)));
	}
	participant(without_capability);
	checkpoint();
	check_limits(limits);
	check_equal(get_score(), -700);
	check_equal(fcntl(ends[1], F_GETPIPE_SZ), PIPE_BYTES);
	for (int i = 0; i < PIPE_BYTES / 4096 - 1; i++) {
		unsigned char page[4096];

		check_equal(read(ends[0], page, sizeof(page)), sizeof(page));
		check_pattern(page, sizeof(page), i);
	}
	return finish();
}
