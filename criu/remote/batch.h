// SPDX-License-Identifier: GPL-2.0
/*
 * A batch: calls to be executed inside another process, and the data they use. Dump builds
 * one per thread and asks (batch_run); restore builds one per thread and places it as the
 * program that turns a newborn into a task (batch_place). Building needs no process and no
 * privilege, so a batch can be compared as text. Used by main (dump) and by newborns
 * (restore). The batch owns everything that is added: bytes and labels are copied.
 *
 *	size_t value = batch_data(b, NULL, sizeof(struct itimerval));
 *	size_t call = batch_call_flags(b, "interval timer", SYS_getitimer, REMOTE_DATA(1), ITIMER_REAL, value);
 *	... batch_run() ...
 *	batch_result(b, call), batch_pointer(b, value)
 *
 * Nothing here returns an error: when memory ends, the batch is marked as exhausted and
 * batch_run() and batch_place() fail.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "compel/compel.h"
#include "remote_call.h"
#include "support/error.h"

struct batch {
	struct remote_call *calls;
	size_t count, capacity;
	unsigned char *data; /* 64-byte aligned where it is executed */
	size_t size, data_capacity;
	char *text; /* the labels, each with its NUL */
	size_t text_size, text_capacity;
	uint32_t *labels; /* label number -> offset in text */
	size_t label_count, label_capacity;
	bool exhausted;
	uint32_t failed; /* after batch_run(): 1 + index of the call that ended it early, or 0 */
};
/* An empty batch: struct batch b = {}; or batch_init. */
#define batch_cleanup __attribute__((cleanup(batch_free)))

void batch_free(struct batch *batch);
/* Empties it but keeps its memory for the next use. */
void batch_clear(struct batch *batch);

/* Appends a call and returns its index. label says what is being done in the words of a
 * user, so that "could not restore LABEL" reads well ("seccomp filter", "timer 3"). */
size_t batch_add(struct batch *batch, const char *label, long number, uint32_t flags, const uint64_t arg[6]);
/* The usual way: up to six integer arguments; addresses are cast to uint64_t by the caller. */
#define batch_call(batch, label, number, ...) \
	batch_add(batch, label, number, 0, (const uint64_t[6]){ __VA_ARGS__ })
/* flags: REMOTE_DATA(i), REMOTE_RESULT(i), REMOTE_MAY_FAIL, ... of remote_call.h. */
#define batch_call_flags(batch, label, number, flags, ...) \
	batch_add(batch, label, number, flags, (const uint64_t[6]){ __VA_ARGS__ })

/* Copies bytes (zeroes when NULL) into the batch's data and returns their offset, which is
 * a multiple of 8; pass it as argument i with REMOTE_DATA(i). */
size_t batch_data(struct batch *batch, const void *bytes, size_t length);
/* The same with another alignment (a power of two up to 64). */
size_t batch_data_aligned(struct batch *batch, const void *bytes, size_t length, size_t alignment);
/* A NUL-terminated text as data. */
size_t batch_string(struct batch *batch, const char *text);
/* Appends a call that makes the word of data at offset `where` point to the data at offset
 * `target`: for structs that hold addresses (iovec, msghdr, sock_fprog). */
size_t batch_link(struct batch *batch, size_t where, size_t target);
/* Appends a call that stores the result of an earlier call in the data: width 4 or 8 bytes. */
size_t batch_store_result(struct batch *batch, size_t where, size_t call, unsigned width);

/* What a call returned: negative errno on failure. Before the batch has run: 0. */
int64_t batch_result(const struct batch *batch, size_t call);
/* The batch's data at an offset; valid until the next thing is added. */
void *batch_pointer(const struct batch *batch, size_t offset);
/* The label of a call. */
const char *batch_label(const struct batch *batch, size_t call);
/* For an unexpected failure (batch->failed): "could not ask for LABEL" with the system call
 * as detail; NULL when nothing failed. */
struct error *batch_error(const struct batch *batch) must_check;

/* Dump: runs batches in stopped threads of one infected process, all at once. batches[i]
 * runs in threads[i]; afterwards results, data and failed are filled in. A call that failed
 * unexpectedly is an error here. */
struct error *batch_run(struct compel_agent *agent, struct compel_thread *const *threads,
			struct batch *const *batches, size_t count) must_check;

/* Restore: how many bytes batch_place() needs for this batch. */
size_t batch_room(const struct batch *batch);
/* Restore: writes struct remote_program, calls, labels and data to memory, for execution at
 * the given address (both 64-byte aligned; address may differ from memory when the bytes
 * are moved later). The program is the first thing there. board: its address in the task,
 * or 0; pid and tid: as messages shall name the task. */
struct error *batch_place(const struct batch *batch, void *memory, uint64_t address, uint64_t board, uint32_t row,
			  int32_t pid, int32_t tid) must_check;

/* Readable text, one line per call, for tests and debug logs:
 *	12 "heap" mmap(0x1000, 0x2000, 3, 0x32, -1) exact
 * Data is written as data+0x40, results of earlier calls as #3; zeroes at the end are left out. */
void batch_text(const struct batch *batch, FILE *stream);
/* The name of a system call or special operation, or NULL. Static text. */
const char *batch_operation_name(unsigned number);
