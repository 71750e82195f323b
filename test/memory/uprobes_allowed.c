// SPDX-License-Identifier: GPL-2.0
// options: --allow-uprobes
// differs: .uprobes.
/* With --allow-uprobes a program is saved with its probes: they are hit after the restore as before. */
#include "uprobes.h"

int main(void)
{
	change_probe(true);
	check_equal(probed(1), 2);
	checkpoint();
	check_equal(probed(2), 3);
	check(find_named_mapping("[uprobes]") != NULL, "the probe is not there");
	change_probe(false);
	check_equal(probed(3), 4);
	return finish();
}
