// SPDX-License-Identifier: GPL-2.0
/* Many threads are stopped and run their batches at once, and go on. */
#include "threads.h"

#include <pthread.h>

enum { THREADS = 300 };

struct scene {
	volatile int started;
	volatile int counts[THREADS];
};

struct job {
	struct scene *scene;
	int number;
};

static void *work(void *argument)
{
	struct job *job = argument;

	__atomic_add_fetch(&job->scene->started, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		job->scene->counts[job->number]++;
		usleep(1000 + job->number % 7 * 500);
	}
	return NULL;
}

static int body(void *argument)
{
	struct scene *scene = argument;
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	for (int i = 1; i < THREADS; i++) {
		struct job *job = malloc(sizeof(*job));
		pthread_t thread;

		*job = (struct job){ scene, i };
		if (pthread_create(&thread, &attributes, work, job) != 0)
			return 1;
	}
	work(&(struct job){ scene, 0 });
	return 0;
}

static void *compute(void *argument)
{
	struct job *job = argument;

	__atomic_add_fetch(&job->scene->started, 1, __ATOMIC_SEQ_CST);
	for (;;)
		job->scene->counts[job->number]++;
	return NULL;
}

enum { COMPUTING = 6 };

static int compute_all(void *argument)
{
	for (int i = 1; i < COMPUTING; i++) {
		struct job *job = malloc(sizeof(*job));
		pthread_t thread;

		*job = (struct job){ argument, i };
		if (pthread_create(&thread, NULL, compute, job) != 0)
			return 1;
	}
	compute(&(struct job){ argument, 0 });
	return 0;
}

/* Not one instruction runs in any thread of a process that is left stopped. */
static void left_stopped(struct tap *tap)
{
	struct party *party = calloc(1, sizeof(*party));
	struct scene *scene = share(sizeof(*scene));
	pid_t pid = start_target(compute_all, scene);
	const bool stop[COMPUTING] = { true };
	int before[THREADS], moved = 0;

	must_be(wait_value(&scene->started, COMPUTING), "threads do not start");
	for (unsigned round = 0; round < 30; round++) {
		seize_all(party, pid);
		must_be(party->count == COMPUTING, "number of threads");
		ask_all(party, 32768);
		memcpy(before, (void *)scene->counts, sizeof(before));
		must(compel_detach_all(party->pointers, stop, party->count));
		sleep_ms(3);
		moved += memcmp(before, (void *)scene->counts, sizeof(before)) != 0;
		must_be(wait_state(pid, "T"), "the target does not stop");
		kill(pid, SIGCONT);
		sleep_ms(3);
	}
	check(tap, moved == 0, "threads that are left stopped do not run on the way (%d times)", moved);
	sleep_ms(100);
	for (int i = 0; i < COMPUTING; i++)
		moved += scene->counts[i] == before[i];
	check(tap, moved == 0, "and all of them go on with SIGCONT");
	kill_target(pid);
	free_party(party);
}

/* Threads come and go while they are being seized. */
static void *short_life(void *argument)
{
	__atomic_add_fetch((volatile int *)argument, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int unsteady(void *argument)
{
	for (;;) {
		pthread_t threads[4];

		for (int i = 0; i < 4; i++)
			if (pthread_create(&threads[i], NULL, short_life, argument) != 0)
				return 1;
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
	return 0;
}

static void many(struct tap *tap)
{
	struct party *party = calloc(1, sizeof(*party));
	struct scene *scene = share(sizeof(*scene));
	pid_t pid = start_target(body, scene);
	int before[THREADS], standing = 0;
	double start;

	must_be(wait_value(&scene->started, THREADS), "threads do not start");
	start = seconds();
	seize_all(party, pid);
	check(tap, party->count == THREADS, "%zu threads stop", party->count);
	ask_all(party, THREADS * 2048);
	check(tap, true, "each runs its batch, all at once");
	ask_all(party, 20000);
	check(tap, true, "and again when only a few fit into the arena");
	memcpy(before, (void *)scene->counts, sizeof(before));
	sleep_ms(20);
	check(tap, memcmp(before, (void *)scene->counts, sizeof(before)) == 0, "none of them runs meanwhile");
	release_all(party);
	printf("# %.1f ms in all\n", (seconds() - start) * 1e3);
	sleep_ms(200);
	for (int i = 0; i < THREADS; i++)
		standing += scene->counts[i] == before[i];
	check(tap, standing == 0, "all of them go on afterwards");
	kill_target(pid);
	free_party(party);
}

/* A thread that ends while it is waited for is no error. */
static void dying(struct tap *tap)
{
	volatile int *counter = share(4096);
	pid_t pid = start_target(unsteady, (void *)counter);
	unsigned dead = 0, seen = 0;
	char path[64];

	must_be(wait_value(counter, 1), "the target does not start");
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	for (unsigned round = 0; round < 300; round++) {
		static struct compel_thread threads[64];
		cleanup_closedir DIR *directory = opendir(path);
		struct dirent *entry;
		size_t count = 0;

		while (directory && (entry = readdir(directory)) && count < 64)
			if (atoi(entry->d_name) > 0)
				must(compel_seize(&threads[count++], atoi(entry->d_name)));
		for (size_t i = 0; i < count; i++) {
			must(compel_wait(&threads[i]));
			dead += threads[i].state == COMPEL_DEAD;
			seen++;
		}
		for (size_t i = 0; i < count; i++)
			must(compel_detach(&threads[i], false));
	}
	check(tap, true, "threads may end while they are seized (%u of %u did)", dead, seen);
	must_be(wait_value(counter, *counter + 50), "the target does not go on");
	check(tap, true, "and the others go on");
	kill_target(pid);
}

int main(void)
{
	struct tap tap = {};

	many(&tap);
	left_stopped(&tap);
	dying(&tap);
	return finish(&tap);
}
