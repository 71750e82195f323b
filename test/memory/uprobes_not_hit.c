// SPDX-License-Identifier: GPL-2.0
// refused: uprobes
/* A probe that nothing has hit yet: it is there nevertheless, as a breakpoint in a page of the code. */
#include "uprobes.h"

int main(void)
{
	change_probe(true);
	check(find_named_mapping("[uprobes]") == NULL);
	checkpoint();
	check_equal(probed(2), 3);
	change_probe(false);
	return finish();
}
