// SPDX-License-Identifier: GPL-2.0
/* The nice value of an autogroup (sched(7)), which belongs to a session: another one in a session of its own. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int autogroup_nice(void)
{
	char text[64] = "";
	char *nice;

	must(read_text("/proc/self/autogroup", text, sizeof(text)));
	nice = strstr(text, "nice ");
	return nice ? atoi(nice + 5) : 100;
}

static void set_autogroup_nice(const char *value)
{
	int fd = must(open("/proc/self/autogroup", O_WRONLY));

	must(write(fd, value, strlen(value)));
	must(close(fd));
}

static void member(void)
{
	checkpoint();
	check_equal(autogroup_nice(), 7);
}

static void own_session(void)
{
	must(setsid());
	set_autogroup_nice("-3");
	checkpoint();
	check_equal(autogroup_nice(), -3);
}

static void plain_session(void)
{
	must(setsid());
	checkpoint();
	check_equal(autogroup_nice(), 0);
}

int main(void)
{
	if (access("/proc/self/autogroup", F_OK))
		skip("this kernel has no autogroups");
	set_autogroup_nice("7");
	participant(member);
	participant(own_session);
	participant(plain_session);
	checkpoint();
	check_equal(autogroup_nice(), 7);
	return finish();
}
