// SPDX-License-Identifier: GPL-2.0
// terminals: own
// link: -lutil
/* Ends whose other end is gone: a slave whose master was closed, a slave that hung up while its terminal lives
 * on, a master whose slave was closed and one whose slave was never opened. */
#include "pairs.h"

#include <errno.h>

int main(void)
{
	int master, slave, live_master, live_slave, old, lonely, closed, fresh;
	char text[16], name[64];
	struct stat before, now;

	make_pair(&master, &slave);
	must(close(master));
	must(fstat(slave, &before));
	make_pair(&live_master, &old);
	must(ttyname_r(old, name, sizeof(name)));
	must(ioctl(old, TIOCVHANGUP));
	live_slave = must(open(name, O_RDWR | O_NOCTTY));
	make_raw(live_slave);
	make_pair(&lonely, &closed);
	make_raw(closed);
	must(write(closed, "last", 4));
	must(close(closed));
	fresh = must(posix_openpt(O_RDWR | O_NOCTTY));
	must(unlockpt(fresh));

	checkpoint();

	check_equal(read(slave, text, sizeof(text)), 0);
	check(write(slave, "x", 1) < 0 && errno == EIO);
	check(poll_now(slave) & POLLHUP);
	check(!fstat(slave, &now) && now.st_rdev == before.st_rdev);
	check_equal(read(old, text, sizeof(text)), 0);
	check(tcgetpgrp(old) < 0 && errno == EIO);
	check_equal(write(live_slave, "live", 4), 4);
	check_equal(read_soon(live_master, text, sizeof(text)), 4);
	check_equal(read_soon(lonely, text, sizeof(text)), 4);
	check(!strcmp(text, "last"));
	check(read(lonely, text, sizeof(text)) < 0 && errno == EIO);
	check_equal(poll_now(fresh) & (POLLHUP | POLLIN), 0);
	return finish();
}
