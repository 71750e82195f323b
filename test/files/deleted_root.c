// SPDX-License-Identifier: GPL-2.0
/* A process whose root directory was deleted, with a working directory outside of it. */
#include "test.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void ask(int signo)
{
	asked = signo;
}

int main(void)
{
	struct stat status;
	int result = -1;
	pid_t pid;

	must(mkdir("lost", 0711));
	must(chown("lost", 5, 6));
	pid = must(fork());
	if (pid == 0) {
		signal(SIGUSR1, ask);
		must(chroot("lost"));
		while (!asked)
			pause();
		_exit(stat("/", &status) == 0 && status.st_mode == (S_IFDIR | 0711) && status.st_uid == 5 && access("/x", F_OK) < 0 &&
				      mkdir("/y", 0700) < 0 && errno == ENOENT && access("inside", F_OK) == 0 ? 0 : 1);
	}
	must(mkdir("inside", 0700));
	wait_for(process_state(pid) == 'S');
	sleep_milliseconds(20);
	must(rmdir("lost"));

	checkpoint();

	must(kill(pid, SIGUSR1));
	check_equal(waitpid(pid, &result, 0), pid);
	check_equal(result, 0);
	return finish();
}
