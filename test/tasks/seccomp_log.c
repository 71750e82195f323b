// SPDX-License-Identifier: GPL-2.0
/* The flag of a seccomp filter that has its actions logged, and filters that only log. */
#include "test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_SECCOMP_GET_METADATA
#define PTRACE_SECCOMP_GET_METADATA 0x420d
#endif

static void install(unsigned int action, unsigned int flags)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, action) };
	struct sock_fprog program = { 1, code };

	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

static void filtered(void)
{
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	install(SECCOMP_RET_ALLOW, 0);
	install(SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_LOG);
	checkpoint();
	meet(); /* the parent looks */
}

static long filter_flags(pid_t pid, uint64_t number)
{
	struct {
		uint64_t number, flags;
	} metadata = { .number = number };

	errno = 0;
	if (ptrace(PTRACE_SECCOMP_GET_METADATA, pid, sizeof(metadata), &metadata) < 0)
		return -errno;
	return metadata.flags;
}

int main(void)
{
	pid_t pid = participant(filtered);

	checkpoint();
	must(ptrace(PTRACE_SEIZE, pid, 0, 0));
	must(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	must(waitpid(pid, NULL, __WALL));
	check_equal(filter_flags(pid, 0), 0); /* the oldest */
	check_equal(filter_flags(pid, 1), SECCOMP_FILTER_FLAG_LOG);
	check_equal(filter_flags(pid, 2), -ENOENT);
	must(ptrace(PTRACE_DETACH, pid, 0, 0));
	meet();
	return finish();
}
