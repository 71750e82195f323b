// SPDX-License-Identifier: GPL-2.0
// refused: waits to be notified
// link: -lrt
/* A process that a queue will send a signal. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile int value;

static void note(int signo, siginfo_t *info, void *context)
{
	value = info->si_value.sival_int;
}

int main(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 77 };
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	char name[64];
	mqd_t queue;

	snprintf(name, sizeof(name), "/criu-test.%d", getpid());
	queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attributes);
	if (queue < 0)
		skip("this kernel has no message queues");
	must(sigaction(SIGUSR1, &action, NULL));
	must(mq_notify(queue, &event));
	checkpoint();
	must(mq_send(queue, "1", 1, 0));
	check_equal(value, 77);
	must(mq_unlink(name));
	return finish();
}
