// SPDX-License-Identifier: GPL-2.0
#include "restore/report.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/proc/stat.h"
#include "model/keep.h"
#include "support/cancel.h"
#include "support/log.h"

enum { CHECK_MS = 50 };

static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

struct error *board_make(struct restore *restore)
{
	size_t rows = restore->snapshot->task_count;
	size_t size = sizeof(struct board) + rows * sizeof(struct board_row);

	restore->board_size = (size + 4095) & ~(size_t)4095;
	restore->board_fd = memfd_create("criu-board", MFD_CLOEXEC);
	if (restore->board_fd < 0 || ftruncate(restore->board_fd, restore->board_size))
		return fail_errno("could not make the board");
	TRY(keep_descriptor(restore, &restore->board_fd));
	restore->board = mmap(NULL, restore->board_size, PROT_READ | PROT_WRITE, MAP_SHARED, restore->board_fd, 0);
	if (restore->board == MAP_FAILED)
		return fail_errno("could not map the board");
	restore->board->row_count = rows;
	return NULL;
}

void board_arrive(struct restore *restore, enum stage stage)
{
	struct board *board = restore->board;
	uint32_t now;

	__atomic_add_fetch(&board->arrived, 1, __ATOMIC_SEQ_CST);
	futex(&board->arrived, FUTEX_WAKE, 1, NULL);
	while ((now = __atomic_load_n(&board->stage, __ATOMIC_SEQ_CST)) < (uint32_t)stage)
		futex(&board->stage, FUTEX_WAIT, now, NULL);
	if (__atomic_load_n(&board->failed, __ATOMIC_SEQ_CST))
		_exit(1);
}

void board_tell(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
	futex(word, FUTEX_WAKE, INT_MAX, NULL);
}

void board_await_word(struct restore *restore, uint32_t *word)
{
	struct timespec timeout = { .tv_nsec = CHECK_MS * 1000000L };

	while (!__atomic_load_n(word, __ATOMIC_SEQ_CST)) {
		if (__atomic_load_n(&restore->board->failed, __ATOMIC_SEQ_CST))
			_exit(1);
		futex(word, FUTEX_WAIT, 0, &timeout);
	}
}

static void copy_text(char *to, const char *text)
{
	snprintf(to, BOARD_TEXT, "%s", text ?: "");
}

void report_and_exit(struct restore *restore, const struct task *task, struct error *error)
{
	struct board *board = restore->board;
	uint32_t none = 0;

	if (!error)
		_exit(1);
	if (__atomic_compare_exchange_n(&board->failed, &none, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		board->error_number = error->number;
		board->error_pid = task ? task->pid : 0;
		board->error_label = 0;
		copy_text(board->message, error->message);
		copy_text(board->detail, error->detail);
		copy_text(board->hint, error->hint);
		__atomic_store_n(&board->written, 1, __ATOMIC_SEQ_CST);
		futex(&board->arrived, FUTEX_WAKE, INT_MAX, NULL);
	}
	_exit(1);
}

struct error *board_error(struct restore *restore)
{
	struct board *board = restore->board;
	struct error *error;

	if (!__atomic_load_n(&board->failed, __ATOMIC_SEQ_CST))
		return NULL;
	for (int i = 0; i < 1000 && !__atomic_load_n(&board->written, __ATOMIC_SEQ_CST); i++)
		usleep(1000);
	board->message[BOARD_TEXT - 1] = board->detail[BOARD_TEXT - 1] = board->hint[BOARD_TEXT - 1] = '\0';
	if (board->error_label) { /* a call of a program: the message is its label */
		error = fail_number(abs(board->error_number), "could not restore: %s", board->message);
		error = with_context(error, "process %d, thread %d", board->error_pid, board->error_tid);
	} else {
		error = fail("%s", board->message);
		error->number = board->error_number;
		if (board->error_pid)
			error = with_context(error, "cannot restore process %d", board->error_pid);
	}
	if (board->detail[0])
		error = with_detail(error, "%s", board->detail);
	if (board->hint[0])
		error = with_hint(error, "%s", board->hint);
	return error;
}

/* A process that died without a word (killed, crashed) is found by looking. */
static struct error *look_for_deaths(struct restore *restore)
{
	for (size_t i = 0; i < restore->snapshot->task_count; i++) {
		const struct task *task = restore->snapshot->tasks[i];
		pid_t pid = restore->board->rows[task->index].host_pid;
		struct proc_stat stat;
		struct arena scratch = { 0 };
		struct error *error;

		if (!pid || task->state == TASK_DEAD)
			continue;
		error = proc_thread_stat_read(pid, pid, &scratch, &stat);
		arena_free(&scratch);
		if (!error && stat.state != 'Z')
			continue;
		error_free(error);
		error = board_error(restore);
		return error ?: fail("process %d ended while it was being restored", task->pid);
	}
	return NULL;
}

struct error *board_await(struct restore *restore, enum stage stage, size_t count)
{
	struct board *board = restore->board;
	struct timespec timeout = { .tv_nsec = CHECK_MS * 1000000L };
	uint32_t arrived;

	for (unsigned round = 0; (arrived = __atomic_load_n(&board->arrived, __ATOMIC_SEQ_CST)) < count; round++) {
		TRY(board_error(restore));
		TRY(cancel_check());
		progress_set(&restore->progress, __atomic_load_n(restore->pages_restored, __ATOMIC_RELAXED));
		if (futex(&board->arrived, FUTEX_WAIT, arrived, &timeout) < 0 && errno == ETIMEDOUT)
			TRY(look_for_deaths(restore));
	}
	log_debug("stage %d is reached by %u", stage, arrived);
	return board_error(restore);
}

void board_open(struct restore *restore, enum stage stage)
{
	struct board *board = restore->board;

	__atomic_store_n(&board->arrived, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&board->stage, stage, __ATOMIC_SEQ_CST);
	futex(&board->stage, FUTEX_WAKE, INT_MAX, NULL);
}

void board_abort(struct restore *restore)
{
	__atomic_store_n(&restore->board->failed, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&restore->board->stage, INT_MAX, __ATOMIC_SEQ_CST);
	futex(&restore->board->stage, FUTEX_WAKE, INT_MAX, NULL);
}
