// SPDX-License-Identifier: GPL-2.0
/* Zombies that had threads when they ended: by whichever of them, at once or one after the other, with or without its leader. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CASES = 6 };

static void *sleeps(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

/* When the leader has ended. */
static void *ends_all(void *unused)
{
	wait_for(process_state(getpid()) == 'Z');
	syscall(SYS_exit_group, 7);
	return NULL;
}

static void *ends_itself(void *unused)
{
	wait_for(process_state(getpid()) == 'Z');
	syscall(SYS_exit, 9);
	return NULL;
}

static void start(void *(*body)(void *))
{
	pthread_t id;

	must(-pthread_create(&id, NULL, body, NULL));
}

static void leader_ends_all(void)
{
	for (int i = 0; i < 20; i++)
		start(sleeps);
	syscall(SYS_exit_group, 3);
}

static void leader_goes_first(void)
{
	start(sleeps);
	start(ends_all);
	syscall(SYS_exit, 5);
}

static void one_after_the_other(void)
{
	start(ends_itself);
	syscall(SYS_exit, 5);
}

static void killed(void)
{
	start(sleeps);
	kill(getpid(), SIGTERM);
	sleeps(NULL);
}

/* The signal is sent to a thread; the process ends as a whole. */
static void *killed_thread(void *unused)
{
	syscall(SYS_tkill, syscall(SYS_gettid), SIGABRT);
	return NULL;
}

static void a_thread_is_killed(void)
{
	start(sleeps);
	start(killed_thread);
	sleeps(NULL);
}

static void killed_without_leader(void)
{
	start(killed_thread);
	syscall(SYS_exit, 5);
}

static void (*const bodies[CASES])(void) = { leader_ends_all, leader_goes_first,  one_after_the_other,
					     killed,	      a_thread_is_killed, killed_without_leader };

static void look(pid_t pid, siginfo_t *info)
{
	memset(info, 0, sizeof(*info));
	must(waitid(P_PID, pid, info, WEXITED | WNOWAIT));
}

int main(void)
{
	struct rlimit none = { 0, 0 };
	siginfo_t ends[CASES], end;
	pid_t pids[CASES];
	int status;

	must(setrlimit(RLIMIT_CORE, &none));
	for (int i = 0; i < CASES; i++) {
		pids[i] = must(fork());
		if (!pids[i])
			bodies[i]();
		look(pids[i], &ends[i]);
	}

	checkpoint();

	for (int i = 0; i < CASES; i++) {
		look(pids[i], &end);
		check(end.si_code == ends[i].si_code && end.si_status == ends[i].si_status, "case %d ended with code %d, status %d, not %d, %d",
		      i, end.si_code, end.si_status, ends[i].si_code, ends[i].si_status);
		check_equal(waitpid(pids[i], &status, WNOHANG), pids[i]);
		check_equal(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), ends[i].si_status);
	}
	check(waitpid(-1, NULL, WNOHANG) < 0, "there are more children than there were");
	return finish();
}
