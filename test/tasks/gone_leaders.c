// SPDX-License-Identifier: GPL-2.0
/*
 * A session whose leader is gone, with several groups, of which some have lost their leaders too; a group of the root's own
 * session without its leader; a signal at the parent's death of one that was given to another parent meanwhile.
 */
#include "test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IN_SESSIONS_GROUP, LEADS, IN_ITS_GROUP, IN_GONE_GROUP, IN_GONE_GROUP_TOO, COUNT };

static volatile struct member {
	pid_t pid, group;
	int ready;
} *members, *others;
static volatile pid_t *session;
static volatile int *may_end, told;
static pid_t root;

static void stay(volatile struct member *self, pid_t parent)
{
	become_participant();
	self->pid = getpid();
	self->group = getpgrp();
	self->ready = 1;
	wait_for(getppid() == parent && *may_end);
	checkpoint();
	check_equal(getppid(), parent);
	check_equal(getpgrp(), self->group);
	check_equal(getsid(0), self == &others[0] || self == &others[1] ? root : *session);
}

/* Each of them is the child of one that ends, so that the root has it. */
static void orphan(volatile struct member *self, pid_t group)
{
	if (must(fork()))
		return;
	if (group >= 0)
		must(setpgid(0, group));
	stay(self, root);
	_exit(0);
}

static void make_session(void)
{
	pid_t gone;

	*session = must(setsid());
	orphan(&members[IN_SESSIONS_GROUP], -1);
	orphan(&members[LEADS], 0);
	wait_for(members[LEADS].ready);
	orphan(&members[IN_ITS_GROUP], members[LEADS].pid);
	gone = must(fork());
	if (!gone) {
		must(setpgid(0, 0));
		orphan(&members[IN_GONE_GROUP], -1);
		orphan(&members[IN_GONE_GROUP_TOO], -1);
		wait_for(members[IN_GONE_GROUP].ready && members[IN_GONE_GROUP_TOO].ready);
		_exit(0);
	}
	must(waitpid(gone, NULL, 0));
	for (int i = 0; i < COUNT; i++)
		wait_for(members[i].ready);
	_exit(0);
}

static void handler(int signo)
{
	told = signo;
}

/* In the root's session: a group without its leader, whose members ask for a signal when their parent dies. */
static void make_group(void)
{
	must(setpgid(0, 0));
	for (int i = 0; i < 2; i++)
		if (!must(fork())) {
			int wanted = 0;

			signal(SIGUSR1, handler);
			must(prctl(PR_SET_PDEATHSIG, SIGUSR1));
			stay(&others[i], root);
			must(prctl(PR_GET_PDEATHSIG, &wanted));
			check_equal(wanted, SIGUSR1);
			check_equal(told, SIGUSR1); /* when the first parent died, and not since */
			_exit(0);
		}
	wait_for(others[0].ready && others[1].ready);
	_exit(0);
}

static void add(volatile struct member *member)
{
	wait_for(member->ready);
	add_participant(member->pid);
}

int main(void)
{
	pid_t child;

	root = getpid();
	members = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	others = members + COUNT;
	session = &others[2].pid;
	may_end = &others[2].ready;
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	child = must(fork());
	if (!child)
		make_session();
	must(waitpid(child, NULL, 0));
	child = must(fork());
	if (!child)
		make_group();
	must(waitpid(child, NULL, 0));
	*may_end = 1;
	for (int i = 0; i < COUNT; i++)
		add(&members[i]);
	for (int i = 0; i < 2; i++)
		add(&others[i]);

	checkpoint();

	for (int i = 0; i < COUNT; i++) {
		check_equal(getsid(members[i].pid), *session);
		check_equal(getpgid(members[i].pid), members[i].group);
	}
	check(members[IN_SESSIONS_GROUP].group == *session && kill(*session, 0) < 0, "the session has a leader");
	check_equal(members[IN_ITS_GROUP].group, members[LEADS].pid);
	check(members[IN_GONE_GROUP].group == members[IN_GONE_GROUP_TOO].group && kill(members[IN_GONE_GROUP].group, 0) < 0);
	check(others[0].group == others[1].group && kill(others[0].group, 0) < 0);
	return finish();
}
