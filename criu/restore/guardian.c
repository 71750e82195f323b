// SPDX-License-Identifier: GPL-2.0
#include "restore/guardian.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "kernel/proc/stat.h"
#include "memory/sysv.h"
#include "model/traces.h"
#include "restore/newborn.h"
#include "restore/report.h"
#include "support/log.h"

enum { MAIN_ENDED = SIGUSR1, NAP_US = 200 };

/* ---- ending what was born ---- */

static bool runs(pid_t pid)
{
	struct arena scratch = { 0 };
	struct proc_stat stat;
	struct error *error;
	bool running;

	if (pid <= 0 || kill(pid, 0))
		return false;
	error = proc_thread_stat_read(pid, pid, &scratch, &stat);
	running = !error && stat.state != 'Z' && stat.state != 'X';
	error_free(error);
	arena_free(&scratch);
	return running;
}

/* Sends a signal (0: none) to all; tells whether any of them runs. */
static bool signal_all(const struct board *board, int signo)
{
	bool any = false;

	for (size_t i = 0; i <= board->row_count; i++) {
		pid_t pid = __atomic_load_n(i < board->row_count ? &board->rows[i].host_pid : &board->opener_pid,
					    __ATOMIC_SEQ_CST);

		if (pid > 0 && signo)
			kill(pid, signo);
		any = any || runs(pid);
	}
	return any;
}

void newborns_end(struct restore *restore)
{
	board_abort(restore);
	signal_all(restore->board, SIGKILL);
	do {
		/* criu is a subreaper meanwhile: orphans come here in the end, and traced threads before. */
		while (waitpid(-1, NULL, __WALL | WNOHANG) > 0)
			;
		usleep(NAP_US);
	} while (signal_all(restore->board, 0));
}

/* ---- the guardian's life ---- */

static struct error *guard(struct restore *restore)
{
	sigset_t ended;
	int signo;

	sigemptyset(&ended);
	sigaddset(&ended, MAIN_ENDED);
	prctl(PR_SET_PDEATHSIG, MAIN_ENDED);
	setpgid(0, 0);
	if (getppid() == restore->main_pid) {
		close_range(STDERR_FILENO + 1, ~0U, 0); /* a lock that ends with its owner must not last */
		while (getppid() == restore->main_pid)
			sigwait(&ended, &signo);
	}
	if (__atomic_load_n(&restore->board->released, __ATOMIC_SEQ_CST))
		return NULL;
	newborns_end(restore);
	sysv_remove(restore);
	traces_remove(restore);
	return NULL;
}

struct error *guardian_start(struct restore *restore)
{
	sigset_t all, before;
	struct error *error;

	sigfillset(&all); /* as its mask: it hears of nothing else */
	sigprocmask(SIG_SETMASK, &all, &before);
	error = helper_fork(restore, guard, 0, &restore->guardian_pid);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!error) /* before anything is born, whoever of us is faster */
		setpgid(restore->guardian_pid, restore->guardian_pid);
	if (!error)
		undo_push(&restore->undo, "dismiss the guardian", guardian_dismiss, restore);
	return error;
}

/* Then also reaps whatever else of the restore was a child of main. */
void guardian_dismiss(void *argument)
{
	struct restore *restore = argument;

	if (restore->guardian_pid > 0) {
		kill(restore->guardian_pid, SIGKILL);
		while (waitpid(restore->guardian_pid, NULL, __WALL) < 0 && errno == EINTR)
			;
		restore->guardian_pid = 0;
	}
}
