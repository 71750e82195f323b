// SPDX-License-Identifier: GPL-2.0
/*
 * The vdso of another kernel, with those of Linux 6.1 and 6.12 as recorded on Debian: symbols, damage, the code that takes
 * the place of functions, and what was in the middle of one. The code is run.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arch/vdso.h"
#include "memory/vdso_image.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

enum { PAGE = 4096, SIZE = 2 * PAGE, DATA = 8 * PAGE };

static struct arena arena;

/* A recorded vdso, in memory that can be run, behind data that is zero. */
static uint8_t *load(const char *path)
{
	uint8_t *memory = mmap(NULL, DATA + SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cleanup_close int fd = open(path, O_RDONLY);

	if (memory == MAP_FAILED || fd < 0 || read(fd, memory + DATA, SIZE) != SIZE) {
		perror(path);
		exit(1);
	}
	return memory + DATA;
}

static struct vdso_image parsed(const uint8_t *vdso)
{
	struct vdso_image image;

	check_no_error(vdso_image_parse(&arena, vdso, SIZE, &image), "a recorded vdso is read");
	return image;
}

static void test_symbols(const uint8_t *old, const uint8_t *new)
{
	static const struct {
		const char *name;
		uint64_t old, new;
	} expected[] = {
		{ "__vdso_gettimeofday", 0x780, 0x8b0 },  { "__vdso_time", 0x930, 0xbb0 },
		{ "__vdso_clock_gettime", 0x960, 0xbe0 }, { "__vdso_clock_getres", 0xbc0, 0xfb0 },
		{ "__vdso_getcpu", 0xc20, 0x1020 },
	};
	struct vdso_image one = parsed(old), other = parsed(new);

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct vdso_function *first = vdso_image_find(&one, expected[i].name);
		const struct vdso_function *second = vdso_image_find(&other, expected[i].name);

		check(first && first->offset == expected[i].old && second && second->offset == expected[i].new,
		      "%s is found in both", expected[i].name);
	}
	check(!vdso_image_find(&one, "__vdso_getrandom") && vdso_image_find(&other, "__vdso_getrandom"),
	      "getrandom is in the newer one only");
	check(!vdso_image_find(&one, "clock_gettime"), "of two names for one place the one with __ is kept");
	check(one.build_id && one.build_id_size == 20 && vdso_image_same_build(&one, &one), "it has a build id");
	check(!vdso_image_same_build(&one, &other), "the builds differ");
}

/* No offset, length or number in it is believed. The copy ends where the memory ends. */
static void test_damage(const uint8_t *vdso)
{
	uint8_t *memory = mmap(NULL, SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int parsed = 0, refused = 0;
	struct vdso_image image;

	munmap(memory + SIZE, PAGE);
	for (int i = 0; i < 200000; i++) {
		struct arena scratch = { 0 };
		size_t cut = i % 16 ? 0 : random() % SIZE;
		uint8_t *copy = memory + (cut & ~7UL);
		struct error *error;

		memcpy(copy, vdso, SIZE - (cut & ~7UL));
		for (int flips = 1 + random() % 3; flips; flips--) {
			size_t at = random() % (flips == 2 ? 0x700 : 0x200); /* headers, or headers, symbols and dynamic section */

			if (at < SIZE - (cut & ~7UL))
				copy[at] = random() % 3 ? copy[at] ^ 1 << random() % 8 : 0xff;
		}
		error = vdso_image_parse(&scratch, copy, SIZE - (cut & ~7UL), &image);
		parsed += !error;
		refused += !!error;
		error_free(error);
		arena_free(&scratch);
	}
	check(parsed && refused, "damaged ones are refused (%d) or read within their bounds (%d)", refused, parsed);
	munmap(memory, SIZE);
}

/* ---- the code, run ---- */

typedef int (*clock_function)(clockid_t, struct timespec *);
typedef ssize_t (*random_function)(void *, size_t, unsigned, void *, size_t);
typedef long (*any_function)(void *, void *, void *, void *, void *);

static void *function_at(uint8_t *vdso, const struct vdso_image *image, const char *name)
{
	return vdso + vdso_image_find(image, name)->offset;
}

/* Between two readings of the clock by a real system call. */
static bool tells_time(void *function, clockid_t clock)
{
	struct timespec before, now = { 0 }, after;
	int result;

	syscall(SYS_clock_gettime, clock, &before);
	result = ((clock_function)function)(clock, &now);
	syscall(SYS_clock_gettime, clock, &after);
	return !result && (now.tv_sec > before.tv_sec || (now.tv_sec == before.tv_sec && now.tv_nsec >= before.tv_nsec)) &&
	       (now.tv_sec < after.tv_sec || (now.tv_sec == after.tv_sec && now.tv_nsec <= after.tv_nsec));
}

/* What was interrupted in the middle goes on in the old code. */
static void test_old_code(const char *path)
{
	uint8_t *vdso = load(path);
	struct vdso_image image = parsed(vdso);
	struct timeval day = { 0 };

	check(tells_time(function_at(vdso, &image, "__vdso_clock_gettime"), CLOCK_MONOTONIC),
	      "%s: with data of zeroes its code makes the system call", path);
	((any_function)function_at(vdso, &image, "__vdso_gettimeofday"))(&day, NULL, NULL, NULL, NULL);
	check(labs(day.tv_sec - time(NULL)) < 2, "%s: also for the time of day", path);
}

static void test_jumps(const char *path)
{
	uint8_t *own = (uint8_t *)getauxval(AT_SYSINFO_EHDR), *vdso = load(path);
	struct vdso_image mine, image = parsed(vdso);
	unsigned processor = ~0U;

	check_no_error(vdso_image_parse(&arena, own, SIZE, &mine), "this kernel's vdso is read");
	for (size_t i = 0; i < image.function_count; i++) {
		const struct vdso_function *function = &image.functions[i], *target = vdso_image_find(&mine, function->name);
		uint8_t code[VDSO_CODE_MAX];
		size_t size = target ? arch_vdso_jump(code, (uint64_t)own + target->offset) :
				       arch_vdso_fallback(code, function->name);

		check(size <= function->size, "%s: %s is long enough", path, function->name);
		memcpy(vdso + function->offset, code, size);
	}
	check(tells_time(function_at(vdso, &image, "__vdso_clock_gettime"), CLOCK_MONOTONIC), "%s: clock_gettime", path);
	check(tells_time(function_at(vdso, &image, "__vdso_clock_gettime"), CLOCK_REALTIME), "%s: clock_gettime", path);
	check(labs(((any_function)function_at(vdso, &image, "__vdso_time"))(NULL, NULL, NULL, NULL, NULL) - time(NULL)) < 2,
	      "%s: time", path);
	((any_function)function_at(vdso, &image, "__vdso_getcpu"))(&processor, NULL, NULL, NULL, NULL);
	check((long)processor < sysconf(_SC_NPROCESSORS_CONF), "%s: getcpu", path);
}

static void test_fallbacks(const char *path)
{
	uint8_t *vdso = load(path), buffer[16] = { 0 }, zero[16] = { 0 };
	struct vdso_image image = parsed(vdso);
	random_function get_random = NULL;

	for (size_t i = 0; i < image.function_count; i++) {
		const struct vdso_function *function = &image.functions[i];
		uint8_t code[VDSO_CODE_MAX];
		size_t size = arch_vdso_fallback(code, function->name);

		check(size <= function->size, "%s: %s is long enough", path, function->name);
		memcpy(vdso + function->offset, code, size);
	}
	check(tells_time(function_at(vdso, &image, "__vdso_clock_gettime"), CLOCK_BOOTTIME), "%s: a call of the system", path);
	check(labs(((any_function)function_at(vdso, &image, "__vdso_time"))(NULL, NULL, NULL, NULL, NULL) - time(NULL)) < 2,
	      "%s: time", path);
	check(((any_function)function_at(vdso, &image, "__vdso_sgx_enter_enclave"))(NULL, NULL, NULL, NULL, NULL) == -ENOSYS,
	      "%s: what no system call does is not there", path);
	if (!vdso_image_find(&image, "__vdso_getrandom"))
		return;
	get_random = (random_function)function_at(vdso, &image, "__vdso_getrandom");
	check(get_random(buffer, sizeof(buffer), 0, NULL, 0) == sizeof(buffer) && memcmp(buffer, zero, sizeof(zero)),
	      "%s: getrandom", path);
	check(get_random(NULL, 0, 0, buffer, ~(size_t)0) == -ENOSYS, "%s: the question for the state has no answer", path);
}

/* ---- threads at the start of a function ---- */

static struct error *read_tracee(void *context, uint64_t address, uint64_t *word)
{
	errno = 0;
	*word = ptrace(PTRACE_PEEKDATA, *(pid_t *)context, (void *)address, NULL);
	return errno ? fail_errno("peek") : NULL;
}

static void to_image(const struct user_regs_struct *from, UserX86RegsEntry *to)
{
	to->ip = from->rip, to->sp = from->rsp, to->bp = from->rbp, to->bx = from->rbx;
	to->r12 = from->r12, to->r13 = from->r13, to->r14 = from->r14, to->r15 = from->r15;
	to->di = from->rdi, to->si = from->rsi, to->dx = from->rdx, to->cx = from->rcx, to->r8 = from->r8;
}

static bool equal(const UserX86RegsEntry *one, const UserX86RegsEntry *other)
{
	return one->ip == other->ip && one->sp == other->sp && one->bp == other->bp && one->bx == other->bx &&
	       one->r12 == other->r12 && one->r13 == other->r13 && one->r14 == other->r14 && one->r15 == other->r15 &&
	       one->di == other->di && one->si == other->si && one->dx == other->dx && one->cx == other->cx &&
	       one->r8 == other->r8;
}

static void step(pid_t pid, struct user_regs_struct *registers)
{
	ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	waitpid(pid, NULL, 0);
	ptrace(PTRACE_GETREGS, pid, NULL, registers);
}

/* Steps through the first bytes of a function; at each instruction the call is found again. Time(2) has no end
 * from which that would not be possible. */
static void test_rewinding(const char *path, const uint8_t *vdso, const struct vdso_function *function)
{
	uint64_t length = strcmp(function->name, "__vdso_time") ? 12 : function->size;
	UserX86RegsEntry begin = USER_X86_REGS_ENTRY__INIT, now = USER_X86_REGS_ENTRY__INIT;
	ThreadInfoX86 info = THREAD_INFO_X86__INIT;
	CoreEntry core = CORE_ENTRY__INIT;
	uint64_t start = (uint64_t)vdso + function->offset;
	static struct timespec buffer;
	struct user_regs_struct registers = { 0 };
	bool right = true, possible;
	int places = 0;
	pid_t pid = fork();
	struct arch_word_reader reader = { .read = read_tracee, .context = &pid };

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		((any_function)start)(length == 12 ? (void *)1 : &buffer, &buffer, NULL, NULL, NULL);
		_exit(0);
	}
	info.gpregs = &now;
	core.thread_info = &info;
	waitpid(pid, NULL, 0);
	while (registers.rip != start)
		step(pid, &registers);
	to_image(&registers, &begin);
	for (step(pid, &registers); registers.rip > start && registers.rip < start + length; step(pid, &registers)) {
		to_image(&registers, &now);
		if (length != 12)
			now.dx = begin.dx; /* no argument of time(2) */
		error_free(arch_vdso_rewind(vdso + function->offset, registers.rip - start, &core, &reader, &possible));
		right = right && possible && equal(&now, &begin);
		places++;
	}
	check(right && places, "%s: %s is begun again from %d places", path, function->name, places);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_start(const char *path)
{
	uint8_t *vdso = load(path);
	struct vdso_image image = parsed(vdso);

	for (size_t i = 0; i < image.function_count; i++)
		test_rewinding(path, vdso, &image.functions[i]);
}

int main(void)
{
	static const char *const paths[] = { "test/unit/recorded/vdso-6.1", "test/unit/recorded/vdso-6.12" };
	uint8_t *old = load(paths[0]), *new = load(paths[1]);

	alarm(300); /* code that spins in a recorded vdso is a failure */
	test_symbols(old, new);
	test_damage(old);
	test_damage(new);
	for (int i = 0; i < 2; i++) {
		test_old_code(paths[i]);
		test_jumps(paths[i]);
		test_fallbacks(paths[i]);
		test_start(paths[i]);
	}
	arena_free(&arena);
	return tap_end();
}
