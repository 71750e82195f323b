// SPDX-License-Identifier: GPL-2.0
/* PKRU and keyed mappings: a key that denies writing still denies it. */
#include "test.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

static sigjmp_buf after;

static void caught(int signal)
{
	siglongjmp(after, 1);
}

int main(void)
{
	int key = pkey_alloc(0, 0);
	char *memory;

	if (key < 0)
		skip("this CPU has no protection keys");
	memory = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memory[0] = 7;
	must(pkey_mprotect(memory, 4096, PROT_READ | PROT_WRITE, key));
	must(pkey_set(key, PKEY_DISABLE_WRITE));

	checkpoint();

	check_equal(pkey_get(key), PKEY_DISABLE_WRITE);
	check_equal(memory[0], 7);
	signal(SIGSEGV, caught);
	if (sigsetjmp(after, 1) == 0) {
		*(volatile char *)memory = 8;
		check(false, "the key does not deny writing any more");
	}
	check_equal(pkey_alloc(0, 0) != key, 1);
	return finish();
}
