// SPDX-License-Identifier: GPL-2.0
/* 32-bit programs are visited like others: computing, and in system calls of both doors. */
#include "check.h"

static const struct row {
	const char *name, *argument;
	bool computes, wake;
} rows[] = {
	{ "computing", "c", true, true },
	{ "in nanosleep by int 0x80", "s" },
	{ "in nanosleep by the vdso", "sv" },
	{ "in poll by int 0x80", "p" },
	{ "in poll by the vdso", "pv" },
	{ "in read by int 0x80", "r", false, true },
	{ "in read by the vdso", "rv", false, true },
};

struct start {
	char program[4096];
	const char *argument;
	int input;
};

static int run_program(void *argument)
{
	struct start *start = argument;

	dup2(start->input, 0);
	execl(start->program, "target", start->argument, NULL);
	return 111;
}

static bool same_maps(pid_t pid, char **maps)
{
	cleanup_free char *before = take_pointer(*maps);
	char path[64];
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	must(read_file_at(AT_FDCWD, path, maps, &length));
	return !before || strcmp(before, *maps) == 0;
}

static void visit_often(struct tap *tap, const struct row *row, pid_t pid)
{
	cleanup_free char *maps = NULL;
	unsigned most = row->computes ? 500 : 12, visits, compat = 0, moved = 0;
	double start = seconds();

	same_maps(pid, &maps);
	for (visits = 0; visits < most && (row->computes || seconds() - start < 0.2); visits++) {
		struct compel_thread thread;

		must(compel_seize(&thread, pid));
		must(compel_wait(&thread));
		must_be(thread.state == COMPEL_STOPPED, "the target has died");
		compat += thread.compat;
		visit_stopped(&thread);
		must(compel_detach(&thread, false));
		moved += !same_maps(pid, &maps);
		if (!row->computes)
			sleep_ms(10);
	}
	check(tap, compat == visits, "%s: is seen as a 32-bit program", row->name);
	check(tap, moved == 0, "%s: mappings are the same", row->name);
}

static bool wait_program(pid_t pid)
{
	for (unsigned i = 0; i < 5000; i++) {
		char path[64], program[4096] = "";

		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		if (readlink(path, program, sizeof(program) - 1) > 0 && strstr(program, "-target"))
			return true;
		sleep_ms(1);
	}
	return false;
}

static void run(struct tap *tap, const struct row *row, const char *program)
{
	struct start start = { .argument = row->argument };
	int pipe_fds[2];
	int status;
	pid_t pid;

	snprintf(start.program, sizeof(start.program), "%s", program);
	must_be(pipe(pipe_fds) == 0, "pipe");
	start.input = pipe_fds[0];
	pid = start_target(run_program, &start);
	must_be(wait_program(pid), "the target does not start");
	sleep_ms(30);
	must_be(wait_state(pid, row->computes ? "RS" : "S"), "the target does not get into its state");
	visit_often(tap, row, pid);
	if (row->wake)
		must_be(write(pipe_fds[1], "x", 1) == 1, "write");
	status = reap(pid);
	check(tap, status == 0, "%s: ends well (%d)", row->name, status);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static bool can_run(const char *program)
{
	struct start start = { .argument = "r" };

	snprintf(start.program, sizeof(start.program), "%s", program);
	start.input = open("/dev/zero", O_RDONLY);
	return reap(start_target(run_program, &start)) == 0;
}

int main(int argc, char **argv)
{
	cleanup_free char *program = NULL;
	struct tap tap = {};

	must_be(asprintf(&program, "%s-target", argv[0]) > 0, "asprintf");
	if (!can_run(program)) {
		printf("1..0 # SKIP this compiler or kernel has no 32-bit programs\n");
		return 0;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&tap, &rows[i], program);
	return finish(&tap);
}
