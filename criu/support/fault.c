// SPDX-License-Identifier: GPL-2.0
#include "support/fault.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

unsigned fault_groups;

/* In memory that all processes of the run share. */
struct countdown {
	uint64_t made;
	uint64_t failing; /* 0: none */
};
static struct countdown *countdown;

static const char *const names[FAULT_GROUPS] = {
	[FAULT_allocation] = "allocation", [FAULT_descriptor] = "descriptor", [FAULT_read] = "read",
	[FAULT_write] = "write",	   [FAULT_fork] = "fork",	      [FAULT_ptrace] = "ptrace",
	[FAULT_injected] = "injected",	   [FAULT_effect] = "effect",
};

ssize_t __real_write(int fd, const void *data, size_t length);
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);

/* The words by which a test knows that it happened. */
static void tell(enum fault_group group, const char *function)
{
	char text[128];
	int length = snprintf(text, sizeof(text), "criu: fault %s:%llu in %s\n", names[group],
			      (unsigned long long)countdown->failing, function);

	if (__real_write(STDERR_FILENO, text, (size_t)length) < 0)
		return;
}

static bool count(enum fault_group group, const char *function)
{
	uint64_t number = __atomic_add_fetch(&countdown->made, 1, __ATOMIC_RELAXED);
	int saved = errno;

	if (number != countdown->failing)
		return false;
	tell(group, function);
	errno = saved;
	return true;
}

bool fault_count(enum fault_group group)
{
	return count(group, "a batch");
}

/* How many there were, for who wants to try them all. */
static void tell_number(void)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "criu: %llu fault points\n", (unsigned long long)countdown->made);

	if (!countdown->failing && __real_write(STDERR_FILENO, text, (size_t)length) < 0)
		return;
}

struct error *fault_setup(const char *text)
{
	const char *colon = text ? strchr(text, ':') : NULL;

	if (!text)
		return NULL;
	for (enum fault_group group = 0; colon && group < FAULT_GROUPS; group++) {
		if (strlen(names[group]) != (size_t)(colon - text) || strncmp(names[group], text, colon - text))
			continue;
		countdown = __real_mmap(NULL, sizeof(*countdown), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (countdown == MAP_FAILED)
			return out_of_memory();
		countdown->failing = strtoull(colon + 1, NULL, 10);
		fault_groups = 1u << group;
		atexit(tell_number);
		return NULL;
	}
	return with_hint(fail("CRIU_FAULT names no fault point: \"%s\"", text),
			 "It is GROUP:N with a group of allocation, descriptor, read, write, fork, ptrace, injected, effect.");
}

/* ---- the wrappers ---- */

#define ARMED(group, name) (__builtin_expect(fault_groups & 1u << FAULT_##group, 0) && count(FAULT_##group, #name))

/* ioctl() and fcntl() also ask, and ask the same as they set: asking may fail as well. */
#define WRAPPED(group, failure, number, type, name, parameters, arguments) \
	type __real_##name parameters;                                     \
	type __wrap_##name parameters;                                     \
	type __wrap_##name parameters                                      \
	{                                                                  \
		if (ARMED(group, name)) {                                  \
			errno = number;                                    \
			return failure;                                    \
		}                                                          \
		return __real_##name arguments;                            \
	}
#include "support/fault_list.h"
#undef WRAPPED

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = __wrap_vasprintf(text, format, arguments);
	va_end(arguments);
	return length;
}

/* What is asked of a thread, or begun in it. Putting its registers, mask and options back and letting it
 * go fails only when it is dead. */
static bool ptrace_may_fail(long request)
{
	switch (request) {
	case PTRACE_SEIZE:
	case PTRACE_INTERRUPT:
	case PTRACE_GETREGS:
	case PTRACE_GETREGSET:
	case PTRACE_GETSIGMASK:
	case PTRACE_GETSIGINFO:
	case PTRACE_PEEKSIGINFO:
	case PTRACE_GET_RSEQ_CONFIGURATION:
		return true;
	default:
		return false;
	}
}

static bool syscall_fails(long number, long first)
{
	switch (number) {
	case SYS_ptrace:
		return ptrace_may_fail(first) && ARMED(ptrace, ptrace);
	case SYS_clone3:
		return ARMED(fork, clone3);
	case SYS_pidfd_open:
	case SYS_pidfd_getfd:
		return ARMED(descriptor, pidfd);
	case SYS_bpf:
	case SYS_io_uring_setup:
		return ARMED(descriptor, object);
	case SYS_io_uring_enter:
	case SYS_io_uring_register:
		return ARMED(effect, ring);
	default:
		return false;
	}
}

/* The seventh is on the stack, whether the caller gave it or not. */
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (__builtin_expect(fault_groups, 0) && syscall_fails(number, a)) {
		errno = number == SYS_clone3 ? EAGAIN : number == SYS_ptrace ? EIO : EMFILE;
		return -1;
	}
	return __real_syscall(number, a, b, c, d, e, f);
}
