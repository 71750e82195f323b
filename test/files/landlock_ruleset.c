// SPDX-License-Identifier: GPL-2.0
// refused: is a Landlock ruleset
/* A Landlock ruleset cannot be read. */
#include "test.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct landlock_ruleset_attr attributes = { .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE };
	int fd = syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);

	if (fd < 0)
		skip("no Landlock here");
	checkpoint();
	check_equal(close(fd), 0);
	return finish();
}
