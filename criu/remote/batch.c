// SPDX-License-Identifier: GPL-2.0
/* Building batches, placing them as programs, running them in agents. */
#include "remote/batch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "support/cleanup.h"
#include "support/fault.h"

enum {
	DATA_ALIGNMENT = 64,
	/* Labels that were used lately are found again; older ones are stored once more. */
	LABELS_TO_COMPARE = 16,
	LABELS_MOST = UINT16_MAX,
};

void batch_free(struct batch *batch)
{
	free(batch->calls);
	free(batch->data);
	free(batch->text);
	free(batch->labels);
	*batch = (struct batch){};
}

void batch_clear(struct batch *batch)
{
	batch->count = batch->size = batch->text_size = batch->label_count = 0;
	batch->exhausted = false;
	batch->failed = 0;
}

/* Room for `more` elements behind `count`; false and exhausted when there is no memory. */
static bool make_room(struct batch *batch, void **array, size_t count, size_t more, size_t *capacity, size_t element)
{
	size_t wanted = *capacity ? *capacity : 16;
	void *grown;

	if (count + more <= *capacity)
		return true;
	while (wanted < count + more)
		wanted *= 2;
	grown = realloc(*array, wanted * element);
	if (!grown) {
		batch->exhausted = true;
		return false;
	}
	*array = grown;
	*capacity = wanted;
	return true;
}

static uint16_t store_label(struct batch *batch, const char *label)
{
	size_t length = strlen(label) + 1;
	size_t first = batch->label_count > LABELS_TO_COMPARE ? batch->label_count - LABELS_TO_COMPARE : 0;

	for (size_t i = batch->label_count; i-- > first;)
		if (strcmp(batch->text + batch->labels[i], label) == 0)
			return (uint16_t)i;
	if (batch->label_count > LABELS_MOST)
		return LABELS_MOST;
	if (!make_room(batch, (void **)&batch->labels, batch->label_count, 1, &batch->label_capacity, sizeof(uint32_t)) ||
	    !make_room(batch, (void **)&batch->text, batch->text_size, length, &batch->text_capacity, 1))
		return 0;
	batch->labels[batch->label_count] = (uint32_t)batch->text_size;
	memcpy(batch->text + batch->text_size, label, length);
	batch->text_size += length;
	return (uint16_t)batch->label_count++;
}

size_t batch_add(struct batch *batch, const char *label, long number, uint32_t flags, const uint64_t arg[6])
{
	struct remote_call *call;

	if (!make_room(batch, (void **)&batch->calls, batch->count, 1, &batch->capacity, sizeof(*call)))
		return 0;
	call = &batch->calls[batch->count];
	*call = (struct remote_call){ .op = (uint16_t)number, .flags = flags, .label = store_label(batch, label) };
	memcpy(call->arg, arg, sizeof(call->arg));
	return batch->count++;
}

size_t batch_data_aligned(struct batch *batch, const void *bytes, size_t length, size_t alignment)
{
	size_t offset = (batch->size + alignment - 1) / alignment * alignment;

	if (!make_room(batch, (void **)&batch->data, offset, length, &batch->data_capacity, 1))
		return 0;
	if (offset + length > batch->size)
		memset(batch->data + batch->size, 0, offset + length - batch->size);
	if (bytes && length)
		memcpy(batch->data + offset, bytes, length);
	batch->size = offset + length;
	return offset;
}

size_t batch_data(struct batch *batch, const void *bytes, size_t length)
{
	return batch_data_aligned(batch, bytes, length, 8);
}

size_t batch_string(struct batch *batch, const char *text)
{
	return batch_data(batch, text, strlen(text) + 1);
}

size_t batch_link(struct batch *batch, size_t where, size_t target)
{
	return batch_call_flags(batch, "pointer", REMOTE_STORE, REMOTE_DATA(0) | REMOTE_DATA(1), where, target, 8);
}

size_t batch_store_result(struct batch *batch, size_t where, size_t call, unsigned width)
{
	return batch_call_flags(batch, "result", REMOTE_STORE, REMOTE_DATA(0) | REMOTE_RESULT(1), where, call, width);
}

int64_t batch_result(const struct batch *batch, size_t call)
{
	return batch->calls[call].result;
}

void *batch_pointer(const struct batch *batch, size_t offset)
{
	return batch->data + offset;
}

const char *batch_label(const struct batch *batch, size_t call)
{
	return batch->text + batch->labels[batch->calls[call].label];
}

struct error *batch_error(const struct batch *batch)
{
	size_t call = batch->failed - 1;
	const char *name;
	int64_t result;

	if (!batch->failed)
		return NULL;
	result = batch->calls[call].result;
	name = batch_operation_name(batch->calls[call].op);
	return with_detail(fail_number(result < 0 ? (int)-result : 0, "could not ask for %s", batch_label(batch, call)),
			   "%s returned %lld", name ? name : "an unknown call", (long long)result);
}

struct error *batch_run(struct compel_agent *agent, struct compel_thread *const *threads,
			struct batch *const *batches, size_t count)
{
	cleanup_free struct compel_batch *runs = calloc(count ? count : 1, sizeof(*runs));

	if (!runs)
		return out_of_memory();
	for (size_t i = 0; i < count; i++) {
		if (batches[i]->exhausted)
			return out_of_memory();
		runs[i] = (struct compel_batch){ .thread = threads[i],
						 .calls = batches[i]->calls,
						 .count = batches[i]->count,
						 .data = batches[i]->data,
						 .size = batches[i]->size };
	}
	TRY(compel_run(agent, runs, count));
	for (size_t i = 0; i < count; i++) {
		batches[i]->failed = runs[i].failed;
		TRY(with_context(batch_error(batches[i]), "thread %d", threads[i]->tid));
	}
	return NULL;
}

static size_t round_up(size_t value)
{
	return (value + DATA_ALIGNMENT - 1) / DATA_ALIGNMENT * DATA_ALIGNMENT;
}

/* Where the pieces of a placed program are, from its start. */
struct placement {
	size_t calls, labels, data, end;
};

static struct placement lay_out(const struct batch *batch)
{
	struct placement place;

	place.calls = round_up(sizeof(struct remote_program));
	place.labels = place.calls + batch->count * sizeof(struct remote_call);
	place.data = round_up(place.labels + batch->label_count * sizeof(uint32_t) + batch->text_size);
	place.end = round_up(place.data + batch->size);
	return place;
}

size_t batch_room(const struct batch *batch)
{
	return lay_out(batch).end;
}

/* What is empty has no address. */
static void copy(void *to, const void *from, size_t size)
{
	if (size)
		memcpy(to, from, size);
}

struct error *batch_place(const struct batch *batch, void *memory, uint64_t address, uint64_t board, uint32_t row,
			  int32_t pid, int32_t tid)
{
	struct placement place = lay_out(batch);
	char *to = memory;
	uint32_t *labels = (uint32_t *)(to + place.labels);

	if (batch->exhausted)
		return out_of_memory();
	*(struct remote_program *)memory = (struct remote_program){
		.calls = address + place.calls,
		.data = address + place.data,
		.labels = address + place.labels,
		.count = (uint32_t)batch->count,
		.board = board,
		.row = row,
		.pid = pid,
		.tid = tid,
	};
	copy(to + place.calls, batch->calls, batch->count * sizeof(struct remote_call));
	for (size_t i = 0; __builtin_expect(fault_groups, 0) && i < batch->count; i++)
		if (!(batch->calls[i].flags & REMOTE_MAY_FAIL) && fault(FAULT_injected))
			((struct remote_call *)(to + place.calls))[i].op = REMOTE_UNKNOWN;
	for (size_t i = 0; i < batch->label_count; i++)
		labels[i] = (uint32_t)(batch->labels[i] + batch->label_count * sizeof(uint32_t));
	copy(labels + batch->label_count, batch->text, batch->text_size);
	copy(to + place.data, batch->data, batch->size);
	return NULL;
}

const char *batch_operation_name(unsigned number)
{
#define SYSTEM_CALL(name, number) [number] = #name,
	static const char *const system_calls[] = {
#include "system_call_names.h"
	};
#undef SYSTEM_CALL
	static const char *const special[] = {
		[REMOTE_READ_PAGES - REMOTE_SPECIAL] = "read_pages",
		[REMOTE_CLONE_THREAD - REMOTE_SPECIAL] = "clone_thread",
		[REMOTE_BARRIER - REMOTE_SPECIAL] = "barrier",
		[REMOTE_POSIX_TIMER - REMOTE_SPECIAL] = "posix_timer",
		[REMOTE_WAIT_ZOMBIE - REMOTE_SPECIAL] = "wait_zombie",
		[REMOTE_STORE - REMOTE_SPECIAL] = "store",
		[REMOTE_LOAD - REMOTE_SPECIAL] = "load",
	};

	if (number >= REMOTE_SPECIAL)
		return number < REMOTE_SPECIAL_END ? special[number - REMOTE_SPECIAL] : NULL;
	return number < sizeof(system_calls) / sizeof(system_calls[0]) ? system_calls[number] : NULL;
}

/* Numbers a person thinks of in decimal are printed so: small ones, and small negative ones. */
static void print_argument(const struct remote_call *call, unsigned i, FILE *stream)
{
	uint64_t value = call->arg[i];

	if (call->flags & REMOTE_DATA(i))
		fprintf(stream, "data+0x%llx", (unsigned long long)value);
	else if (call->flags & REMOTE_RESULT(i))
		fprintf(stream, "#%llu", (unsigned long long)value);
	else if ((int64_t)value < 0 && (int64_t)value > -4096)
		fprintf(stream, "%lld", (long long)value);
	else if (value < 10)
		fprintf(stream, "%llu", (unsigned long long)value);
	else
		fprintf(stream, "0x%llx", (unsigned long long)value);
}

static void print_call(const struct batch *batch, size_t index, FILE *stream)
{
	const struct remote_call *call = &batch->calls[index];
	const char *name = call->flags & REMOTE_COMPAT ? "ia32" : batch_operation_name(call->op);
	unsigned last = 6;

	while (last > 0 && call->arg[last - 1] == 0 && !(call->flags & (REMOTE_DATA(last - 1) | REMOTE_RESULT(last - 1))))
		last--;
	fprintf(stream, "%zu \"%s\" %s(", index, batch_label(batch, index), name ? name : "?");
	for (unsigned i = 0; i < last; i++) {
		fputs(i ? ", " : "", stream);
		print_argument(call, i, stream);
	}
	fprintf(stream, ")%s%s%s\n", call->flags & REMOTE_EXACT ? " exact" : "",
		call->flags & REMOTE_MAY_FAIL ? " may fail" : "",
		call->flags & REMOTE_SKIP_IF_FAILED ? " unless the one before failed" : "");
}

void batch_text(const struct batch *batch, FILE *stream)
{
	for (size_t i = 0; i < batch->count; i++)
		print_call(batch, i, stream);
}
