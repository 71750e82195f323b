// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer that is killed at any moment, also while a thread runs our code, leaves a target that runs on as it was:
 * registers, flags, signal mask, system calls that were interrupted, mappings.
 */
#include "threads.h"

#include <pthread.h>
#include <poll.h>
#include <sys/time.h>

enum { KILLS = 400, MOST_THREADS = 4, MOMENT_US = 3000 };

struct scene {
	volatile uint64_t progress[MOST_THREADS], ticks, wrong;
	volatile int ready;
};

static struct scene *scene;

/* Known values in every register, a carry and a direction flag that must stay, and two system calls amid. */
static uint64_t spin(uint64_t seed)
{
	uint64_t wrong;

	__asm__ volatile("lea 2(%1), %%r9; lea 3(%1), %%r10; lea 5(%1), %%r12; lea 6(%1), %%r13\n\t"
			 "lea 7(%1), %%r14; lea 8(%1), %%r15; lea 9(%1), %%rdx; lea 10(%1), %%rsi; movq %1, %%xmm3\n\t"
			 "mov $2000, %%r8d; std; stc\n"
			 "1: mov $110, %%eax; syscall\n\t" /* getppid */
			 "jnc 2f\n\t"
			 "mov $200, %%eax\n"
			 "3: jnc 2f; dec %%eax; jnz 3b\n\t"
			 "dec %%r8d; jnz 1b\n\t"
			 "pushfq; pop %%rax; cld; and $0x401, %%eax; cmp $0x401, %%eax; jne 2f\n\t"
			 "sub $2, %%r9; cmp %1, %%r9; jne 2f; sub $3, %%r10; cmp %1, %%r10; jne 2f\n\t"
			 "sub $5, %%r12; cmp %1, %%r12; jne 2f; sub $6, %%r13; cmp %1, %%r13; jne 2f; sub $7, %%r14\n\t"
			 "cmp %1, %%r14; jne 2f; sub $8, %%r15; cmp %1, %%r15; jne 2f; sub $9, %%rdx; cmp %1, %%rdx; jne 2f\n\t"
			 "sub $10, %%rsi; cmp %1, %%rsi; jne 2f; movq %%xmm3, %%rax; cmp %1, %%rax; jne 2f\n\t"
			 "xor %0, %0; jmp 4f\n"
			 "2: cld; mov $1, %0\n"
			 "4:"
			 : "=&D"(wrong)
			 : "b"(seed)
			 : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm3", "cc", "memory");
	return wrong;
}

static void note_wrong(uint64_t what)
{
	if (what && !scene->wrong)
		scene->wrong = what;
}

static void *compute(void *argument)
{
	uint64_t index = (uint64_t)(uintptr_t)argument;

	for (;;) {
		if (index % 2 == 0)
			note_wrong(spin(0x123456789abc + index) ? 1 : 0);
		else /* with SA_RESTART a handler ends poll(), but nothing else may */
			note_wrong(poll(NULL, 0, 1) < 0 && errno != EINTR ? 2 : 0);
		scene->progress[index]++;
	}
	return NULL;
}

static void tick(int signal)
{
	scene->ticks++;
}

static int target(void *argument)
{
	sigset_t set;
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	uint64_t count = (uint64_t)(uintptr_t)argument;

	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = tick, .sa_flags = SA_RESTART | SA_NODEFER }, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (uint64_t i = 1; i < count; i++) {
		pthread_t thread;

		must_be(!pthread_create(&thread, NULL, compute, (void *)(uintptr_t)i), "thread");
	}
	setitimer(ITIMER_REAL, &often, NULL);
	compute((void *)0);
	return 0;
}

/* Once more where a tracer before us was killed, as a dump does: the infection tells. */
static bool tidy(pid_t pid)
{
	static struct party party;

	for (unsigned i = 0; i < 100; i++) {
		struct compel_agent *agent;
		struct error *error;

		seize_all(&party, pid);
		error = compel_infect(&party.threads[0], 4096, &agent);
		must_be(!error || error->passing, error ? error->message : "");
		if (!error)
			must(compel_cure(agent));
		release_all(&party);
		if (!error)
			return true;
		error_free(error);
		sleep_ms(1);
	}
	return false;
}

static void trace_until_killed(pid_t pid) __attribute__((noreturn));
static void trace_until_killed(pid_t pid)
{
	static struct party party;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		seize_all(&party, pid);
		ask_all(&party, 65536);
		release_all(&party);
	}
}

static char *read_all(pid_t pid, const char *name)
{
	char path[400], *text;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	must(read_file_at(AT_FDCWD, path, &text, &length));
	return text;
}

static bool runs_on(size_t count)
{
	struct scene before = *scene;

	for (unsigned i = 0; i < 5000; i++) {
		size_t moving = scene->ticks != before.ticks;

		for (size_t j = 0; j < count; j++)
			moving += scene->progress[j] != before.progress[j];
		if (moving == count + 1)
			return true;
		sleep_ms(1);
	}
	return false;
}

/* The masks of all threads, in the order of their numbers. */
static bool masks_are_right(pid_t pid)
{
	char path[300];
	cleanup_closedir DIR *directory = NULL;
	struct dirent *entry;
	bool right = true;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	directory = opendir(path);
	must_be(directory != NULL, "task listing");
	while ((entry = readdir(directory))) {
		cleanup_free char *text = NULL;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "task/%s/status", entry->d_name);
		text = read_all(pid, path);
		right = right && strstr(text, "SigBlk:\t0000000000000800");
	}
	return right;
}

static void kill_tracers(struct tap *tap, size_t count)
{
	unsigned dead = 0, stuck = 0, masks = 0, left = 0, i;
	pid_t pid;
	cleanup_free char *before = NULL;

	memset(scene, 0, sizeof(*scene));
	pid = start_target(target, (void *)(uintptr_t)count);
	must_be(runs_on(count), "the target does not start");
	before = read_all(pid, "maps");
	for (i = 0; i < KILLS && !dead && !stuck && !scene->wrong; i++) {
		cleanup_free char *after = NULL;
		pid_t tracer = fork();

		must_be(tracer >= 0, "fork");
		if (tracer == 0)
			trace_until_killed(pid);
		usleep(1000 + rand() % MOMENT_US);
		kill_target(tracer);
		if (!runs_on(count)) {
			dead = strchr("ZX", state_of(pid) ?: 'X') != NULL;
			stuck = !dead;
			continue;
		}
		masks += !masks_are_right(pid);
		must_be(tidy(pid), "nothing can be asked of the target any more");
		after = read_all(pid, "maps");
		left += strcmp(before, after) != 0;
	}
	check(tap, !dead, "%zu threads: the target lives after kill %u", count, i);
	check(tap, !stuck, "%zu threads: all of them run on after kill %u", count, i);
	check(tap, !scene->wrong, "%zu threads: nothing is wrong in it (%d)", count, (int)scene->wrong);
	check(tap, !masks, "%zu threads: signal masks are as they were (%u times not)", count, masks);
	check(tap, !left, "%zu threads: nothing stays mapped after the next tracer (%u times)", count, left);
	kill_target(pid);
}

int main(void)
{
	struct tap tap = {};

	scene = share(sizeof(*scene));
	srand((unsigned)(seconds() * 1e6));
	kill_tracers(&tap, 1);
	kill_tracers(&tap, MOST_THREADS);
	return finish(&tap);
}
