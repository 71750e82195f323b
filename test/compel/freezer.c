// SPDX-License-Identifier: GPL-2.0
/* Targets in a frozen cgroup: seized while frozen, they stop when they are thawed without
 * having run one instruction more. */
#include "check.h"

#include <sys/stat.h>

struct version {
	const char *name, *parent, *file, *freeze, *thaw;
	bool stops_frozen; /* a tracer can stop what is frozen */
};

static const struct version versions[] = {
	{ "cgroup v2", "/sys/fs/cgroup/unified", "cgroup.freeze", "1", "0", true },
	{ "cgroup v2", "/sys/fs/cgroup", "cgroup.freeze", "1", "0", true },
	{ "cgroup v1", "/sys/fs/cgroup/freezer", "freezer.state", "FROZEN", "THAWED", false },
};

static int count(void *argument)
{
	for (volatile uint64_t *counter = argument;; (*counter)++)
		;
	return 0;
}

static void write_to(const char *directory, const char *file, const char *text)
{
	cleanup_free char *path = NULL;

	must_be(asprintf(&path, "%s/%s", directory, file) > 0, "asprintf");
	must(write_file_at(AT_FDCWD, path, text, strlen(text)));
}

static bool stands_still(volatile uint64_t *counter)
{
	uint64_t before = *counter;

	sleep_ms(20);
	return *counter == before;
}

static bool wait_still(volatile uint64_t *counter)
{
	for (unsigned i = 0; i < 100; i++)
		if (stands_still(counter))
			return true;
	return false;
}

/* Somebody has frozen it after it was stopped: nothing can run in it, and nothing is broken. */
static void visit_frozen(struct tap *tap, const struct version *version, struct compel_thread *thread)
{
	struct compel_agent *agent;
	struct error *error = compel_infect(thread, 4096, &agent);

	check(tap, error && error->number == ETIMEDOUT && error->hint, "%s: a visit to a frozen target is given up: %s",
	      version->name, error ? error->message : "not an error");
	error_free(error);
}

static void run_in(struct tap *tap, const struct version *version, const char *directory)
{
	volatile uint64_t *counter = share(4096);
	pid_t pid = start_target(count, (void *)counter);
	struct compel_thread thread;
	uint64_t before;
	char text[32];

	snprintf(text, sizeof(text), "%d", pid);
	write_to(directory, "cgroup.procs", text);
	write_to(directory, version->file, version->freeze);
	must_be(wait_still(counter), "the target does not freeze");
	before = *counter;
	must(compel_seize(&thread, pid));
	if (version->stops_frozen) {
		must(compel_wait(&thread));
		visit_frozen(tap, version, &thread);
		must(compel_detach(&thread, false));
		check(tap, stands_still(counter) && *counter == before, "%s: a frozen target can be stopped, and stays frozen",
		      version->name);
		must(compel_seize(&thread, pid));
	}
	/* Nothing runs in a frozen target, for a tracer neither. */
	write_to(directory, version->file, version->thaw);
	must(compel_wait(&thread));
	check(tap, thread.state == COMPEL_STOPPED && *counter == before, "%s: thawed, a seized target stops where it is",
	      version->name);
	visit_stopped(&thread);
	check(tap, *counter == before, "%s: and can be visited", version->name);
	must(compel_detach(&thread, false));
	sleep_ms(5);
	check(tap, !stands_still(counter), "%s: and goes on", version->name);
	kill_target(pid);
}

static bool run(struct tap *tap, const struct version *version)
{
	cleanup_free char *directory = NULL, *file = NULL;
	bool known;

	must_be(asprintf(&directory, "%s/compel-test-%d", version->parent, getpid()) > 0, "asprintf");
	must_be(asprintf(&file, "%s/%s", directory, version->file) > 0, "asprintf");
	if (mkdir(directory, 0700) < 0)
		return false;
	known = access(file, F_OK) == 0;
	if (known)
		run_in(tap, version, directory);
	rmdir(directory);
	return known;
}

int main(void)
{
	struct tap tap = {};
	unsigned found = 0;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		found += run(&tap, &versions[i]);
	if (!found)
		check(&tap, true, "no freezer # SKIP no cgroup can be made here");
	return finish(&tap);
}
