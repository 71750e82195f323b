// SPDX-License-Identifier: GPL-2.0
/* The batch builder: text, data, labels, and a placed program. */
#include "remote/batch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../tap.h"

static char *text_of(const struct batch *batch)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	batch_text(batch, stream);
	fclose(stream);
	return text;
}

static void build(struct batch *batch)
{
	const char bytes[3] = { 1, 2, 3 };
	size_t first = batch_data(batch, bytes, sizeof(bytes));
	size_t second = batch_data_aligned(batch, NULL, 10, 64);
	size_t word = batch_string(batch, "word");
	size_t call;

	batch_call(batch, "heap", SYS_mmap, 0x1000, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	call = batch_call_flags(batch, "heap", SYS_mremap, REMOTE_EXACT, 0x1000, 0x2000, 0x2000, 3, 0x7000);
	batch_call_flags(batch, "timer 3", SYS_timer_create, REMOTE_MAY_FAIL | REMOTE_DATA(1) | REMOTE_RESULT(2), 1, first,
			 call);
	batch_call_flags(batch, "pid", SYS_getpid, REMOTE_SKIP_IF_FAILED);
	batch_link(batch, second, word);
	batch_store_result(batch, second, call, 4);
	batch_call(batch, "stage", REMOTE_BARRIER, 0xabcd000, 2);
}

static const char *const expected =
	"0 \"heap\" mmap(0x1000, 0x2000, 3, 0x22, -1)\n"
	"1 \"heap\" mremap(0x1000, 0x2000, 0x2000, 3, 0x7000) exact\n"
	"2 \"timer 3\" timer_create(1, data+0x0, #1) may fail\n"
	"3 \"pid\" getpid() unless the one before failed\n"
	"4 \"pointer\" store(data+0x40, data+0x50, 8)\n"
	"5 \"result\" store(data+0x40, #1, 4)\n"
	"6 \"stage\" barrier(0xabcd000, 2)\n";

static void check_text(void)
{
	batch_cleanup struct batch batch = {};
	char *text;

	build(&batch);
	text = text_of(&batch);
	check(strcmp(text, expected) == 0, "a batch is printed");
	if (strcmp(text, expected) != 0)
		printf("# %s", text);
	free(text);
	check(batch.label_count == 6, "equal labels are stored once");
	check(strcmp(batch_pointer(&batch, 80), "word") == 0 && batch_result(&batch, 0) == 0, "data and results can be reached");
	batch_clear(&batch);
	build(&batch);
	text = text_of(&batch);
	check(strcmp(text, expected) == 0, "a batch can be used again");
	free(text);
}

static void check_place(void)
{
	static char memory[4096] __attribute__((aligned(64)));
	batch_cleanup struct batch batch = {};
	const struct remote_program *program = (const struct remote_program *)memory;
	const uint64_t address = 0x70000000;
	const uint32_t *labels;
	const struct remote_call *calls;

	build(&batch);
	check(batch_room(&batch) <= sizeof(memory) && batch_room(&batch) % 64 == 0, "the room is known");
	error_free(batch_place(&batch, memory, address, 0x1234000, 7, 42, 43));
	check(program->count == 7 && program->board == 0x1234000 && program->row == 7 && program->pid == 42 && program->tid == 43,
	   "a program is placed");
	calls = (const struct remote_call *)(memory + (program->calls - address));
	labels = (const uint32_t *)(memory + (program->labels - address));
	check(memcmp(calls, batch.calls, 7 * sizeof(*calls)) == 0, "with its calls");
	check(program->data % 64 == 0 && strcmp(memory + (program->data - address) + 80, "word") == 0, "and its data");
	check(strcmp((const char *)labels + labels[calls[2].label], "timer 3") == 0, "and its labels");
}

static void check_many(void)
{
	batch_cleanup struct batch batch = {};
	char label[32];

	for (int i = 0; i < 70000; i++) {
		snprintf(label, sizeof(label), "thing %d", i);
		batch_call(&batch, label, SYS_getpid);
	}
	check(strcmp(batch_label(&batch, 65000), "thing 65000") == 0, "labels by the thousand");
	check(batch.count == 70000 && strncmp(batch_label(&batch, 69999), "thing", 5) == 0,
	   "when the label numbers end, calls still have one");
}

static void check_failure(void)
{
	batch_cleanup struct batch batch = {};
	struct error *error;

	build(&batch);
	check(batch_error(&batch) == NULL, "a batch that did not fail has no error");
	batch.failed = 3;
	batch.calls[2].result = -EAGAIN;
	error = batch_error(&batch);
	check(error && error->number == EAGAIN && strstr(error->message, "timer 3") && strstr(error->detail, "timer_create"),
	   "one that did has the label and the name of the call");
	error_free(error);
	check(batch_operation_name(60000) == NULL && batch_operation_name(SYS_read) != NULL, "numbers have names, or none");
}

int main(void)
{
	check_text();
	check_place();
	check_many();
	check_failure();
	return tap_end();
}
