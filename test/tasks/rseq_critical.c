// SPDX-License-Identifier: GPL-2.0
/* A thread stands inside a restartable sequence for good: after the checkpoint it is in it still or at its abort
 * handler, and never goes on from the middle after a move to another place in time. */
#include "test.h"

#include <pthread.h>
#include <sys/rseq.h>

static volatile int ready, leave, restarts;
static volatile long loads, result;

/* Starts a section that commits only when told to; every abort begins it again and is counted. */
static void *spinner(void *unused)
{
	struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);

	asm volatile(
		".pushsection .data.rseq_test, \"aw\"\n\t"
		".balign 32\n"
		"9: .long 0, 0\n\t"
		".quad 1f, (2f - 1f), 4f\n\t"
		".popsection\n"
		"3: lea 9b(%%rip), %%rax\n\t"
		"mov %%rax, 8(%[area])\n"
		"1: movl $1, %[ready]\n"
		"5: cmpl $0, %[leave]\n\t"
		"pause\n\t"
		"je 5b\n\t"
		"movq $1, %[result]\n" /* the commit */
		"2: jmp 6f\n\t"
		".byte 0x0f, 0xb9, 0x3d\n\t"
		".long 0x53053053\n" /* RSEQ_SIG */
		"4: lock incl %[restarts]\n\t"
		"jmp 3b\n"
		"6:\n"
		: [ready] "+m"(ready), [restarts] "+m"(restarts), [result] "+m"(result)
		: [area] "r"(area), [leave] "m"(leave)
		: "rax", "memory", "cc");
	return NULL;
}

int main(void)
{
	struct test_mapping code;
	pthread_t id;

	if (__rseq_size == 0)
		skip("the C library has not registered rseq");
	check(find_mapping(spinner, &code));
	must(-pthread_create(&id, NULL, spinner, NULL));
	wait_for(ready);
	sleep_milliseconds(20);
	ready = 0;
	restarts = 0;

	checkpoint();

	wait_for(restarts > 0); /* by the checkpoint or by being preempted since */
	wait_for(ready);
	check_equal(result, 0);
	leave = 1;
	pthread_join(id, NULL);
	check_equal(result, 1);
	return finish();
}
