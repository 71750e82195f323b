// SPDX-License-Identifier: GPL-2.0
/* Releasing: the restored tree runs, or stays stopped; what criu does after that. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "model/context.h"
#include "model/traces.h"
#include "image/directory.h"
#include "remote/release.h"
#include "restore/guardian.h"
#include "restore/stages.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

void kill_tree_of(void *argument)
{
	newborns_end(argument);
}

static bool stays_stopped(const struct task *task, const void *options)
{
	return task->state == TASK_STOPPED || ((const struct options *)options)->leave_stopped;
}

/* A job-control stop of the image is given back before the thread runs. */
struct error *release_restored(struct restore *restore)
{
	/* Up to here the death of main is the death of every thread, from here on of none. */
	TRY(prepare_threads(restore->snapshot));
	__atomic_store_n(&restore->board->released, 1, __ATOMIC_SEQ_CST);
	return release_threads(restore->snapshot, stays_stopped, restore->criu->options);
}

struct error *write_pidfile(struct restore *restore)
{
	const char *path = restore->criu->options->pidfile;
	cleanup_close int fd = -1;
	char text[16], place[PATH_MAX];
	int length;

	if (!path)
		return NULL;
	snprintf(place, sizeof(place), "/proc/self/fd/%d/%s", restore->criu->images->work_fd, path);
	if (path[0] == '/')
		snprintf(place, sizeof(place), "%s", path);
	TRY(trace_file(restore, place));
	/* An absolute path is the caller's own; below the work directory links of others are not followed. */
	fd = path[0] == '/' ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
			    : open_without_links(restore->criu->images->work_fd, path,
						 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return with_hint(fail_errno("could not create the pid file %s", path),
				 "Remove an older file of that name.");
	trace_made(restore, place);
	length = snprintf(text, sizeof(text), "%d", snapshot_root(restore->snapshot)->pid);
	return write_exactly(fd, text, length);
}

struct error *after_restore(struct restore *restore, int *exit_status)
{
	const struct options *options = restore->criu->options;
	pid_t root = snapshot_root(restore->snapshot)->pid;
	int status;

	*exit_status = 0;
	if (options->exec_cmd) {
		execvp(options->exec_command[0], options->exec_command);
		return fail_errno("could not execute %s", options->exec_command[0]);
	}
	if (options->restore_detached || options->restore_sibling)
		return NULL;
	while (waitpid(root, &status, 0) < 0 && errno == EINTR)
		;
	return NULL;
}
