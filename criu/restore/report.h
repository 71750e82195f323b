// SPDX-License-Identifier: GPL-2.0
/*
 * The board from libc's side: processes of a restore arrive at stages and report errors;
 * main opens stages, notices errors and deaths. board.h has the layout.
 */
#pragma once

#include "board.h"
#include "model/run.h"
#include "support/error.h"

/* Stages in order. Those from STAGE_RESTORED on are reached inside the programs. */
enum stage {
	STAGE_BORN = 1, /* every process exists, leaders have made their groups */
	STAGE_GROUPS,	/* everybody else has joined */
	STAGE_MOVED,	/* leaders that moved on are where they belong; zombies may die */
	STAGE_RESTORED, /* every thread is complete but for signals, credentials and timers */
	STAGE_FINAL,	/* arrived: all done. Never opened: main catches the threads there */
};

/* main: the board in shared memory, one row per task; its descriptor is kept for the programs. */
struct error *board_make(struct restore *restore) must_check;
/* Any process of the restore: arrive, and wait until main opens the stage. Ends the process
 * when the restore has failed meanwhile. */
void board_arrive(struct restore *restore, enum stage stage);
/* Words of a row (board.h) that a newborn sets for those that share its table or directories. */
void board_tell(uint32_t *word);
/* A newborn: waits until another one has told it. Ends the process when the restore has failed meanwhile. */
void board_await_word(struct restore *restore, uint32_t *word);
/* Any process but main: the first error wins; then ends the process. error may be NULL (end quietly). */
void report_and_exit(struct restore *restore, const struct task *task, struct error *error) __attribute__((noreturn));
/* main: waits until count arrivals; an error on the board or the death of a process that
 * has not arrived becomes the error. */
struct error *board_await(struct restore *restore, enum stage stage, size_t count) must_check;
/* main: opens a stage. */
void board_open(struct restore *restore, enum stage stage);
/* main: tells everybody that the restore has failed. */
void board_abort(struct restore *restore);
/* main: the reported error, or NULL. */
struct error *board_error(struct restore *restore) must_check;
