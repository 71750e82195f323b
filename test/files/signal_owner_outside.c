// SPDX-License-Identifier: GPL-2.0
// refused: outside of the tree (F_SETOWN)
/* A file whose signals go to a process outside of the tree. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int ends[2];

	must(pipe(ends));
	must(fcntl(ends[0], F_SETOWN, getppid()));
	checkpoint();
	check_equal(fcntl(ends[0], F_GETOWN), getppid());
	return finish();
}
