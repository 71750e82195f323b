// SPDX-License-Identifier: GPL-2.0
/* Alternate signal stacks: set, disabled, and in use at the very moment of the dump. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define SIZE (64 * 1024)

static char *main_stack, *thread_stack;
static volatile int inside, leave, ready;

static void handler(int signal)
{
	char here;
	stack_t now;

	check(&here > thread_stack && &here < thread_stack + SIZE, "the handler is not on the alternate stack");
	inside = 1;
	while (!leave)
		sleep_milliseconds(2);
	must(sigaltstack(NULL, &now));
	check_equal(now.ss_flags & SS_ONSTACK, SS_ONSTACK);
	check(&here > thread_stack && &here < thread_stack + SIZE);
}

static void *in_handler(void *unused)
{
	stack_t stack = { .ss_sp = thread_stack, .ss_size = SIZE };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	stack_t now;

	must(sigaltstack(&stack, NULL));
	must(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	must(sigaltstack(NULL, &now));
	check(now.ss_sp == thread_stack && now.ss_size == SIZE && now.ss_flags == 0);
	return NULL;
}

static void *without(void *unused)
{
	stack_t now;

	ready = 1;
	while (!leave)
		sleep_milliseconds(2);
	must(sigaltstack(NULL, &now));
	check_equal(now.ss_flags, SS_DISABLE);
	return NULL;
}

int main(void)
{
	stack_t stack = { .ss_size = SIZE }, now;
	pthread_t threads[2];

	main_stack = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	thread_stack = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	stack.ss_sp = main_stack;
	must(sigaltstack(&stack, NULL));
	must(-pthread_create(&threads[0], NULL, in_handler, NULL));
	must(-pthread_create(&threads[1], NULL, without, NULL));
	wait_for(inside && ready);

	checkpoint();

	must(sigaltstack(NULL, &now));
	check(now.ss_sp == main_stack, "%p instead of %p", now.ss_sp, main_stack);
	check_equal(now.ss_size, SIZE);
	check_equal(now.ss_flags, 0);
	leave = 1;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return finish();
}
