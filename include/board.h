// SPDX-License-Identifier: GPL-2.0
/*
 * The board: the only writable memory that the processes of a restore share. main opens
 * stages, everybody else arrives at them; the first error wins. Freestanding. All
 * 32-bit words are accessed atomically and used as futexes.
 */
#pragma once

#include <stdint.h>

enum { BOARD_TEXT = 1024 };

struct board_row {
	int32_t host_pid; /* written once by main (clone's answer) or the newborn's parent */
	int32_t state;	  /* for messages: last stage reached */
	uint32_t address; /* mailbox of the newborn, see restore/handover.c */
	uint32_t table_ready; /* 1: all descriptors of its table are there */
	uint32_t paths_done;  /* 1: the newborn needs no path any more */
	uint32_t unused;
	uint64_t arena_start, arena_size; /* what main unmaps when it has caught the task */
};

struct board {
	uint32_t stage;	  /* highest stage that main has opened */
	uint32_t arrived; /* arrivals at the stage after that; main resets it before opening */
	uint32_t failed;  /* 0, or 1 when an error was reported (compare and exchange) */
	uint32_t written; /* 1 once the fields of the error are complete */
	int32_t error_number;
	int32_t error_pid, error_tid; /* as the image calls them */
	uint32_t error_label;	      /* not 0: a blob's call failed (its label + 1); message holds the label's text */
	uint32_t error_operation;     /* of a blob's call: enum remote_op */
	uint32_t error_call;	      /* its index in the program */
	char message[BOARD_TEXT], detail[BOARD_TEXT], hint[BOARD_TEXT];
	uint32_t released;    /* 1: the tree is complete, and nothing of it is taken back any more */
	int32_t opener_pid;   /* written by main, 0 when it has been waited for */
	int64_t time[2]; /* a struct timespec for calls that main has a thread make */
	uint32_t row_count;
	struct board_row rows[];
};
