// SPDX-License-Identifier: GPL-2.0
/* General registers and flags of a thread that computes and makes no system call, and the thread beside it. */
#include "test.h"

#include <pthread.h>
#include <string.h>

static volatile int go_on, ready;

/* Loads every register that the code can do without, spins, and stores them again. */
static void spin(const uint64_t *in, uint64_t *out, volatile int *flag, uint64_t *flags)
{
	asm volatile("push %%rbp\n\t"
		     "push %[out]\n\t"
		     "push %[eflags]\n\t"
		     "mov %[flag], %%rsi\n\t"
		     "mov %[in], %%rdi\n\t"
		     "mov 0(%%rdi), %%rax\n\t"
		     "mov 8(%%rdi), %%rbx\n\t"
		     "mov 16(%%rdi), %%rcx\n\t"
		     "mov 24(%%rdi), %%rdx\n\t"
		     "mov 32(%%rdi), %%rbp\n\t"
		     "mov 40(%%rdi), %%r8\n\t"
		     "mov 48(%%rdi), %%r9\n\t"
		     "mov 56(%%rdi), %%r10\n\t"
		     "mov 64(%%rdi), %%r11\n\t"
		     "mov 72(%%rdi), %%r12\n\t"
		     "mov 80(%%rdi), %%r13\n\t"
		     "mov 88(%%rdi), %%r14\n\t"
		     "mov 96(%%rdi), %%r15\n\t"
		     "std\n\t" /* the direction flag, which the loop leaves alone */
		     "1: cmpl $0, (%%rsi)\n\t"
		     "pause\n\t"
		     "je 1b\n\t"
		     "pushf\n\t"
		     "cld\n\t"
		     "pop %%rdi\n\t"
		     "pop %%rsi\n\t"
		     "mov %%rdi, (%%rsi)\n\t"
		     "pop %%rdi\n\t"
		     "mov %%rax, 0(%%rdi)\n\t"
		     "mov %%rbx, 8(%%rdi)\n\t"
		     "mov %%rcx, 16(%%rdi)\n\t"
		     "mov %%rdx, 24(%%rdi)\n\t"
		     "mov %%rbp, 32(%%rdi)\n\t"
		     "mov %%r8, 40(%%rdi)\n\t"
		     "mov %%r9, 48(%%rdi)\n\t"
		     "mov %%r10, 56(%%rdi)\n\t"
		     "mov %%r11, 64(%%rdi)\n\t"
		     "mov %%r12, 72(%%rdi)\n\t"
		     "mov %%r13, 80(%%rdi)\n\t"
		     "mov %%r14, 88(%%rdi)\n\t"
		     "mov %%r15, 96(%%rdi)\n\t"
		     "pop %%rbp\n\t"
		     :
		     : [in] "a"(in), [out] "b"(out), [flag] "c"(flag), [eflags] "d"(flags)
		     : "rdi", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}

static void *computing(void *argument)
{
	uint64_t in[13], out[13], flags = 0;
	int i;

	fill_pattern(in, sizeof(in), (uintptr_t)argument);
	memset(out, 0, sizeof(out));
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	/* The asm takes its operands in these registers; noinline keeps the rest apart. */
	spin(in, out, &go_on, &flags);
	for (i = 0; i < 13; i++)
		check(in[i] == out[i], "register %d: %lx instead of %lx", i, out[i], in[i]);
	check(flags & 0x400, "the direction flag is gone");
	return NULL;
}

int main(void)
{
	pthread_t threads[3];
	uintptr_t i;

	for (i = 0; i < 3; i++)
		must(-pthread_create(&threads[i], NULL, computing, (void *)(i + 1)));
	wait_for(ready == 3);
	sleep_milliseconds(10);
	checkpoint();
	go_on = 1;
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return finish();
}
