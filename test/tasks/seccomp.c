// SPDX-License-Identifier: GPL-2.0
/* Seccomp filters: a chain of two, one thread with a third; each still forbids what it forbade, and only that. */
#include "test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int ready, go_on;

/* From now on the call fails with the error. */
static void forbid(int call, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static void expect(int call, int error)
{
	errno = 0;
	check(syscall(call) == (error ? -1 : getppid()) && errno == error, "call %d: errno %d, not %d", call, errno, error);
}

static void *thread(void *unused)
{
	forbid(SYS_getppid, 77);
	ready = 1;
	while (!go_on)
		sleep_milliseconds(2);
	errno = 0;
	check(syscall(SYS_getppid) == -1 && errno == 77);
	errno = 0;
	check(syscall(SYS_getegid) == -1 && errno == 55);
	return NULL;
}

static void child(void)
{
	forbid(SYS_getsid, 44);
	checkpoint();
	errno = 0;
	check(syscall(SYS_getsid, 0) == -1 && errno == 44);
	errno = 0;
	check(syscall(SYS_getegid) == -1 && errno == 55);
}

int main(void)
{
	pthread_t id;

	forbid(SYS_getegid, 55);
	forbid(SYS_getpgrp, 66);
	participant(child);
	must(-pthread_create(&id, NULL, thread, NULL));
	wait_for(ready);
	checkpoint();
	expect(SYS_getppid, 0);
	errno = 0;
	check(syscall(SYS_getegid) == -1 && errno == 55);
	errno = 0;
	check(syscall(SYS_getpgrp) == -1 && errno == 66);
	check(syscall(SYS_getsid, 0) >= 0);
	go_on = 1;
	pthread_join(id, NULL);
	return finish();
}
