// SPDX-License-Identifier: GPL-2.0
// terminals: own
// link: -lutil
/* Descriptors of /dev/tty: in a session of the tree, also held by a process of another session; and one whose
 * session has no other descriptor of its terminal. */
#include "pairs.h"

static int report[2];

static void leader(int master, int slave)
{
	int current;

	close(master);
	become_participant();
	must(setsid());
	must(ioctl(slave, TIOCSCTTY, 0));
	current = must(open("/dev/tty", O_RDWR));
	must(close(slave));
	must(write(report[1], "x", 1));
	checkpoint();
	check(isatty(current));
	check_equal(tcgetsid(current), getpid());
	check_equal(tcgetpgrp(current), getpid());
	check_equal(write(current, "current", 7), 7);
	meet(); /* its end would take the terminal from the session */
	_exit(finish());
}

int main(void)
{
	int master, slave;
	char text[16];
	pid_t pid;

	must(pipe(report));
	make_pair(&master, &slave);
	make_raw(slave);
	pid = must(fork());
	if (pid == 0)
		leader(master, slave);
	add_participant(pid);
	must(close(slave));
	must(read(report[0], text, 1));

	checkpoint();

	check_equal(tcgetsid(master), pid);
	check_equal(read_soon(master, text, sizeof(text)), 7);
	check(!strcmp(text, "current"), "%s", text);
	meet();
	return finish();
}
