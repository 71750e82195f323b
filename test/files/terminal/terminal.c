// SPDX-License-Identifier: GPL-2.0
// options: --shell-job
// terminal: yes
/* A job of a shell: session and terminal are outside of the tree and stay. */
#include "test.h"

#include <termios.h>
#include <unistd.h>

int main(void)
{
	struct termios before, now;
	pid_t session = getsid(0);

	must(tcgetattr(0, &before));

	checkpoint();

	check_equal(getsid(0), session);
	check(isatty(0) && isatty(1) && isatty(2));
	check(tcgetattr(0, &now) == 0 && now.c_lflag == before.c_lflag);
	check_equal(tcgetsid(0), session);
	check_equal(tcgetpgrp(0), getpgrp());
	check_equal(write(1, "hello\n", 6), 6);
	return finish();
}
