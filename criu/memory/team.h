// SPDX-License-Identifier: GPL-2.0
/*
 * A team of threads that are started before the tree stands still and wait for work. main
 * gives all of them the same body; a body takes pieces of work by an atomic counter until
 * none is left. main only.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { TEAM_MAX = 4 };

struct team {
	pthread_t threads[TEAM_MAX];
	size_t count;
	pthread_mutex_t lock;
	pthread_cond_t posted, finished;
	void (*body)(void *);
	void *argument;
	unsigned long generation;
	size_t busy; /* threads that are in the body */
	bool ending;
	int started;
};

/* As many threads as there are other processors; none is fine too. */
void team_start(struct team *team);
/* All threads begin to run body(argument). The work before must have been waited for. */
void team_post(struct team *team, void (*body)(void *), void *argument);
/* main runs the body too, then waits for those who have begun it. Without work: returns at once. */
void team_join(struct team *team);
/* Waits for the work and ends the threads. */
void team_stop(struct team *team);
