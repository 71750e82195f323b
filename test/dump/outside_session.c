// SPDX-License-Identifier: GPL-2.0
// refused: --shell-job
// terminal: yes
/* Without --shell-job a job of an outside session is refused, and the hint names the option. */
#include "test.h"

#include <unistd.h>

int main(void)
{
	pid_t session = getsid(0);

	checkpoint();
	check_equal(getsid(0), session);
	check(isatty(0));
	return finish();
}
