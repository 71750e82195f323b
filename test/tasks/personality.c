// SPDX-License-Identifier: GPL-2.0
/* The execution domain, with some of its flags. */
#include "test.h"

#include <sys/personality.h>

static void child(void)
{
	must(personality(PER_LINUX | ADDR_NO_RANDOMIZE | STICKY_TIMEOUTS));
	checkpoint();
	check_equal(personality(0xffffffff), PER_LINUX | ADDR_NO_RANDOMIZE | STICKY_TIMEOUTS);
}

int main(void)
{
	participant(child);
	checkpoint();
	check_equal(personality(0xffffffff), PER_LINUX);
	return finish();
}
