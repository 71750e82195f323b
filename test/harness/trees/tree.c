// SPDX-License-Identifier: GPL-2.0
/*
 * Trees that notice when anything was done to them: tree WHICH [directory]. Each worker writes one
 * number per line to progress.<name>; whoever finds something wrong says so in the file broken.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void broken(const char *what)
{
	char text[200];
	int length = snprintf(text, sizeof(text), "%d: %s (errno %d)\n", getpid(), what, errno);
	int fd = open("broken", O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (write(fd, text, length) != length)
		abort();
	_exit(1);
}

static void need(int holds, const char *what)
{
	if (!holds)
		broken(what);
}

static int progress_file(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "progress.%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	need(fd >= 0, "progress file");
	return fd;
}

static void progress(int fd, long number)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%ld\n", number);

	need(write(fd, text, length) == length, "write");
}

static void start(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	need(!pthread_create(&thread, NULL, body, argument), "thread");
}

/* ---- registers: threads that keep values in all of them, interrupted by signals ---- */

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
	ticks++;
}

/* Puts known values into every general and vector register, spins, and looks at them. */
static int spin(uint64_t seed, unsigned rounds)
{
	uint64_t wrong;

	__asm__ volatile("mov %1, %%rbx; lea 1(%1), %%r8; lea 2(%1), %%r9; lea 3(%1), %%r10; lea 4(%1), %%r11\n"
			 "lea 5(%1), %%r12; lea 6(%1), %%r13; lea 7(%1), %%r14; lea 8(%1), %%r15\n"
			 "movq %1, %%xmm0; pshufd $0x44, %%xmm0, %%xmm1; movdqa %%xmm1, %%xmm7; movdqa %%xmm1, %%xmm15\n"
			 "mov %2, %%eax\n"
			 "1: dec %%eax; jnz 1b\n"
			 "xor %0, %0\n"
			 "cmp %1, %%rbx; jne 2f; sub $1, %%r8; cmp %1, %%r8; jne 2f; sub $2, %%r9; cmp %1, %%r9; jne 2f\n"
			 "sub $3, %%r10; cmp %1, %%r10; jne 2f; sub $4, %%r11; cmp %1, %%r11; jne 2f\n"
			 "sub $5, %%r12; cmp %1, %%r12; jne 2f; sub $6, %%r13; cmp %1, %%r13; jne 2f\n"
			 "sub $7, %%r14; cmp %1, %%r14; jne 2f; sub $8, %%r15; cmp %1, %%r15; jne 2f\n"
			 "pcmpeqd %%xmm1, %%xmm7; pmovmskb %%xmm7, %%eax; cmp $0xffff, %%eax; jne 2f\n"
			 "pcmpeqd %%xmm1, %%xmm15; pmovmskb %%xmm15, %%eax; cmp $0xffff, %%eax; jne 2f\n"
			 "jmp 3f\n2: mov $1, %0\n3:\n"
			 : "=&c"(wrong)
			 : "D"(seed), "S"(rounds)
			 : "rax", "rbx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm7", "xmm15",
			   "cc", "memory");
	return wrong != 0;
}

static void *compute(void *argument)
{
	uint64_t seed = (uintptr_t)argument * 0x9e3779b97f4a7c15;
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "spin%ld", (long)(intptr_t)argument);
	fd = progress_file(name);
	for (long i = 1;; i++) {
		for (int j = 0; j < 20; j++)
			need(!spin(seed + i, 20000), "registers changed");
		progress(fd, i);
		usleep(1000);
	}
	return NULL;
}

static void registers(void)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } };

	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &often, NULL);
	start(compute, (void *)1);
	start(compute, (void *)2);
	compute((void *)3);
}

/* ---- family: a ring of processes with a token, shared memory, a stopped child and a zombie ---- */

enum { MEMBERS = 5 };

static void member(int index, int from, int to, volatile long *shared)
{
	char name[16];
	long token, last = index - MEMBERS;
	int fd;

	snprintf(name, sizeof(name), "ring%d", index);
	fd = progress_file(name);
	for (long i = 1;; i++) {
		need(read(from, &token, sizeof(token)) == sizeof(token), "read of the ring");
		need(token == last + MEMBERS, "the token has a wrong number");
		need(*shared == token, "shared memory has a wrong number");
		last = token++;
		*shared = token;
		if (i % 5 == 0)
			progress(fd, i / 5);
		if (index == 0)
			usleep(300);
		need(write(to, &token, sizeof(token)) == sizeof(token), "write to the ring");
	}
}

static void family(void)
{
	long *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long token = 0;
	int ends[MEMBERS][2], status;
	pid_t child;

	for (int i = 0; i < MEMBERS; i++)
		need(!pipe(ends[i]), "pipe");
	if (!(child = fork()))
		for (;;)
			pause();
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	if (!fork())
		_exit(7);
	for (int i = 1; i < MEMBERS; i++)
		if (!fork())
			member(i, ends[i][0], ends[(i + 1) % MEMBERS][1], shared);
	need(write(ends[0][1], &token, sizeof(token)) == sizeof(token), "write");
	member(0, ends[0][0], ends[1][1], shared);
}

/* ---- sleepers: threads in system calls that a tracer interrupts, none of which may fail ---- */

static int wake_pipe[2], wake_event;
static uint32_t word;

static void *in_read(void *unused)
{
	int fd = progress_file("read");
	char byte;

	for (long i = 1;; i++) {
		need(read(wake_pipe[0], &byte, 1) == 1, "read");
		progress(fd, i);
	}
	return NULL;
}

static void *in_futex(void *unused)
{
	int fd = progress_file("futex");

	for (long i = 1;; i++) {
		while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) < i)
			need(!syscall(SYS_futex, &word, FUTEX_WAIT, i - 1, NULL, NULL, 0) || errno == EAGAIN, "futex");
		progress(fd, i);
	}
	return NULL;
}

static void *in_epoll(void *unused)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = progress_file("epoll"), poll = epoll_create1(0);

	need(!epoll_ctl(poll, EPOLL_CTL_ADD, wake_event, &event), "epoll_ctl");
	for (long i = 1;; i++) {
		uint64_t value;

		need(epoll_wait(poll, &event, 1, -1) == 1, "epoll_wait");
		need(read(wake_event, &value, 8) == 8, "eventfd");
		progress(fd, i);
	}
	return NULL;
}

static void *in_sigwait(void *unused)
{
	siginfo_t info;
	sigset_t set;
	int fd = progress_file("sigwait");

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (long i = 1;; i++) {
		need(sigwaitinfo(&set, &info) == SIGUSR1, "sigwaitinfo");
		progress(fd, i);
	}
	return NULL;
}

static void *in_timerfd(void *unused)
{
	const struct itimerspec often = { { 0, 7000000 }, { 0, 7000000 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, 0), fd = progress_file("timerfd");
	uint64_t value;

	timerfd_settime(timer, 0, &often, NULL);
	for (long i = 1;; i++) {
		need(read(timer, &value, 8) == 8, "timerfd");
		progress(fd, i);
	}
	return NULL;
}

static void sleepers(void)
{
	int fd = progress_file("sleep");
	sigset_t set;

	need(!pipe(wake_pipe), "pipe");
	wake_event = eventfd(0, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	start(in_read, NULL);
	start(in_futex, NULL);
	start(in_epoll, NULL);
	start(in_sigwait, NULL);
	start(in_timerfd, NULL);
	for (long i = 1;; i++) {
		const uint64_t one = 1;
		const struct timespec nap = { .tv_nsec = 5000000 };

		need(!nanosleep(&nap, NULL), "nanosleep");
		need(write(wake_pipe[1], "x", 1) == 1, "write");
		need(write(wake_event, &one, 8) == 8, "write");
		__atomic_add_fetch(&word, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
		kill(getpid(), SIGUSR1);
		progress(fd, i);
	}
}

/* ---- sockets: two processes talk over a unix socket with a name, a pair, and TCP ---- */

static int name_server(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "server" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	unlink("server");
	need(!bind(fd, (struct sockaddr *)&name, sizeof(name)) && !listen(fd, 5), "unix listener");
	return fd;
}

static int internet_pair(int ends[2])
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	need(!bind(listener, (struct sockaddr *)&name, sizeof(name)) && !listen(listener, 5), "listener");
	need(!getsockname(listener, (struct sockaddr *)&name, &length), "name");
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	need(!connect(ends[0], (struct sockaddr *)&name, sizeof(name)), "connect");
	ends[1] = accept(listener, NULL, NULL);
	return listener;
}

static void talk(const char *name, int a, int b, int first)
{
	int fd = progress_file(name);
	long number;

	if (first)
		for (long i = 1;; i++) {
			usleep(1500);
			need(write(a, &i, 8) == 8, "write");
			need(write(b, &i, 8) == 8, "write");
			need(recv(a, &number, 8, MSG_WAITALL) == 8 && number == i, "answer of one");
			need(recv(b, &number, 8, MSG_WAITALL) == 8 && number == i, "answer of two");
			progress(fd, i);
		}
	for (;;) {
		need(recv(a, &number, 8, MSG_WAITALL) == 8, "question one");
		need(write(a, &number, 8) == 8, "write");
		need(recv(b, &number, 8, MSG_WAITALL) == 8, "question two");
		need(write(b, &number, 8) == 8, "write");
		progress(fd, number);
	}
}

static void sockets(void)
{
	int pair[2], internet[2];

	name_server();
	internet_pair(internet);
	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "pair");
	if (!fork())
		talk("answers", pair[1], internet[1], 0);
	talk("questions", pair[0], internet[0], 1);
}

/* ---- deleted: files without a name, a fifo, and memory that changes ---- */

static void deleted(void)
{
	int ghost = open("ghost", O_RDWR | O_CREAT | O_EXCL, 0600), fd = progress_file("ghost"), fifo;
	long *memory = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const long words = (8 << 20) / 8;

	unlink("ghost");
	unlink("fifo");
	need(!mkfifo("fifo", 0600), "mkfifo");
	fifo = open("fifo", O_RDWR);
	need(ghost >= 0 && fifo >= 0, "files");
	for (long i = 0; i < words; i++)
		memory[i] = i;
	for (long i = 1;; i++) {
		long back = 0;

		need(pwrite(ghost, &i, 8, 0) == 8 && pread(ghost, &back, 8, 0) == 8 && back == i, "ghost");
		need(write(fifo, &i, 8) == 8 && read(fifo, &back, 8) == 8 && back == i, "fifo");
		for (long j = i % 512; j < words; j += 512)
			need(memory[j]-- == j, "memory");
		for (long j = i % 512; j < words; j += 512)
			need(++memory[j] == j, "memory");
		progress(fd, i);
		usleep(2000);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*body)(void);
	} trees[] = { { "registers", registers },
		      { "family", family },
		      { "sleepers", sleepers },
		      { "sockets", sockets },
		      { "deleted", deleted } };

	for (size_t i = 0; argc > 1 && i < sizeof(trees) / sizeof(trees[0]); i++)
		if (!strcmp(trees[i].name, argv[1]))
			trees[i].body();
	return 2;
}
