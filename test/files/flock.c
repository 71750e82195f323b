// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
// differs: work/orphaned;
/* flock locks: exclusive and shared, on a directory, of a description that two processes have, and of one whose taker has ended. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int exclusive, shared, inherited, orphaned, directory;

static int open_file(const char *name)
{
	return must(open(name, O_RDWR | O_CREAT, 0600));
}

/* What another description of the same file can have. */
static void check_others(const char *name, int operation, bool possible)
{
	int other = open(name, O_RDONLY);
	bool had = flock(other, operation | LOCK_NB) == 0;

	check(had == possible, "%s: operation %d", name, operation);
	check(had || errno == EWOULDBLOCK);
	close(other);
}

static void check_all(void)
{
	check_others("exclusive", LOCK_SH, false);
	check_others("shared", LOCK_SH, true);
	check_others("shared", LOCK_EX, false);
	check_others("inherited", LOCK_SH, false);
	check_others("orphaned", LOCK_SH, false);
	check_others("directory", LOCK_EX, false);
	check_others("unlocked", LOCK_EX, true);
}

static void child(void)
{
	checkpoint();
	check_all();
	meet();
	meet();
	/* The root has given up what is one description. */
	check_others("inherited", LOCK_EX, true);
	check_others("exclusive", LOCK_EX, false);
	must(close(orphaned));
	meet();
}

int main(void)
{
	int status;
	pid_t taker;

	must(mkdir("directory", 0700));
	exclusive = open_file("exclusive");
	shared = open_file("shared");
	inherited = open_file("inherited");
	orphaned = open_file("orphaned");
	directory = must(open("directory", O_RDONLY));
	must(close(open_file("unlocked")));
	must(flock(exclusive, LOCK_EX));
	must(flock(shared, LOCK_SH));
	must(flock(inherited, LOCK_EX));
	must(flock(directory, LOCK_SH));
	taker = must(fork());
	if (taker == 0)
		_exit(flock(orphaned, LOCK_EX) ? 1 : 0);
	must(waitpid(taker, &status, 0));
	participant(child);

	checkpoint();

	check_all();
	meet();
	must(flock(inherited, LOCK_UN));
	meet();
	meet();
	must(close(orphaned));
	check_others("orphaned", LOCK_EX, true);
	return finish();
}
