// SPDX-License-Identifier: GPL-2.0
/*
 * The loads of the benchmark. "load NAME" builds one in the current directory, leaves the address of its control
 * words in the file "ready", and then obeys: the driver reads and writes the words through /proc/PID/mem, so that
 * nothing of the benchmark is open. A thread ticks every 50 us and keeps the longest gap it saw between two ticks.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
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

/* 5,000: pipes and files, and unix pairs where they are asked for. */
static void make_descriptors(int pairs)
{
	struct rlimit limit;
	int i, ends[2], count = 0;
	char name[32];

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (i = 0; i < pairs; i++, count += 2)
		if (socketpair(AF_UNIX, i % 2 ? SOCK_STREAM : SOCK_DGRAM, 0, ends) < 0)
			fail("socketpair");
	for (i = 0; count < 3400; i++, count += 2)
		if (pipe(ends) < 0 || (i % 4 == 0 && write(ends[1], "some bytes", 10) < 0))
			fail("pipe");
	for (i = 0; count < 5000; i++, count++) {
		snprintf(name, sizeof(name), "file-%d", i % 800);
		if (open(name, O_RDWR | O_CREAT, 0600) < 0)
			fail(name);
	}
	load_random(MIB);
}

static void load_descriptors(void)
{
	make_descriptors(0);
}

static void load_descriptors_unix(void)
{
	make_descriptors(850);
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
	{ "descriptors", load_descriptors }, { "descriptors-unix", load_descriptors_unix }, { "mappings", load_mappings },
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
			control.answer = sum_area() == area.sum ? 1 : 2;
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
