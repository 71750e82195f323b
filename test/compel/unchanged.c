// SPDX-License-Identifier: GPL-2.0
/* A target that was visited is what it was before: mappings, registers, FPU, signals. */
#include "check.h"

static int sleeping(void *argument)
{
	*(volatile int *)argument = 1;
	while (pause() < 0)
		;
	return 0;
}

static int computing(void *argument)
{
	*(volatile int *)argument = 1;
	__asm__ volatile("movq $0x1234567, %%rax\n\t"
			 "movq %%rax, %%xmm3\n\t"
			 "fldpi\n"
			 "1: jmp 1b"
			 :
			 :
			 : "rax", "xmm3");
	return 0;
}

static void block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int ignoring_sigtrap(void *argument)
{
	signal(SIGTRAP, SIG_IGN);
	return sleeping(argument);
}

static void on_trap(int signal)
{
}

static int blocking_sigtrap(void *argument)
{
	signal(SIGTRAP, on_trap);
	block(SIGTRAP);
	return sleeping(argument);
}

/* All kinds of signals wait, also those that our own code would like to use. */
static int with_pending(void *argument)
{
	static const int signals[] = { SIGCONT, SIGTRAP, SIGSTKFLT, SIGURG, SIGTSTP, SIGTERM };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		block(signals[i]);
		if (signals[i] != SIGTSTP)
			kill(getpid(), signals[i]);
		if (signals[i] != SIGCONT && signals[i] != SIGTSTP)
			raise(signals[i]);
	}
	block(SIGRTMIN + 3);
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = i });
	return sleeping(argument);
}

static int with_tstp(void *argument)
{
	block(SIGTSTP);
	raise(SIGTSTP);
	return sleeping(argument);
}

static int with_altstack(void *argument)
{
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };

	sigaltstack(&stack, NULL);
	return sleeping(argument);
}

static const struct {
	const char *name;
	int (*body)(void *);
	const char *states;
} targets[] = {
	{ "sleeping", sleeping, "S" },
	{ "computing", computing, "R" },
	{ "ignoring SIGTRAP", ignoring_sigtrap, "S" },
	{ "blocking SIGTRAP", blocking_sigtrap, "S" },
	{ "with pending signals", with_pending, "S" },
	{ "with a pending stop", with_tstp, "S" },
	{ "with an alternate stack", with_altstack, "S" },
};

static void run(struct tap *tap, size_t i)
{
	static struct picture before, after;
	volatile int *started = share(4096);
	struct compel_thread thread;
	pid_t pid = start_target(targets[i].body, (void *)started);
	char state;

	must_be(wait_value(started, 1), "the target does not start");
	must_be(wait_state(pid, targets[i].states), "the target does not get into its state");
	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	take_picture(&before, &thread);
	visit_stopped(&thread);
	must(compel_detach(&thread, false));
	sleep_ms(2);
	state = state_of(pid);
	check(tap, state && strchr(targets[i].states, state), "%s: goes on in its state (%c)", targets[i].name, state);
	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	take_picture(&after, &thread);
	same_picture(tap, targets[i].name, &before, &after);
	must(compel_detach(&thread, false));
	free(before.maps);
	free(after.maps);
	kill_target(pid);
	munmap((void *)started, 4096);
}

int main(void)
{
	struct tap tap = {};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		run(&tap, i);
	return finish(&tap);
}
