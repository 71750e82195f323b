// SPDX-License-Identifier: GPL-2.0
// terminals: own
// link: -lutil
/* A session whose terminal none of its members has open: they still find it as /dev/tty. */
#include "pairs.h"

static int report[2];

static void leader(int master, int slave)
{
	int current;

	close(master);
	become_participant();
	must(setsid());
	must(ioctl(slave, TIOCSCTTY, 0));
	must(close(slave));
	must(write(report[1], "x", 1));
	checkpoint();
	current = open("/dev/tty", O_RDWR);
	check(current >= 0);
	check_equal(write(current, "found", 5), 5);
	meet();
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

	meet(); /* until it is opened nothing can be read */
	check_equal(read_soon(master, text, sizeof(text)), 5);
	check(!strcmp(text, "found"), "%s", text);
	return finish();
}
