// SPDX-License-Identifier: GPL-2.0
// refused: protection key
/* Memory with a protection key is not saved yet. */
#include "test.h"

#include <sys/mman.h>

int main(void)
{
	int key = pkey_alloc(0, 0);
	void *memory;

	if (key < 0)
		skip("this CPU has no protection keys");
	memory = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(pkey_mprotect(memory, 4096, PROT_READ | PROT_WRITE, key));
	checkpoint();
	check_equal(pkey_set(key, PKEY_DISABLE_WRITE), 0);
	return finish();
}
