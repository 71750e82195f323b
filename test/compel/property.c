// SPDX-License-Identifier: GPL-2.0
/*
 * The property: a program that computes, in and out of system calls, is infected and cured
 * ten thousand times, and its result is that of an undisturbed run.
 */
#include "threads.h"

#include <pthread.h>
#include <math.h>

enum { VISITS = 10000, BLOCK = 4096 };

struct result {
	volatile uint64_t rounds, digest;
};

struct scene {
	struct result compute, calls;
	volatile int stop, ready, errors;
};

static uint64_t mix(uint64_t digest, uint64_t value)
{
	digest ^= value;
	digest *= UINT64_C(0x9e3779b97f4a7c15);
	return digest ^ digest >> 29;
}

/* Integers, floating point of both kinds, vectors, string instructions. */
static uint64_t compute_round(uint64_t digest)
{
	unsigned char from[512], to[512];
	float vector[64];
	double sum = 0;
	long double product = 1;

	for (int i = 0; i < 64; i++)
		vector[i] = (float)(digest >> i % 32 & 255);
	for (int turn = 0; turn < 20; turn++)
		for (int i = 0; i < 64; i++)
			vector[i] = vector[i] * 1.5f + (float)i - vector[i] / 3.0f;
	for (int i = 0; i < 64; i++) {
		sum += sqrt(fabs((double)vector[i]));
		product *= 1.0L + (long double)vector[i] / 1e30L;
		digest = mix(digest, (uint64_t)(int64_t)(sum * 1000) + (uint64_t)(int64_t)(product * 1e15L));
	}
	for (int i = 0; i < 512; i++)
		from[i] = (unsigned char)(digest >> i % 56);
	for (int i = 0; i < 8; i++) {
		void *destination = to, *source = from;
		size_t count = sizeof(from);

		__asm__ volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(count) : : "memory");
		memmove(from + 1, to, sizeof(from) - 1);
	}
	for (int i = 0; i < 512; i++)
		digest = mix(digest, to[i]);
	return digest;
}

static void *compute(void *argument)
{
	struct scene *scene = argument;

	while (!scene->stop) {
		scene->compute.digest = compute_round(scene->compute.digest);
		scene->compute.rounds++;
	}
	return NULL;
}

/* Through a pipe, a file, a clock and a short sleep; every answer is checked. */
static uint64_t calls_round(struct scene *scene, uint64_t digest, const int *pipe_fds, int file)
{
	char out[BLOCK], in[BLOCK];
	struct timespec nap = { 0, 1000 };

	for (int i = 0; i < BLOCK; i++)
		out[i] = (char)(digest >> i % 57);
	if (write(pipe_fds[1], out, BLOCK) != BLOCK || read(pipe_fds[0], in, BLOCK) != BLOCK)
		scene->errors++;
	if (pwrite(file, in, BLOCK, 100) != BLOCK || pread(file, out, BLOCK, 100) != BLOCK)
		scene->errors++;
	if (digest % 8 == 0 && nanosleep(&nap, NULL) != 0)
		scene->errors++;
	if (getppid() <= 0 || syscall(SYS_gettid) <= 0)
		scene->errors++;
	for (int i = 0; i < BLOCK; i++)
		digest = mix(digest, (unsigned char)out[i]);
	return digest;
}

static void *calls(void *argument)
{
	struct scene *scene = argument;
	int pipe_fds[2], file = memfd_create("file", 0);

	if (pipe(pipe_fds) < 0 || file < 0)
		scene->errors++;
	while (!scene->stop) {
		scene->calls.digest = calls_round(scene, scene->calls.digest, pipe_fds, file);
		scene->calls.rounds++;
		scene->ready = 1;
	}
	return NULL;
}

static int body(void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, calls, argument) != 0)
		return 1;
	compute(argument);
	pthread_join(thread, NULL);
	return 0;
}

static void visit_all(struct party *party, pid_t pid)
{
	seize_all(party, pid);
	ask_all(party, 16384);
	release_all(party);
}

static uint64_t undisturbed_compute(uint64_t rounds)
{
	uint64_t digest = 0;

	while (rounds--)
		digest = compute_round(digest);
	return digest;
}

static uint64_t undisturbed_calls(struct scene *scene, uint64_t rounds)
{
	int pipe_fds[2], file = memfd_create("file", 0);
	uint64_t digest = 0;

	must_be(pipe(pipe_fds) == 0 && file >= 0, "pipe and file");
	while (rounds--)
		digest = calls_round(scene, digest, pipe_fds, file);
	return digest;
}

int main(void)
{
	struct party *party = calloc(1, sizeof(*party));
	struct scene *scene = share(sizeof(*scene));
	cleanup_free char *before = NULL, *after = NULL;
	struct tap tap = {};
	char path[64];
	size_t length;
	double start;
	pid_t pid;

	pid = start_target(body, scene);
	must_be(wait_value(&scene->ready, 1), "the target does not start");
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	must(read_file_at(AT_FDCWD, path, &before, &length));
	start = seconds();
	for (unsigned i = 0; i < VISITS; i++)
		visit_all(party, pid);
	printf("# %d visits in %.2f s; %llu rounds of computing, %llu of system calls\n", VISITS, seconds() - start,
	       (unsigned long long)scene->compute.rounds, (unsigned long long)scene->calls.rounds);
	must(read_file_at(AT_FDCWD, path, &after, &length));
	check(&tap, strcmp(before, after) == 0, "mappings are the same after %d visits", VISITS);
	scene->stop = 1;
	check(&tap, reap(pid) == 0, "the target ends by itself");
	check(&tap, scene->errors == 0, "no system call failed (%d)", scene->errors);
	check(&tap, scene->compute.digest == undisturbed_compute(scene->compute.rounds),
	      "the computed result is that of an undisturbed run");
	check(&tap, scene->calls.digest == undisturbed_calls(scene, scene->calls.rounds),
	      "the result of system calls is that of an undisturbed run");
	free_party(party);
	return finish(&tap);
}
