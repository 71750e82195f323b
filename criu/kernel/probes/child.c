// SPDX-License-Identifier: GPL-2.0
/* Children in which probes may change what they like. */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/probes/probe.h"
#include "support/cleanup.h"

struct error *probe_page(size_t pages, char **page)
{
	*page = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return *page != MAP_FAILED ? NULL : fail_errno("no memory");
}

static void report_and_exit(int pipe, struct error *error)
{
	if (error && write(pipe, error->message, strlen(error->message)) < 0)
		_exit(2);
	_exit(error ? 1 : 0);
}

static struct error *collect(int pipe, pid_t child)
{
	char text[512] = "";
	ssize_t length, used = 0;
	int status;

	while ((length = read(pipe, text + used, sizeof(text) - 1 - used)) > 0 || (length < 0 && errno == EINTR))
		used += length > 0 ? length : 0;
	while (waitpid(child, &status, __WALL) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	return used ? fail("%s", text) : fail("the probe ended with status 0x%x", status);
}

/* A child must not outlive criu, nor print or react to what criu handles. */
static void settle(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
}

struct error *probe_in_child(struct error *(*function)(void))
{
	cleanup_close int from = -1;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return fail_errno("no pipe");
	from = ends[0];
	child = fork();
	if (child == 0) {
		settle();
		report_and_exit(ends[1], function());
	}
	close(ends[1]);
	return child > 0 ? collect(from, child) : fail_errno("no child");
}

static struct error *raise_loopback(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &request) ? NULL : fail_errno("loopback");
}

static struct error *enter(int flags)
{
	if (unshare(flags))
		return fail_errno("new namespaces");
	if ((flags & CLONE_NEWNS) && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail_errno("private mounts");
	return flags & CLONE_NEWNET ? raise_loopback() : NULL;
}

struct error *probe_in_namespaces(int flags, struct error *(*function)(void))
{
	cleanup_close int from = -1;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return fail_errno("no pipe");
	from = ends[0];
	child = fork();
	if (child == 0) {
		settle();
		report_and_exit(ends[1], enter(flags) ?: function());
	}
	close(ends[1]);
	return child > 0 ? collect(from, child) : fail_errno("no child");
}

static struct error *stop_and_look(pid_t child, unsigned options, struct error *(*look)(pid_t child))
{
	int status;

	if (ptrace(PTRACE_SEIZE, child, NULL, (void *)(uintptr_t)options))
		return fail_errno("PTRACE_SEIZE");
	if (ptrace(PTRACE_INTERRUPT, child, NULL, NULL))
		return fail_errno("PTRACE_INTERRUPT");
	if (waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status))
		return fail("the child did not stop");
	return look(child);
}

struct error *probe_traced(struct error *(*prepare)(void), unsigned options, struct error *(*look)(pid_t child))
{
	struct error *error;
	int ends[2];
	char ready;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return fail_errno("no pipe");
	child = fork();
	if (child == 0) {
		settle();
		error = prepare ? prepare() : NULL;
		if (error || write(ends[1], "", 1) != 1)
			report_and_exit(ends[1], error);
		close(ends[1]);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (child < 0)
		error = fail_errno("no child");
	else if (read(ends[0], &ready, 1) != 1 || ready)
		error = fail("the child could not be prepared");
	else
		error = stop_and_look(child, options, look);
	close(ends[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	return error;
}
