// SPDX-License-Identifier: GPL-2.0
// refused: its first thread has ended while others run
/* A process whose first thread has ended while others live on. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *other(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

int main(void)
{
	pthread_t id;
	pid_t pid = must(fork());

	if (pid == 0) {
		must(-pthread_create(&id, NULL, other, NULL));
		syscall(SYS_exit, 0);
	}
	wait_for(process_state(pid) == 'Z');
	checkpoint();
	check_equal(process_state(pid), 'Z');
	check_equal(waitpid(pid, NULL, WNOHANG), 0); /* the other thread is alive */
	must(kill(pid, SIGKILL));
	check_equal(waitpid(pid, NULL, 0), pid);
	return finish();
}
