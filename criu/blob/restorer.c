// SPDX-License-Identifier: GPL-2.0
/* The restorer's ends: its special operations, its last sleep, and how it fails. */
#include "criu/blob/restorer.h"

#include "board.h"
#include "futex.h"
#include "raw_syscall.h"

int64_t run_special(struct remote_program *program, unsigned operation, const uint64_t arg[6])
{
	switch (operation) {
	case REMOTE_CLONE_THREAD:
		return clone_thread(arg);
	case REMOTE_BARRIER:
		return barrier(program, arg);
	case REMOTE_POSIX_TIMER:
		return posix_timer(arg);
	case REMOTE_WAIT_ZOMBIE:
		return wait_zombie(arg);
	default:
		return run_common_special(operation, arg);
	}
}

/* The label's text, so that main needs no table that only this process had. */
static void copy_label(char *to, const struct remote_program *program, uint16_t label)
{
	const char *table = (const char *)program->labels;
	const char *text = table ? table + ((const uint32_t *)table)[label] : "";
	unsigned i = 0;

	for (; i < BOARD_TEXT - 1 && text[i]; i++)
		to[i] = text[i];
	to[i] = 0;
}

void report_failure(const struct remote_program *program)
{
	struct board *board = (struct board *)program->board;
	const struct remote_call *call = (const struct remote_call *)program->calls + (program->failed - 1);
	uint32_t nobody = 0;

	if (!board || !__atomic_compare_exchange_n(&board->failed, &nobody, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	board->error_number = call->result < 0 ? (int32_t)-call->result : 0;
	board->error_pid = program->pid;
	board->error_tid = program->tid;
	board->error_operation = call->op;
	board->error_call = program->failed - 1;
	board->error_label = call->label + 1u;
	copy_label(board->message, program, call->label);
	futex_set(&board->written, 1);
	futex_wake_all(&board->failed);
	futex_add(&board->arrived, 0);
	futex_wake_all(&board->stage);
}

uint64_t blob_main(struct remote_program *program)
{
	if (!run_program(program)) {
		report_failure(program);
		for (;;)
			raw_syscall1(__NR_exit_group, 1);
	}
	/* The last call is a barrier that never opens; main takes over there. */
	for (;;)
		raw_syscall4(__NR_ppoll, 0, 0, 0, 0);
}
