// SPDX-License-Identifier: GPL-2.0
/* Sessions and process groups of all shapes: inherited, own, a group led by a sibling, leaders that are gone. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

static pid_t root, group_leader;

static void check_place(pid_t group, pid_t session)
{
	check_equal(getpgrp(), group);
	check_equal(getsid(0), session);
}

static void inherits(void)
{
	checkpoint();
	check_place(root, root);
}

static void leads_group(void)
{
	must(setpgid(0, 0));
	checkpoint();
	check_place(getpid(), root);
}

static void joins_group(void)
{
	wait_for(getpgid(group_leader) == group_leader);
	must(setpgid(0, group_leader));
	checkpoint();
	check_place(group_leader, root);
}

static void inside_new_session(void)
{
	pid_t leader = getppid();

	checkpoint();
	check_place(leader, leader);
}

static void born_before_session(void)
{
	checkpoint();
	check_place(root, root);
}

static void leads_session(void)
{
	participant(born_before_session);
	must(setsid());
	participant(inside_new_session);
	checkpoint();
	check_place(getpid(), getpid());
}

/* Group and session whose leader has exited and been reaped. */
static void orphan_of_leader(void)
{
	pid_t session = getsid(0), group = getpgrp();

	checkpoint();
	check_place(group, session);
	check(session != getpid() && session != root);
}

int main(void)
{
	pid_t child, orphan;
	int ends[2];

	root = getpid();
	must(pipe(ends));
	participant(inherits);
	group_leader = participant(leads_group);
	participant(joins_group);
	participant(leads_session);

	/* The leader of a session stays as long as its child is not ready, then goes; init or the driver gets the
	 * child, so it would leave the tree: the root is made its reaper. */
	extern int prctl(int, ...);
	must(prctl(36, 1));
	child = must(fork());
	if (child == 0) {
		must(setsid());
		orphan = fork();
		if (orphan == 0) {
			become_participant();
			close(ends[0]);
			close(ends[1]);
			wait_for(getppid() == root);
			orphan_of_leader();
			_exit(0);
		}
		must(write(ends[1], &orphan, sizeof(orphan)));
		_exit(0);
	}
	must(waitpid(child, NULL, 0));
	must(read(ends[0], &orphan, sizeof(orphan)));
	close(ends[0]);
	close(ends[1]);
	add_participant(orphan);

	checkpoint();
	check_place(root, root);
	return finish();
}
