// SPDX-License-Identifier: GPL-2.0
/*
 * The restorer blob: a newborn unmaps itself, maps new memory, fills it, starts threads with
 * chosen numbers and waits at barriers; then it is given registers and FPU state of another
 * process and goes on as that. A failing call is reported with its label.
 */
#include "rseq.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/uio.h>

#include "board.h"
#include "futex.h"

enum {
	HOLE = 1 << 20, /* what stays of the newborn: */
	BOARD_AT = 0,
	RESULTS_AT = 65536,
	BLOB_AT = 131072,
	PROGRAMS_AT = 196608,
	STACKS_AT = 786432, /* above the programs: one page for each thread */
	THREADS = 5,
	TASK = 0x10000000,
	VALUES = 1024, /* what each thread writes to the results */
};

/* What the restored threads run: shows its registers at rdi, says so at rsi, and sleeps. */
__asm__(".pushsection .text\n"
	"show_start:\n\t"
	"movq %rax, (%rdi)\n\t"
	"movq %rbx, 8(%rdi)\n\t"
	"movq %r15, 16(%rdi)\n\t"
	"movq %rsp, 24(%rdi)\n\t"
	"movdqu %xmm3, 32(%rdi)\n\t"
	"fstpt 48(%rdi)\n\t"
	"cmpq $1, %r13\n\t"
	"jb 1f\n\t"
	"vmovdqu %ymm5, 64(%rdi)\n\t"
	"je 1f\n\t"
	"vmovdqu64 %zmm17, 128(%rdi)\n\t"
	"kmovw %k3, 192(%rdi)\n"
	"1:\n\t"
	"movl $1, (%rsi)\n"
	"2: movl $34, %eax\n\t"
	"syscall\n\t"
	"jmp 2b\n"
	"show_end:\n"
	".popsection");
extern const char show_start[], show_end[];

static int vector_level(void)
{
	return __builtin_cpu_supports("avx512f") ? 2 : __builtin_cpu_supports("avx2") ? 1 : 0;
}

/* A process with something in every register file, whose state is taken over. */
static int model(void *argument)
{
	static unsigned char pattern[64] __attribute__((aligned(64)));
	int level = vector_level();

	for (int i = 0; i < 64; i++)
		pattern[i] = (unsigned char)(i * 7 + 3);
	if (level > 1)
		__asm__ volatile("vmovdqu64 %0, %%zmm17\n\tmovl $0x5a5a, %%eax\n\tkmovw %%eax, %%k3" : : "m"(pattern) : "rax");
	if (level > 0)
		__asm__ volatile("vmovdqu %0, %%ymm5" : : "m"(pattern));
	*(volatile int *)argument = 1;
	__asm__ volatile("movdqu %0, %%xmm3\n\tfldl2e\n1: jmp 1b" : : "m"(pattern));
	return 0;
}

struct newborn {
	struct board *board;
	unsigned char *hole;
	int code_fd;
	pid_t pid, tids[THREADS];
	const char *spoil; /* label of a call that shall fail, or NULL */
	bool busy;	   /* the number of a thread is that of a process, for a moment */
	struct remote_program *first;
	size_t used; /* bytes of programs */
};

static uint64_t stack_of(const struct newborn *newborn, unsigned thread)
{
	return (uint64_t)newborn->hole + STACKS_AT + (thread + 1) * 4096;
}

/* The part of a program that every thread has: two barriers, and a word in between. */
static void add_barriers(const struct newborn *newborn, struct batch *batch)
{
	batch_call(batch, "first barrier", REMOTE_BARRIER, (uint64_t)newborn->board, 1);
	batch_call(batch, "name", SYS_prctl, PR_SET_NAME, (uint64_t)newborn->hole + BLOB_AT - 16);
	batch_call(batch, "second barrier", REMOTE_BARRIER, (uint64_t)newborn->board, 2);
	batch_call(batch, "last barrier", REMOTE_BARRIER, (uint64_t)newborn->board, 3);
}

static uint64_t place(struct newborn *newborn, const struct batch *batch, pid_t tid)
{
	uint64_t at = (uint64_t)newborn->hole + PROGRAMS_AT + newborn->used;

	must(batch_place(batch, (void *)at, at, (uint64_t)newborn->board, 0, newborn->pid, tid));
	newborn->used += batch_room(batch);
	return at;
}

static void add_threads(struct newborn *newborn, struct batch *batch)
{
	for (unsigned i = 1; i < THREADS; i++) {
		batch_cleanup struct batch own = {};
		size_t clone, tids;

		add_barriers(newborn, &own);
		/* Half of them by a number for each level, of which there is one here. */
		tids = batch_data(batch, &(int32_t){ newborn->tids[i] }, 4);
		clone = batch_call_flags(batch, "thread", REMOTE_CLONE_THREAD, REMOTE_DATA(3),
					 place(newborn, &own, newborn->tids[i]), (uint64_t)newborn->tids[i],
					 stack_of(newborn, i), tids, i % 2);
		batch_store_result(batch, batch_data(batch, NULL, 4), clone, 4);
	}
}

static void add_memory(const struct newborn *newborn, struct batch *batch)
{
	uint64_t length = (uint64_t)(show_end - show_start);
	uint64_t task_end = 0x7ffffffff000, hole_end = (uint64_t)newborn->hole + HOLE;
	struct iovec vector[2] = { { (void *)TASK, 7 }, { (void *)(TASK + 7), length - 7 } };

	batch_call(batch, "memory below", SYS_munmap, 0, (uint64_t)newborn->hole);
	batch_call(batch, "memory above", SYS_munmap, hole_end, task_end - hole_end);
	batch_call_flags(batch, "mapping", SYS_mmap, REMOTE_EXACT, TASK, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	batch_call_flags(batch, "contents", REMOTE_READ_PAGES, REMOTE_DATA(1), (uint64_t)newborn->code_fd,
			 batch_data(batch, vector, sizeof(vector)), 2, 100);
	batch_call(batch, "protection", SYS_mprotect, TASK, 8192, PROT_READ | PROT_EXEC);
	if (newborn->spoil)
		batch_call(batch, newborn->spoil, SYS_close, 12345);
	batch_call_flags(batch, "what may fail", SYS_close, REMOTE_MAY_FAIL, 12345);
	batch_call_flags(batch, "what is skipped", SYS_exit_group, REMOTE_SKIP_IF_FAILED, 77);
	batch_call(batch, "timer", REMOTE_POSIX_TIMER, CLOCK_MONOTONIC, 0, 6);
}

/* Numbers that are free and far from those that the kernel gives out next. */
static void choose_numbers(struct newborn *newborn)
{
	pid_t candidate = (newborn->pid + 15000) % 30000 + 500;

	newborn->tids[0] = newborn->pid;
	for (unsigned i = 1; i < THREADS; i++) {
		while (syscall(SYS_tkill, ++candidate, 0) == 0)
			;
		newborn->tids[i] = candidate;
	}
}

/* A process that nobody has to wait for has the number for 50 ms. */
static void occupy(pid_t number)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1 };
	long pid = -1;

	for (unsigned i = 0; i < 1000 && (pid = syscall(SYS_clone3, &arguments, sizeof(arguments))) < 0 && errno == EEXIST; i++)
		sleep_ms(1);
	must_be(pid >= 0, "a process with a chosen number");
	if (pid > 0)
		return;
	sleep_ms(50);
	_exit(0);
}

static int be_born(void *argument)
{
	struct newborn *newborn = argument;
	batch_cleanup struct batch batch = {};
	uint64_t program;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	newborn->pid = getpid();
	choose_numbers(newborn);
	if (newborn->busy) {
		signal(SIGCHLD, SIG_IGN);
		occupy(newborn->tids[2]);
	}
	forget_rseq();
	must_be(mmap(newborn->hole + BLOB_AT - 4096, HOLE - BLOB_AT + 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED, "arena");
	strcpy((char *)newborn->hole + BLOB_AT - 16, "born again");
	memcpy(newborn->hole + BLOB_AT, compel_restorer.code, compel_restorer.size);
	add_memory(newborn, &batch);
	add_threads(newborn, &batch);
	add_barriers(newborn, &batch);
	program = place(newborn, &batch, newborn->pid);
	compel_jump(newborn->hole + BLOB_AT, (struct remote_program *)program, (void *)stack_of(newborn, 0));
}

static void prepare(struct newborn *newborn)
{
	const struct board empty = { .row_count = 1 };
	struct timespec none = {};

	newborn->hole = mmap(NULL, HOLE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must_be(newborn->hole != MAP_FAILED, "hole");
	newborn->board = (struct board *)(newborn->hole + BOARD_AT);
	*newborn->board = empty;
	newborn->code_fd = memfd_create("code", 0);
	must_be(pwrite(newborn->code_fd, show_start, (size_t)(show_end - show_start), 100) > 0, "memfd");
	nanosleep(&none, NULL);
}

static bool wait_arrived(struct board *board, uint32_t count)
{
	for (unsigned i = 0; i < 5000 && futex_load(&board->arrived) < count && !futex_load(&board->written); i++)
		sleep_ms(1);
	return futex_load(&board->arrived) == count;
}

/* Takes the state of the model: registers and FPU. */
static void take_model(struct user_regs_struct *registers, void *xstate, size_t *size)
{
	volatile int *ready = share(4096);
	struct compel_thread thread;
	pid_t pid = start_target(model, (void *)ready);

	must_be(wait_value(ready, 1), "the model does not start");
	sleep_ms(5);
	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	must(compel_get_xstate(&thread, xstate, size));
	*registers = thread.registers;
	must(compel_detach(&thread, false));
	kill_target(pid);
}

/* A state of a machine with fewer parts is completed; one with unknown parts is refused. */
static void check_foreign_states(struct tap *tap, const unsigned char *xstate, size_t size)
{
	static unsigned char changed[16384], seen[16384];
	volatile int *ready = share(4096);
	struct compel_thread thread;
	size_t length = sizeof(seen);
	pid_t pid = start_target(model, (void *)ready);
	struct error *error;

	must_be(wait_value(ready, 1), "the model does not start");
	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	memcpy(changed, xstate, size);
	*(uint64_t *)(changed + 512) = 3; /* x87 and SSE */
	must(compel_set_state(&thread, &thread.registers, changed, 576, 0));
	must(compel_get_xstate(&thread, seen, &length));
	check(tap, length == size && memcmp(seen, xstate, 24) == 0 && memcmp(seen + 32, xstate + 32, 384) == 0,
	      "a shorter FPU state is completed");
	*(uint64_t *)(changed + 512) = UINT64_C(1) << 60;
	error = compel_set_state(&thread, &thread.registers, changed, size, 0);
	check(tap, error && error->hint, "one with unknown parts is refused: %s", error ? error->message : "not an error");
	error_free(error);
	must(compel_detach(&thread, false));
	kill_target(pid);
}

static void awaken(const struct newborn *newborn, unsigned i, const struct user_regs_struct *model_registers,
		   const void *xstate, size_t size)
{
	struct user_regs_struct registers = *model_registers;
	uint64_t values = (uint64_t)newborn->hole + RESULTS_AT + i * VALUES;
	struct compel_thread thread;
	int64_t result;

	registers.rip = TASK;
	registers.rax = 0x1111 + i;
	registers.rbx = 0x2222222222222222;
	registers.r15 = (uint64_t)-15;
	registers.rsp = 0x7000;
	registers.rdi = values;
	registers.rsi = values + 512;
	registers.r13 = (uint64_t)vector_level();
	registers.orig_rax = SYS_read; /* must not lead to a restart */
	must(compel_seize(&thread, newborn->tids[i]));
	must(compel_wait(&thread));
	must(compel_set_state(&thread, &registers, xstate, size, UINT64_C(1) << (SIGUSR1 - 1)));
	must(compel_syscall(&thread, SYS_munmap, (uint64_t[6]){ stack_of(newborn, i) - 4096, 4096 }, &result));
	must_be(result == 0, "munmap");
	must(compel_detach(&thread, false));
}

static void check_values(struct tap *tap, const struct newborn *newborn, unsigned i)
{
	const unsigned char *values = newborn->hole + RESULTS_AT + i * VALUES;
	const uint64_t *words = (const uint64_t *)values;
	unsigned char pattern[64];
	long double log2e;
	char mask[32];

	for (int byte = 0; byte < 64; byte++)
		pattern[byte] = (unsigned char)(byte * 7 + 3);
	must_be(wait_value((volatile int *)(values + 512), 1), "a thread does not run");
	check(tap, words[0] == 0x1111 + i && words[1] == 0x2222222222222222 && words[2] == (uint64_t)-15 && words[3] == 0x7000,
	      "thread %u has its general registers", i);
	check(tap, memcmp(values + 32, pattern, 16) == 0, "thread %u has its SSE registers", i);
	memcpy(&log2e, values + 48, 10);
	check(tap, log2e > 1.4426950408L && log2e < 1.4426950409L, "thread %u has its x87 registers", i);
	if (vector_level() > 0)
		check(tap, memcmp(values + 64, pattern, 32) == 0, "thread %u has its AVX registers", i);
	if (vector_level() > 1)
		check(tap, memcmp(values + 128, pattern, 64) == 0 && words[24] % 65536 == 0x5a5a,
		      "thread %u has its AVX-512 registers", i);
	snprintf(mask, sizeof(mask), "%d", newborn->tids[i]);
	must_be(wait_state(newborn->tids[i], "S"), "a thread does not sleep");
}

static void check_task(struct tap *tap, const struct newborn *newborn)
{
	cleanup_free char *maps = NULL, *name = NULL, *status = NULL;
	char path[64];
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/maps", newborn->pid);
	must(read_file_at(AT_FDCWD, path, &maps, &length));
	check(tap, strstr(maps, "10000000-10002000 r-xp") != NULL, "the new mapping is there");
	check(tap, strstr(maps, "[stack]") == NULL && strstr(maps, "/restorer") == NULL, "the old ones are gone");
	snprintf(path, sizeof(path), "/proc/%d/comm", newborn->pid);
	must(read_file_at(AT_FDCWD, path, &name, &length));
	check(tap, strcmp(name, "born again\n") == 0, "the name is set");
	snprintf(path, sizeof(path), "/proc/%d/status", newborn->pid);
	must(read_file_at(AT_FDCWD, path, &status, &length));
	check(tap, strstr(status, "SigBlk:\t0000000000000200") != NULL, "the signal mask is the given one");
	snprintf(path, sizeof(path), "/proc/%d/timers", newborn->pid);
	free(take_pointer(maps));
	must(read_file_at(AT_FDCWD, path, &maps, &length));
	check(tap, strncmp(maps, "ID: 6\n", 6) == 0 && !strstr(maps + 6, "\nID:"), "the timer has its number, and is the only one");
}

static void check_success(struct tap *tap)
{
	static unsigned char xstate[16384];
	struct newborn *newborn = share(sizeof(*newborn));
	struct user_regs_struct registers;
	size_t size = sizeof(xstate);
	pid_t pid;

	take_model(&registers, xstate, &size);
	check_foreign_states(tap, xstate, size);
	prepare(newborn);
	pid = start_target(be_born, newborn);
	check(tap, wait_arrived(newborn->board, THREADS), "all threads arrive at the first barrier");
	if (futex_load(&newborn->board->written))
		printf("# %s: %s\n", newborn->board->message, strerror(newborn->board->error_number));
	for (uint32_t stage = 1; stage < 3; stage++) {
		newborn->board->arrived = 0;
		futex_set(&newborn->board->stage, stage);
		check(tap, wait_arrived(newborn->board, THREADS), "all threads go through barrier %u", stage);
	}
	check(tap, newborn->board->rows[0].state == 3, "the board shows the stage");
	for (unsigned i = 0; i < THREADS; i++)
		awaken(newborn, i, &registers, xstate, size);
	for (unsigned i = 0; i < THREADS; i++)
		check_values(tap, newborn, i);
	check_task(tap, newborn);
	kill_target(pid);
}

/* Its number may be held by something that is about to go: by a zombie, say. */
static void check_busy_number(struct tap *tap)
{
	struct newborn *newborn = share(sizeof(*newborn));
	pid_t pid;

	prepare(newborn);
	newborn->busy = true;
	pid = start_target(be_born, newborn);
	check(tap, wait_arrived(newborn->board, THREADS), "a thread waits until its number is free (%s)", newborn->board->message);
	kill_target(pid);
}

static void check_failure(struct tap *tap)
{
	struct newborn *newborn = share(sizeof(*newborn));
	struct board *board;
	pid_t pid;

	prepare(newborn);
	newborn->spoil = "the spoilt thing";
	pid = start_target(be_born, newborn);
	check(tap, reap(pid) == 1, "a failing program ends its process");
	board = newborn->board;
	check(tap, board->failed && board->written && board->error_number == EBADF, "the board has the error number");
	check(tap, strcmp(board->message, "the spoilt thing") == 0 && board->error_label != 0, "and the text of the label");
	check(tap, board->error_pid == pid && board->error_tid == pid && board->error_operation == SYS_close,
	      "and who it was, and the system call");
}

/* Somebody else fails while the task waits at a barrier. */
static void check_neighbour(struct tap *tap)
{
	struct newborn *newborn = share(sizeof(*newborn));
	pid_t pid;

	prepare(newborn);
	pid = start_target(be_born, newborn);
	check(tap, wait_arrived(newborn->board, THREADS), "a task waits at a barrier");
	newborn->board->failed = 1;
	futex_wake_all(&newborn->board->stage);
	check(tap, reap(pid) == 1, "it ends when another one has failed");
}

int main(void)
{
	struct tap tap = {};

	check_success(&tap);
	check_busy_number(&tap);
	check_failure(&tap);
	check_neighbour(&tap);
	return finish(&tap);
}
