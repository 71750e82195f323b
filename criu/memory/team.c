// SPDX-License-Identifier: GPL-2.0
#include "memory/team.h"

#include <signal.h>
#include <unistd.h>

static void *live(void *argument)
{
	struct team *team = argument;
	unsigned long seen = 0;

	pthread_mutex_lock(&team->lock);
	for (;;) {
		void (*body)(void *);
		void *work;

		while (team->generation == seen)
			pthread_cond_wait(&team->posted, &team->lock);
		seen = team->generation;
		body = team->body;
		work = team->argument;
		if (team->ending)
			break;
		if (!body) /* done before this thread awoke */
			continue;
		team->busy++;
		pthread_mutex_unlock(&team->lock);
		body(work);
		pthread_mutex_lock(&team->lock);
		if (!--team->busy)
			pthread_cond_signal(&team->finished);
	}
	pthread_mutex_unlock(&team->lock);
	return NULL;
}

/* Signals stay with main. */
void team_start(struct team *team)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	sigset_t all, before;

	pthread_mutex_init(&team->lock, NULL);
	pthread_cond_init(&team->posted, NULL);
	pthread_cond_init(&team->finished, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (team->count < TEAM_MAX && (long)team->count + 1 < processors &&
	       !pthread_create(&team->threads[team->count], NULL, live, team))
		team->count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	team->started = 1;
}

void team_post(struct team *team, void (*body)(void *), void *argument)
{
	pthread_mutex_lock(&team->lock);
	team->body = body;
	team->argument = argument;
	team->generation++;
	pthread_cond_broadcast(&team->posted);
	pthread_mutex_unlock(&team->lock);
}

void team_join(struct team *team)
{
	if (!team->body)
		return;
	team->body(team->argument);
	pthread_mutex_lock(&team->lock);
	team->body = NULL; /* who has not begun need not: nothing is left */
	while (team->busy)
		pthread_cond_wait(&team->finished, &team->lock);
	pthread_mutex_unlock(&team->lock);
}

void team_stop(struct team *team)
{
	if (!team->started)
		return;
	team_join(team);
	pthread_mutex_lock(&team->lock);
	team->ending = true;
	pthread_mutex_unlock(&team->lock);
	team_post(team, NULL, NULL);
	for (size_t i = 0; i < team->count; i++)
		pthread_join(team->threads[i], NULL);
	team->started = 0;
}
