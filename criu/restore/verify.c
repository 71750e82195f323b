// SPDX-License-Identifier: GPL-2.0
/*
 * Page data is checked by a process beside the restore, while newborns are forked and filled:
 * what it reads is in the page cache for both. Large files are left to those who bring their pages; what they did not
 * see, or did not find right, main looks at. Nothing of the tree runs before all is done.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/checksums.h"
#include "model/context.h"
#include "restore/newborn.h"
#include "restore/report.h"
#include "restore/stages.h"
#include "support/cancel.h"

static struct error *check_pages(struct restore *restore)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return checksums_check_others(restore->criu->images);
}

static void stop(void *argument)
{
	struct restore *restore = argument;

	if (!restore->verifier_pid)
		return;
	kill(restore->verifier_pid, SIGKILL);
	while (waitpid(restore->verifier_pid, NULL, 0) < 0 && errno == EINTR)
		;
	restore->verifier_pid = 0;
}

struct error *verify_start(struct restore *restore)
{
	if (!checksums_of_pages(restore->criu->images))
		return NULL;
	TRY(helper_fork(restore, check_pages, 0, &restore->verifier_pid));
	undo_push(&restore->undo, "end the check of page data", stop, restore);
	return NULL;
}

static struct error *end_process(struct restore *restore)
{
	int status = 0;

	if (!restore->verifier_pid)
		return NULL;
	while (waitpid(restore->verifier_pid, &status, 0) < 0 && errno == EINTR)
		TRY(cancel_check());
	restore->verifier_pid = 0;
	TRY(board_error(restore));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail("the process that checks page data ended unexpectedly (status 0x%x)", status);
	return NULL;
}

struct error *verify_finish(struct restore *restore)
{
	TRY(end_process(restore));
	return checksums_check_left(restore->criu->images);
}
