// SPDX-License-Identifier: GPL-2.0
/* Credentials of single threads, which the C library hides: ids, capabilities, securebits, no_new_privs. */
#include "test.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int ready, go_on;

static void wait_here(void)
{
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go_on)
		sleep_milliseconds(2);
}

static void *other_user(void *unused)
{
	gid_t groups[] = { 7, 8 }, now[8];
	uid_t r, e, s;

	must(syscall(SYS_setgroups, 2, groups));
	must(syscall(SYS_setresgid, 111, 112, 113));
	must(syscall(SYS_setresuid, 211, 212, 213));
	wait_here();
	must(getresuid(&r, &e, &s));
	check(r == 211 && e == 212 && s == 213, "uids %d %d %d", r, e, s);
	must(getresgid(&r, &e, &s));
	check(r == 111 && e == 112 && s == 113, "gids %d %d %d", r, e, s);
	check_equal(getgroups(8, now), 2);
	check(now[0] == 7 && now[1] == 8);
	return NULL;
}

static void *few_capabilities(void *unused)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct set[2] = { { 0 } };

	set[0].permitted = 1 << CAP_CHOWN | 1 << CAP_KILL;
	set[0].effective = 1 << CAP_KILL;
	set[0].inheritable = 1 << CAP_CHOWN;
	must(syscall(SYS_capset, &header, set));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	wait_here();
	must(syscall(SYS_capget, &header, set));
	check_equal(set[0].permitted, 1 << CAP_CHOWN | 1 << CAP_KILL);
	check_equal(set[0].effective, 1 << CAP_KILL);
	check_equal(set[0].inheritable, 1 << CAP_CHOWN);
	check_equal(set[1].permitted, 0);
	check_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	return NULL;
}

static void *keeps_capabilities(void *unused)
{
	must(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0, 0));
	must(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0));
	wait_here();
	check_equal(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 1);
	check_equal(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), SECBIT_KEEP_CAPS | SECBIT_NO_CAP_AMBIENT_RAISE);
	check_equal(prctl(PR_CAPBSET_READ, CAP_SYS_BOOT, 0, 0, 0), 0);
	return NULL;
}

static void *file_user(void *unused)
{
	syscall(SYS_setfsgid, 51);
	syscall(SYS_setfsuid, 50);
	wait_here();
	check_equal(syscall(SYS_setfsuid, -1), 50);
	check_equal(syscall(SYS_setfsgid, -1), 51);
	return NULL;
}

int main(void)
{
	void *(*const bodies[])(void *) = { other_user, few_capabilities, keeps_capabilities, file_user };
	enum { COUNT = sizeof(bodies) / sizeof(bodies[0]) };
	pthread_t id[COUNT];

	for (int i = 0; i < COUNT; i++)
		must(-pthread_create(&id[i], NULL, bodies[i], NULL));
	wait_for(ready == COUNT);
	checkpoint();
	check_equal(getuid(), 0);
	check_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	check_equal(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), 0);
	check_equal(prctl(PR_CAPBSET_READ, CAP_SYS_BOOT, 0, 0, 0), 1);
	go_on = 1;
	for (int i = 0; i < COUNT; i++)
		pthread_join(id[i], NULL);
	return finish();
}
