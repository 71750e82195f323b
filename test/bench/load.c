// SPDX-License-Identifier: GPL-2.0
/*
 * The loads of the benchmark. "load NAME" builds one in the current directory, leaves the address of its control
 * words in the file "ready", and then obeys: the driver reads and writes the words through /proc/PID/mem, so that
 * nothing of the benchmark is open. A thread ticks every 50 us and keeps the longest gap it saw between two ticks.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)
#define PAGE 4096UL

/* The driver knows this layout. */
static volatile struct control {
	uint64_t ticks;
	uint64_t longest; /* ns; the driver sets it to 0 */
	uint64_t command; /* 1: verify */
	uint64_t answer;  /* 1: right, 2: wrong */
} control __attribute__((aligned(64)));

static struct area {
	unsigned char *start;
	size_t length, step; /* one page in each step */
	uint64_t sum;
} area;

static int (*check)(void); /* what is to be right besides the memory */

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static void *ticking(void *unused)
{
	const struct timespec pause = { 0, 50000 };
	uint64_t last = now();

	(void)unused;
	prctl(PR_SET_TIMERSLACK, 1);
	for (;;) {
		uint64_t time;

		nanosleep(&pause, NULL);
		time = now();
		if (time - last > control.longest)
			control.longest = time - last;
		control.ticks++;
		last = time;
	}
	return NULL;
}

static uint64_t sum_area(void)
{
	uint64_t sum = 0;
	size_t offset, i;

	for (offset = 0; offset < area.length; offset += area.step)
		for (i = 0; i < PAGE; i += 8)
			sum = (sum << 7 | sum >> 57) ^ *(uint64_t *)(area.start + offset + i);
	return sum;
}

static uint64_t random_state = 88172645463325252ULL;

static uint64_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void fill_random(unsigned char *start, size_t length)
{
	size_t i;

	for (i = 0; i < length; i += 8)
		*(uint64_t *)(start + i) = random_word();
}

static unsigned char *map(size_t length)
{
	void *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		fail("mmap");
	return start;
}

static void set_area(size_t length, size_t step)
{
	area = (struct area){ map(length), length, step, 0 };
}

static void load_random(size_t length)
{
	set_area(length, PAGE);
	fill_random(area.start, length);
}

static void load_small(void)
{
	load_random(4 * MIB);
}

static void load_large(void)
{
	load_random(1024 * MIB);
}

/* Records as programs keep them: numbers in text, words, padding. */
static void load_text(void)
{
	static const char *const words[] = { "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta" };
	size_t offset;

	set_area(1024 * MIB, PAGE);
	for (offset = 0; offset < area.length; offset += 64) {
		uint64_t number = random_word();
		char *record = (char *)area.start + offset;
		int i;

		memcpy(record, "id=00000000;name=        ;value=00000000;state=active;flags=0;..", 64);
		for (i = 0; i < 8; i++)
			record[3 + i] = '0' + (offset >> 6 >> 3 * (7 - i)) % 8;
		memcpy(record + 17, words[number % 8], strlen(words[number % 8]));
		for (i = 0; i < 5; i++)
			record[32 + i] = '0' + (number >> (8 + 4 * i)) % 10;
	}
}

static void load_sparse(void)
{
	size_t offset;

	set_area(16384 * MIB, 256 * PAGE);
	madvise(area.start, area.length, MADV_NOHUGEPAGE);
	for (offset = 0; offset < area.length; offset += area.step)
		fill_random(area.start + offset, PAGE);
}

static void load_processes(void)
{
	int i;

	for (i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			random_state += i;
			fill_random(map(MIB), MIB);
			for (;;)
				pause();
		}
	}
	load_random(MIB);
	sleep(1); /* until all have filled theirs */
}

static void *idle(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void load_threads(void)
{
	pthread_attr_t attribute;
	pthread_t id;
	int i;

	pthread_attr_init(&attribute);
	pthread_attr_setstacksize(&attribute, 128 * 1024);
	for (i = 0; i < 500; i++)
		if (pthread_create(&id, &attribute, idle, NULL))
			fail("pthread_create");
	load_random(MIB);
}

static void allow_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int must_open(int fd, const char *what)
{
	if (fd < 0)
		fail(what);
	return fd;
}

static void make_pipe(bool filled)
{
	int ends[2];

	if (pipe(ends) < 0 || (filled && write(ends[1], "some bytes", 10) < 0))
		fail("pipe");
}

static void make_pair(int type)
{
	int ends[2];

	if (socketpair(AF_UNIX, type, 0, ends) < 0)
		fail("socketpair");
}

static void make_file(int number)
{
	char name[32];

	snprintf(name, sizeof(name), "file-%d", number);
	must_open(open(name, O_RDWR | O_CREAT, 0600), name);
}

/* 5,000: pipes, unix pairs and files. */
static void load_descriptors(void)
{
	int i, count = 0;

	allow_descriptors();
	for (i = 0; i < 850; i++, count += 2)
		make_pair(i % 2 ? SOCK_STREAM : SOCK_DGRAM);
	for (i = 0; count < 3400; i++, count += 2)
		make_pipe(i % 4 == 0);
	for (i = 0; count < 5000; i++, count++)
		make_file(i % 800);
	load_random(MIB);
}

/* 200 descriptors of many kinds, 40 of them from the parent. */
static void make_mixed(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct itimerspec time = { { 3600, 0 }, { 3600, 0 } };
	sigset_t signals;
	int i, fd, poll;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	for (i = 0; i < 20; i++)
		must_open(eventfd(i, 0), "eventfd");
	for (i = 0; i < 10; i++) {
		fd = must_open(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd");
		timerfd_settime(fd, 0, &time, NULL);
	}
	for (i = 0; i < 10; i++)
		must_open(signalfd(-1, &signals, 0), "signalfd");
	poll = must_open(epoll_create1(0), "epoll");
	for (i = 0; i < 9; i++) {
		fd = must_open(eventfd(0, 0), "eventfd");
		epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
	}
	for (i = 0; i < 20; i++)
		make_pipe(i % 4 == 0);
	for (i = 0; i < 10; i++)
		make_pair(i % 2 ? SOCK_STREAM : SOCK_DGRAM);
	for (i = 0; i < 10; i++)
		must_open(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	for (i = 0; i < 10; i++)
		must_open(open("/dev/null", O_RDWR), "/dev/null");
	for (i = 0; i < 30; i++)
		make_file(i);
}

/* 20,000 descriptors over 100 processes. */
static void load_mixed(void)
{
	int i;

	allow_descriptors();
	for (i = 0; i < 40; i++)
		make_file(100 + i);
	for (i = 0; i < 99; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid)
			continue;
		make_mixed();
		for (;;)
			pause();
	}
	make_mixed();
	load_random(MIB);
	sleep(1); /* until all have theirs */
}

enum { CONNECTIONS = 10000 };
static int connections[CONNECTIONS];

/* The other ends, outside of the tree: each sends back what it gets. */
static void echo_for_ever(struct sockaddr_in *address)
{
	struct epoll_event event = { .events = EPOLLIN };
	int poll = must_open(epoll_create1(0), "epoll"), i;
	char bytes[64];

	for (i = 0; i < CONNECTIONS; i++) {
		event.data.fd = must_open(socket(AF_INET, SOCK_STREAM, 0), "socket");
		if (connect(event.data.fd, (struct sockaddr *)address, sizeof(*address)) < 0)
			fail("connect");
		epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event);
	}
	for (;;) {
		ssize_t length;

		if (epoll_wait(poll, &event, 1, -1) != 1)
			continue;
		length = read(event.data.fd, bytes, sizeof(bytes));
		if (length <= 0)
			_exit(1);
		if (write(event.data.fd, bytes, length) != length)
			_exit(1);
	}
}

/* Each connection carries a message there and back. */
static int connections_answer(void)
{
	int i, got;

	for (i = 0; i < CONNECTIONS; i++)
		if (write(connections[i], &i, sizeof(i)) != sizeof(i))
			return 0;
	for (i = 0; i < CONNECTIONS; i++)
		if (recv(connections[i], &got, sizeof(got), MSG_WAITALL) != sizeof(got) || got != i)
			return 0;
	return 1;
}

/* 10,000 connections whose other ends are outside of the tree. */
static void load_connections(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = must_open(socket(AF_INET, SOCK_STREAM, 0), "socket"), i;

	allow_descriptors();
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1024) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		fail("listen");
	if (fork() == 0) {
		if (setsid() > 0 && fork() == 0) {
			close(listener);
			echo_for_ever(&address);
		}
		_exit(0);
	}
	wait(NULL);
	for (i = 0; i < CONNECTIONS; i++)
		connections[i] = must_open(accept(listener, NULL, NULL), "accept");
	load_random(MIB);
	check = connections_answer;
}

/* 20,000 mappings: pages by turns read-only and writable, the writable ones written. */
static void load_mappings(void)
{
	size_t offset;

	set_area(20000 * PAGE, 2 * PAGE);
	for (offset = 0; offset < area.length; offset += area.step) {
		fill_random(area.start + offset, PAGE);
		if (mprotect(area.start + offset + PAGE, PAGE, PROT_READ) < 0)
			fail("mprotect");
	}
}

static const struct load {
	const char *name;
	void (*build)(void);
} loads[] = {
	{ "small", load_small },	   { "random", load_large },	   { "text", load_text },
	{ "sparse", load_sparse },	   { "processes", load_processes }, { "threads", load_threads },
	{ "descriptors", load_descriptors }, { "mixed", load_mixed },	    { "connections", load_connections },
	{ "mappings", load_mappings },
};

static void leave_ready(void)
{
	FILE *file = fopen("ready.tmp", "we");

	if (!file || fprintf(file, "%lu\n", (unsigned long)&control) < 0 || fclose(file) || rename("ready.tmp", "ready"))
		fail("ready");
}

static void obey(void)
{
	const struct timespec pause = { 0, 2000000 };

	for (;;) {
		if (control.command) {
			control.answer = sum_area() == area.sum && (!check || check()) ? 1 : 2;
			control.command = 0;
		}
		nanosleep(&pause, NULL);
	}
}

int main(int count, char **arguments)
{
	pthread_t id;
	size_t i;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (count != 2 || strcmp(arguments[1], loads[i].name))
			continue;
		loads[i].build();
		area.sum = sum_area();
		if (pthread_create(&id, NULL, ticking, NULL))
			fail("pthread_create");
		leave_ready();
		obey();
	}
	fprintf(stderr, "usage: load NAME\n");
	return 2;
}
