// SPDX-License-Identifier: GPL-2.0
/* Leaders of a session and of groups that are zombies while their members live; members that are zombies, of leaders that live
 * and of one that is gone. */
#include "test.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile struct {
	pid_t member;
} *shared;
static pid_t root;

/* What a zombie has left behind, and the root has adopted. */
static void member(pid_t leader, pid_t session)
{
	become_participant();
	wait_for(getppid() == root);
	shared->member = getpid();
	checkpoint();
	check_equal(getppid(), root);
	check_equal(getpgrp(), leader);
	check_equal(getsid(0), session);
}

/* A leader that ends and is not reaped; its child is in its session and group. */
static pid_t dead_leader(int of_session)
{
	pid_t leader;

	shared->member = 0;
	leader = must(fork());
	if (!leader) {
		must(of_session ? setsid() : setpgid(0, 0));
		if (!must(fork())) {
			member(getpgrp(), getsid(0));
			_exit(0);
		}
		_exit(9);
	}
	wait_for(process_state(leader) == 'Z' && shared->member);
	add_participant(shared->member);
	return leader;
}

static pid_t dead_member(pid_t group)
{
	pid_t pid = must(fork());

	if (!pid) {
		must(setpgid(0, group));
		_exit(8);
	}
	wait_for(process_state(pid) == 'Z');
	check_equal(getpgid(pid), group ?: pid);
	return pid;
}

static void leads(void)
{
	must(setpgid(0, 0));
	checkpoint();
}

static void check_dead(pid_t pid, int code)
{
	int status = -1;

	check_equal(waitpid(pid, &status, WNOHANG), pid);
	check_equal(status, code << 8);
}

int main(void)
{
	pid_t session, group, living, gone, of_dead, of_living, of_gone, of_gone_too;

	root = getpid();
	shared = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	session = dead_leader(1);
	group = dead_leader(0);
	of_dead = dead_member(group);
	living = participant(leads);
	wait_for(getpgid(living) == living);
	of_living = dead_member(living);
	gone = dead_member(0);
	of_gone = dead_member(gone);
	of_gone_too = dead_member(gone);
	check_dead(gone, 8);

	checkpoint();

	check_equal(getsid(session), session);
	check_equal(getpgid(of_dead), group);
	check_equal(getpgid(of_living), living);
	check_equal(getpgid(of_gone), gone);
	check_equal(getpgid(of_gone_too), gone);
	check_dead(session, 9);
	check_dead(group, 9);
	check_dead(of_dead, 8);
	check_dead(of_living, 8);
	check_dead(of_gone, 8);
	check_dead(of_gone_too, 8);
	return finish();
}
