// SPDX-License-Identifier: GPL-2.0
/* The dumpable flag, off in one process and on in the other. */
#include "test.h"

#include <sys/prctl.h>

static void child(void)
{
	must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	checkpoint();
	check_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

int main(void)
{
	participant(child);
	checkpoint();
	check_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	return finish();
}
