// SPDX-License-Identifier: GPL-2.0
// link: -lcap
/* User and group ids, groups, capabilities in all sets, securebits, no_new_privs; another set in each process. */
#include "test.h"

#include <grp.h>
#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

static void check_ids(uid_t r, uid_t e, uid_t s, gid_t rg, gid_t eg, gid_t sg)
{
	uid_t u[3];
	gid_t g[3];

	must(getresuid(&u[0], &u[1], &u[2]));
	must(getresgid(&g[0], &g[1], &g[2]));
	check(u[0] == r && u[1] == e && u[2] == s, "uids %d %d %d", u[0], u[1], u[2]);
	check(g[0] == rg && g[1] == eg && g[2] == sg, "gids %d %d %d", g[0], g[1], g[2]);
}

/* An ordinary user, no capability left. */
static void user(void)
{
	gid_t groups[] = { 5, 70000, 20 }, now[8];

	must(setgroups(3, groups));
	must(setresgid(1000, 1001, 1002));
	must(setresuid(2000, 2001, 2002));
	checkpoint();
	check_ids(2000, 2001, 2002, 1000, 1001, 1002);
	check_equal(getgroups(8, now), 3);
	check(now[0] == 5 && now[1] == 20 && now[2] == 70000);
	check(setuid(0) < 0, "became root again");
}

/* A user that kept two capabilities, one of them not effective, one ambient. */
static void privileged_user(void)
{
	cap_t set;
	cap_value_t kept[] = { CAP_NET_BIND_SERVICE, CAP_CHOWN };
	cap_flag_value_t value;

	must(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	must(setresgid(3000, 3000, 3000));
	must(setresuid(3000, 3000, 3000));
	set = cap_init();
	must(cap_set_flag(set, CAP_PERMITTED, 2, kept, CAP_SET));
	must(cap_set_flag(set, CAP_EFFECTIVE, 1, kept, CAP_SET));
	must(cap_set_flag(set, CAP_INHERITABLE, 1, kept, CAP_SET));
	must(cap_set_proc(set));
	must(cap_free(set));
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	checkpoint();
	check_ids(3000, 3000, 3000, 3000, 3000, 3000);
	set = cap_get_proc();
	cap_get_flag(set, CAP_CHOWN, CAP_PERMITTED, &value);
	check_equal(value, CAP_SET);
	cap_get_flag(set, CAP_CHOWN, CAP_EFFECTIVE, &value);
	check_equal(value, CAP_CLEAR);
	cap_free(set);
	check_equal(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_BIND_SERVICE, 0, 0), 1);
	check_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}

/* Root that tied its own hands: bounding set and securebits. */
static void bound_root(void)
{
	int bits = SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED;

	must(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0));
	must(prctl(PR_CAPBSET_DROP, CAP_SYS_MODULE, 0, 0, 0));
	must(prctl(PR_SET_SECUREBITS, bits, 0, 0, 0));
	checkpoint();
	check_equal(prctl(PR_CAPBSET_READ, CAP_SYS_TIME, 0, 0, 0), 0);
	check_equal(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0), 1);
	check_equal(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), bits);
}

/* The id for file access alone. */
static void file_user(void)
{
	setfsgid(4001);
	setfsuid(4000);
	checkpoint();
	check_equal(setfsuid(-1), 4000);
	check_equal(setfsgid(-1), 4001);
	check_ids(0, 0, 0, 0, 0, 0);
}

int main(void)
{
	participant(user);
	participant(privileged_user);
	participant(bound_root);
	participant(file_user);
	checkpoint();
	check_ids(0, 0, 0, 0, 0, 0);
	return finish();
}
