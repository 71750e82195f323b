// SPDX-License-Identifier: GPL-2.0
// refused: uprobes
/* A program with a probe in it that has been hit is not saved unless that is allowed. */
#include "uprobes.h"

int main(void)
{
	change_probe(true);
	check_equal(probed(1), 2);
	check(find_named_mapping("[uprobes]") != NULL);
	checkpoint();
	check_equal(probed(2), 3);
	change_probe(false);
	return finish();
}
