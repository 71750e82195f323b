// SPDX-License-Identifier: GPL-2.0
/* Children whose end is told by another signal than SIGCHLD, or by none (clone): living ones and zombies. */
#include "test.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int told[65];
static volatile int *go_on;

static void handler(int signal)
{
	told[signal]++;
}

static pid_t born(int exit_signal, int lives)
{
	pid_t pid = must(syscall(SYS_clone, exit_signal, 0, 0, 0, 0));

	if (!pid && lives) {
		become_participant();
		checkpoint();
		while (!*go_on)
			sleep_milliseconds(2);
		_exit(4);
	}
	if (!pid)
		_exit(5);
	if (lives)
		add_participant(pid);
	else
		wait_for(process_state(pid) == 'Z');
	return pid;
}

static void check_end(pid_t pid, int code)
{
	int status = -1;

	check(waitpid(pid, &status, WNOHANG) < 0, "an ordinary wait finds process %d", pid);
	check_equal(waitpid(pid, &status, __WCLONE), pid);
	check_equal(status, code << 8);
}

int main(void)
{
	pid_t usr, none, real_time, dead_usr, dead_none, dead_real_time;

	go_on = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	signal(SIGCHLD, handler);
	signal(SIGRTMIN, handler);
	usr = born(SIGUSR1, 1);
	none = born(0, 1);
	real_time = born(SIGRTMIN, 1);
	dead_real_time = born(SIGRTMIN, 0);
	signal(SIGUSR1, SIG_IGN);
	dead_usr = born(SIGUSR1, 0);
	dead_none = born(0, 0);
	told[SIGRTMIN] = 0;
	signal(SIGUSR1, handler);

	checkpoint();

	check_equal(told[SIGUSR1] + told[SIGRTMIN] + told[SIGCHLD], 0);
	check_end(dead_usr, 5);
	check_end(dead_none, 5);
	check_end(dead_real_time, 5);
	*go_on = 1;
	check_end(usr, 4);
	check_end(none, 4);
	check_end(real_time, 4);
	check_equal(told[SIGUSR1], 1);
	check_equal(told[SIGRTMIN], 1);
	check_equal(told[SIGCHLD], 0);
	return finish();
}
