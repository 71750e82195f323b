// SPDX-License-Identifier: GPL-2.0
/* SO_PEERCRED of pairs that were made by leaders of a session and of a process group, which have ended since. */
#include "test.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct made {
	pid_t leader, member;
	int fds[2];
} *session, *group;

static pid_t fork_sharing(void)
{
	return must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, NULL, NULL, NULL));
}

static void live_on(struct made *made)
{
	pid_t pid = getpid();

	unshare(CLONE_FILES);
	become_participant();
	wait_for(made->member == pid && getppid() != made->leader);
	checkpoint();
	check_equal(made == session ? getsid(0) : getpgrp(), made->leader);
	meet();
	_exit(finish());
}

/* A leader that makes a pair, then a child, and ends. */
static void make(struct made *made)
{
	pid_t leader = fork_sharing(), child;

	if (leader == 0) {
		if (made == session)
			must(setsid());
		else
			must(setpgid(0, 0));
		made->leader = getpid();
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, made->fds));
		child = must(fork());
		if (child == 0)
			live_on(made);
		made->member = child;
		_exit(0);
	}
	must(waitpid(leader, NULL, 0));
	add_participant(made->member);
}

int main(void)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	char byte;

	session = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	group = session + 1;
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	make(session);
	make(group);

	checkpoint();

	for (struct made *made = session; made <= group; made++)
		for (int i = 0; i < 2; i++) {
			must(getsockopt(made->fds[i], SOL_SOCKET, SO_PEERCRED, &peer, &length));
			check_equal(peer.pid, made->leader);
			check_equal(write(made->fds[i], "x", 1), 1);
			check_equal(read(made->fds[!i], &byte, 1), 1);
		}
	meet();
	return finish();
}
