// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
// differs: mapping .*deleted
/* Files on a tmpfs. */
#include "mounted.h"

int main(void)
{
	struct state state;

	if (!mount_here("tmpfs", "tmpfs", NULL))
		skip("no tmpfs here");
	build_state(&state);
	checkpoint();
	check_state(&state);
	return finish();
}
