// SPDX-License-Identifier: GPL-2.0
/* Transparent huge pages switched off for a process, and off but where they are asked for. */
#include "test.h"

#include <sys/prctl.h>

#ifndef PR_THP_DISABLE_EXCEPT_ADVISED
#define PR_THP_DISABLE_EXCEPT_ADVISED (1 << 1)
#endif

static int expected_except;

static void off(void)
{
	must(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	checkpoint();
	check_equal(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
}

static void except_advised(void)
{
	/* Linux 6.18; before, this is refused. */
	if (prctl(PR_SET_THP_DISABLE, 1, PR_THP_DISABLE_EXCEPT_ADVISED, 0, 0) == 0)
		expected_except = 1 | PR_THP_DISABLE_EXCEPT_ADVISED;
	checkpoint();
	check_equal(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), expected_except);
}

int main(void)
{
	participant(off);
	participant(except_advised);
	checkpoint();
	check_equal(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
	return finish();
}
