// SPDX-License-Identifier: GPL-2.0
/* Filters that all threads share (TSYNC) are shared again: a further one can be given to all at once, which the
 * kernel grants only where every thread's filters descend from the same. */
#include "test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 3 };
static volatile int ready, look, looked;

static long forbid(int call, int error, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void expect(int call, int error)
{
	errno = 0;
	check(syscall(call) == -1 && errno == error, "call %d: errno %d, not %d", call, errno, error);
}

static void *thread(void *unused)
{
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!look)
		sleep_milliseconds(2);
	expect(SYS_getegid, 55);
	expect(SYS_getpgrp, 66);
	__atomic_add_fetch(&looked, 1, __ATOMIC_SEQ_CST);
	while (look < 2)
		sleep_milliseconds(2);
	expect(SYS_getppid, 77);
	return NULL;
}

int main(void)
{
	pthread_t id[THREADS];

	for (int i = 0; i < THREADS; i++)
		must(-pthread_create(&id[i], NULL, thread, NULL));
	wait_for(ready == THREADS);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	check_equal(forbid(SYS_getegid, 55, SECCOMP_FILTER_FLAG_TSYNC), 0);
	check_equal(forbid(SYS_getpgrp, 66, SECCOMP_FILTER_FLAG_TSYNC), 0);

	checkpoint();

	expect(SYS_getegid, 55);
	look = 1;
	wait_for(looked == THREADS);
	check_equal(forbid(SYS_getppid, 77, SECCOMP_FILTER_FLAG_TSYNC), 0);
	look = 2;
	for (int i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
	return finish();
}
