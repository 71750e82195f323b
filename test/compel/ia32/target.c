// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program without libc, for ia32.c. First argument: what it does, at the end of
 * which it exits with 0.
 *	c	computes until descriptor 0 has a byte
 *	s	sleeps in nanosleep for a second, checks the time
 *	p	polls descriptor 0 with a limit of a second
 *	r	reads descriptor 0
 */
typedef unsigned int word;

static int call(int number, word a, word b, word c, word d)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return result;
}

/* Through the vdso, as libc does. */
static int fast_call(void *entry, int number, word a, word b, word c)
{
	int result;

	__asm__ volatile("call *%5" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c), "r"(entry) : "memory");
	return result;
}

enum { EXIT = 1, READ = 3, POLL = 168, NANOSLEEP = 162, CLOCK_GETTIME = 265 };

struct timespec {
	int seconds, nanoseconds;
};

static int milliseconds(void)
{
	struct timespec time;

	call(CLOCK_GETTIME, 1, (word)&time, 0, 0);
	return time.seconds % 100000 * 1000 + time.nanoseconds / 1000000;
}

struct pollfd {
	int fd;
	short events, seen;
};

static word compute_round(word digest)
{
	double sum = digest % 1000;

	for (int i = 0; i < 1000; i++) {
		digest = (digest ^ (word)i) * 2654435761u;
		sum += (double)(digest >> 20) / 3.0;
	}
	return digest ^ (word)(int)(sum / 1000.0);
}

static int compute(void)
{
	struct pollfd pollfd = { 0, 1, 0 };
	word digest = 1, again = 1, rounds = 0;

	while (call(POLL, (word)&pollfd, 1, 0, 0) == 0) {
		for (int i = 0; i < 50; i++)
			digest = compute_round(digest);
		rounds += 50;
	}
	while (rounds--)
		again = compute_round(again);
	return digest == again ? 0 : 1;
}

static int in_time(int start)
{
	int time = milliseconds() - start;

	return time >= 995 && time < 4000 ? 0 : 2;
}

static int limited_sleep(void *vdso)
{
	struct timespec time = { 0, 1000000000 - 1 };
	int start = milliseconds();

	if (vdso ? fast_call(vdso, NANOSLEEP, (word)&time, 0, 0) : call(NANOSLEEP, (word)&time, 0, 0, 0))
		return 1;
	return in_time(start);
}

static int limited_poll(void *vdso)
{
	struct pollfd pollfd = { 0, 1, 0 };
	int start = milliseconds();

	if (vdso ? fast_call(vdso, POLL, (word)&pollfd, 1, 1000) : call(POLL, (word)&pollfd, 1, 1000, 0))
		return 1;
	return in_time(start);
}

static int read_byte(void *vdso)
{
	char byte;

	return (vdso ? fast_call(vdso, READ, 0, (word)&byte, 1) : call(READ, 0, (word)&byte, 1, 0)) == 1 ? 0 : 1;
}

__attribute__((used)) static int start(word *stack)
{
	const char *what = (const char *)stack[2];
	word *auxv = stack + 1 + stack[0] + 1;
	void *vdso = 0;

	while (*auxv++)
		;
	for (; auxv[0]; auxv += 2)
		if (auxv[0] == 32 && what[1] == 'v') /* AT_SYSINFO */
			vdso = (void *)auxv[1];
	if (what[0] == 'c')
		return compute();
	if (what[0] == 's')
		return limited_sleep(vdso);
	if (what[0] == 'p')
		return limited_poll(vdso);
	return read_byte(vdso);
}

__asm__(".globl _start\n_start:\n\tmovl %esp, %eax\n\tandl $-16, %esp\n\tsubl $12, %esp\n\tpushl %eax\n\tcall start\n\t"
	"movl %eax, %ebx\n\tmovl $1, %eax\n\tint $0x80\n");
