// SPDX-License-Identifier: GPL-2.0
// terminals: own
// link: -lutil
/* Pairs with both ends in the tree: number, name, owner, mode, further descriptors, and that both ends still
 * belong together, in several processes. */
#include "pairs.h"

static int masters[3], slaves[3];

static void other_end(void)
{
	char text[16];

	checkpoint();
	check_equal(write(slaves[1], "child\n", 6), 6);
	check_equal(read_soon(slaves[2], text, sizeof(text)), 6);
	check(!strcmp(text, "parent"), "%s", text);
}

int main(void)
{
	int again, numbers[3];
	char name[64], before[64], text[32];
	struct stat stat;

	for (int i = 0; i < 3; i++) {
		make_pair(&masters[i], &slaves[i]);
		make_raw(slaves[i]);
		numbers[i] = pty_number(masters[i]);
	}
	must(ttyname_r(slaves[0], before, sizeof(before)));
	must(fchown(slaves[0], 12, 34));
	must(fchmod(slaves[0], 0640));
	again = must(open(before, O_WRONLY | O_NOCTTY | O_NONBLOCK));
	participant(other_end);

	checkpoint();

	for (int i = 0; i < 3; i++)
		check_equal(pty_number(masters[i]), numbers[i]);
	check(!ttyname_r(slaves[0], name, sizeof(name)) && !strcmp(name, before), "%s", name);
	check(!fstat(slaves[0], &stat) && stat.st_uid == 12 && stat.st_gid == 34 && (stat.st_mode & 07777) == 0640);
	check_equal(write(again, "again", 5), 5);
	check_equal(read_soon(masters[0], text, sizeof(text)), 5);
	check_equal(write(masters[0], "down", 4), 4);
	check_equal(read_soon(slaves[0], text, sizeof(text)), 4);
	check(!strcmp(text, "down"), "%s", text);
	check_equal(fcntl(again, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
	check_equal(write(masters[2], "parent", 6), 6);
	check_equal(read_soon(masters[1], text, sizeof(text)), 6);
	check(!strcmp(text, "child\n"), "%s", text);
	return finish();
}
