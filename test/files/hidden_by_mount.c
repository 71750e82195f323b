// SPDX-License-Identifier: GPL-2.0
// refused: is not at this path any more
/* A file whose path leads to another file since something was mounted over its directory. */
#include "mounted.h"

int main(void)
{
	int file;

	must(mkdir(MOUNTED, 0755));
	file = make_file(MOUNTED "/file", "below");
	if (mount("tmpfs", MOUNTED, "tmpfs", 0, NULL))
		skip("no tmpfs here");
	atexit(unmount);
	must(close(make_file(MOUNTED "/file", "above")));

	checkpoint();

	check_equal(lseek(file, 0, SEEK_CUR), 5);
	return finish();
}
