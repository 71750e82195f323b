// SPDX-License-Identifier: GPL-2.0
/* The agent: an arena inside the process with the runner in front and batches behind it. */
#include "compel/internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "compel/arch.h"
#include "support/cleanup.h"
#include "support/fault.h"
#include "support/file.h"

enum { ALIGNMENT = 64, STACK_SIZE = 1024, PAGE = 4096 };

struct compel_agent {
	struct compel_thread *leader;
	uint64_t base, size;   /* the arena */
	uint64_t code, code_size; /* the runner: in the arena's beginning, or in a mapping of its own */
	uint64_t start;	       /* offset in the arena where batches begin */
	uint64_t way_back;     /* the leader's, in the vdso; 0: there is none */
	struct left left;      /* what this says that stays, as several threads are in the arena; or nothing */
	unsigned char *buffer; /* a copy of the arena, written and read in one go */
};

/* One batch in the arena: stack, program, calls, data, way back. Offsets from the arena's base. */
struct slot {
	uint64_t program, calls, data, way_back, end;
};

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static struct slot lay_out(uint64_t at, const struct compel_batch *batch)
{
	struct slot slot;

	slot.program = at + STACK_SIZE;
	slot.calls = round_up(slot.program + sizeof(struct remote_program), ALIGNMENT);
	slot.data = round_up(slot.calls + batch->count * sizeof(struct remote_call), ALIGNMENT);
	slot.way_back = round_up(slot.data + batch->size, ALIGNMENT);
	slot.end = round_up(slot.way_back + compel_way_back.size, ALIGNMENT);
	return slot;
}

size_t compel_batch_room(size_t calls, size_t data_size)
{
	return lay_out(0, &(struct compel_batch){ .count = calls, .size = data_size }).end;
}

static struct error *check_seccomp(const struct compel_thread *thread)
{
	char path[64], *line;
	cleanup_free char *text = NULL;
	size_t length;

	if (thread->seccomp_suspended)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/status", thread->tid);
	TRY(read_file_at(AT_FDCWD, path, &text, &length));
	line = strstr(text, "\nSeccomp:\t");
	if (!line || line[10] == '0')
		return NULL;
	return with_hint(fail_number(EPERM, "cannot run code in thread %d: it is under seccomp", thread->tid),
			 "Suspending seccomp needs CAP_SYS_ADMIN and a caller that is not under seccomp itself.");
}

static struct error *map(const struct compel_agent *agent, uint64_t size, int protection, int64_t *result)
{
	/* In a 32-bit process a 64-bit call looks for room where there is none, unless told. */
	const uint64_t low = agent->leader->compat ? MAP_32BIT : 0;
	const uint64_t arg[6] = { 0, size, (uint64_t)protection, MAP_PRIVATE | MAP_ANONYMOUS | low, (uint64_t)-1, 0 };

	return thread_call(agent->leader, &(struct call){ .number = SYS_mmap, .arg = arg, .quick = true }, result);
}

static bool failed(int64_t result)
{
	return result < 0 && result > -4096;
}

static struct error *cannot_map(const struct compel_agent *agent, int64_t result)
{
	return with_hint(fail_number((int)-result, "could not map memory in process %d", agent->leader->tid),
			 "Its address space limit, number of mappings or a security policy stands in the way.");
}

static struct error *unmap(const struct compel_agent *agent, uint64_t address, uint64_t size)
{
	const uint64_t arg[6] = { address, size };
	int64_t result;

	TRY(thread_call(agent->leader, &(struct call){ .number = SYS_munmap, .arg = arg, .quick = true }, &result));
	if (failed(result))
		return fail_number((int)-result, "could not unmap memory in process %d", agent->leader->tid);
	return NULL;
}

static struct error *unmap_all(struct compel_agent *agent)
{
	if (agent->code != agent->base)
		TRY(unmap(agent, agent->code, agent->code_size));
	agent->code = agent->base; /* it may be tried again */
	return unmap(agent, agent->base, agent->size);
}

/* For a process that may not have memory that is both written and executed. */
static struct error *map_apart(struct compel_agent *agent)
{
	int64_t code, arena;

	if (agent->leader->way_back) /* of what it would unmap there are two now, of other sizes */
		TRY(thread_lay_way_back(agent->leader, 0, NULL));
	TRY(map(agent, agent->code_size, PROT_READ | PROT_EXEC, &code));
	if (failed(code))
		return cannot_map(agent, code);
	TRY(map(agent, agent->size, PROT_READ | PROT_WRITE, &arena));
	if (failed(arena)) {
		TRY(unmap(agent, (uint64_t)code, agent->code_size));
		return cannot_map(agent, arena);
	}
	agent->code = (uint64_t)code;
	agent->base = (uint64_t)arena;
	agent->start = 0;
	return NULL;
}

static struct error *map_arena(struct compel_agent *agent)
{
	int64_t result;

	TRY(map(agent, agent->size, PROT_READ | PROT_WRITE | PROT_EXEC, &result));
	if (result == -EACCES || result == -EPERM)
		return map_apart(agent);
	if (failed(result))
		return cannot_map(agent, result);
	agent->code = agent->base = (uint64_t)result;
	agent->start = agent->code_size;
	return NULL;
}

void compel_forget(struct compel_agent *agent)
{
	if (!agent)
		return;
	free(agent->buffer);
	free(agent);
}

/* The leader has its own registers again, and the vdso is as it was. */
static struct error *leave_way_back(const struct compel_agent *agent)
{
	struct compel_thread *leader = agent->leader;

	if (!agent->way_back)
		return NULL;
	TRY(compel_prepare_all(&leader, 1));
	leader_erase_way_back(leader->tid, agent->way_back);
	return NULL;
}

/* Of an agent that did not come to be. */
static void cleanup_agent(struct compel_agent **agent)
{
	if (*agent)
		error_ignore(leave_way_back(*agent), "leaving a process");
	compel_forget(*agent);
}

struct error *compel_infect(struct compel_thread *leader, size_t size, struct compel_agent **agent)
{
	__attribute__((cleanup(cleanup_agent))) struct compel_agent *new = calloc(1, sizeof(*new));
	struct error *error;

	if (!new)
		return out_of_memory();
	TRY(check_seccomp(leader));
	new->leader = leader;
	new->code_size = round_up(compel_agent.size, ALIGNMENT);
	new->size = round_up(new->code_size + size, PAGE);
	new->buffer = calloc(1, new->size);
	if (!new->buffer)
		return out_of_memory();
	TRY(leader_find_way_back(leader, new->size));
	new->way_back = leader->way_back;
	if (leader->borrowed)
		TRY(thread_enter_way_back(leader));
	TRY(map_arena(new));
	error = compel_write(leader->tid, remote(new->code), compel_agent.code, compel_agent.size);
	if (error) {
		error_ignore(unmap_all(new), "leaving a process whose memory could not be written");
		return error;
	}
	*agent = take_pointer(new);
	return NULL;
}

/* The leader's way back is in place, in the vdso where it can be: that stays when the arena goes. */
static struct error *prepare_leader(const struct compel_agent *agent)
{
	struct compel_thread *leader = agent->leader;

	TRY(thread_prepare_borrow(leader));
	leader->way_back = agent->way_back;
	return leader->way_back && !leader->borrowed ? thread_lay_way_back(leader, agent->size, &agent->left) : NULL;
}

struct error *compel_cure(struct compel_agent *agent)
{
	if (!agent)
		return NULL;
	TRY(prepare_leader(agent));
	TRY(unmap_all(agent));
	TRY(leave_way_back(agent));
	compel_forget(agent);
	return NULL;
}

/* For CRIU_FAULT: a call that is to fail is one that no kernel knows. */
static void let_calls_fail(struct remote_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!(calls[i].flags & REMOTE_MAY_FAIL) && fault(FAULT_injected))
			calls[i].op = REMOTE_UNKNOWN;
}

/* Where the thread of a batch goes if we are killed. */
static struct error *prepare_thread(const struct compel_agent *agent, const struct slot *slot, struct compel_thread *thread)
{
	if (thread == agent->leader && agent->way_back)
		return prepare_leader(agent);
	TRY(thread_prepare_borrow(thread));
	thread->way_back = agent->base + slot->way_back;
	fill_way_back(agent->buffer + slot->way_back, thread, 0);
	return NULL;
}

/* alone: the thread is the only one that is in the arena. */
static void fill_slot(struct compel_agent *agent, const struct slot *slot, const struct compel_batch *batch, bool alone)
{
	struct remote_program program = {
		.mapped = alone && agent->code == agent->base ? agent->base : 0,
		.calls = agent->base + slot->calls,
		.data = agent->base + slot->data,
		.count = (uint32_t)batch->count,
		.stop_signal = (uint32_t)batch->thread->stop_number,
	};

	memcpy(agent->buffer + slot->program, &program, sizeof(program));
	if (batch->count)
		memcpy(agent->buffer + slot->calls, batch->calls, batch->count * sizeof(struct remote_call));
	if (__builtin_expect(fault_groups, 0))
		let_calls_fail((struct remote_call *)(agent->buffer + slot->calls), batch->count);
	if (batch->size)
		memcpy(agent->buffer + slot->data, batch->data, batch->size);
}

static void take_slot(struct compel_agent *agent, const struct slot *slot, struct compel_batch *batch)
{
	struct remote_program program;

	memcpy(&program, agent->buffer + slot->program, sizeof(program));
	batch->failed = program.failed;
	if (batch->count)
		memcpy(batch->calls, agent->buffer + slot->calls, batch->count * sizeof(struct remote_call));
	if (batch->size)
		memcpy(batch->data, agent->buffer + slot->data, batch->size);
}

/* How many of the batches fit at once, and where. */
static size_t plan_round(const struct compel_agent *agent, const struct compel_batch *batches, size_t count,
			 struct slot *slots)
{
	uint64_t at = agent->start;
	size_t fitting = 0;

	while (fitting < count) {
		slots[fitting] = lay_out(at, &batches[fitting]);
		if (slots[fitting].end > agent->size)
			break;
		at = slots[fitting++].end;
	}
	return fitting;
}

static struct error *start(struct compel_agent *agent, const struct slot *slot, struct compel_thread *thread)
{
	struct user_regs_struct registers = thread->registers;

	arch_prepare_call(&registers, agent->code, agent->base + slot->program, agent->base + slot->program,
			  thread->way_back);
	TRY(thread_set_registers(thread, &registers));
	return thread_resume(thread, PTRACE_CONT);
}

/* Waits for all that were started, also after a failure: none may be left running. */
static struct error *run_threads(struct compel_agent *agent, const struct slot *slots, struct compel_batch *batches,
				 size_t count)
{
	struct error *error = NULL;
	size_t started = 0;

	while (started < count && !error) {
		error = start(agent, &slots[started], batches[started].thread);
		if (!error)
			started++;
	}
	for (size_t i = 0; i < started; i++) {
		struct error *failed = thread_wait_for(batches[i].thread, WANT_SIGNAL);

		if (!failed) {
			batches[i].thread->unparked = false;
			failed = thread_return_section(batches[i].thread);
		}
		if (error)
			error_free(failed);
		else
			error = failed;
	}
	return error;
}

static struct error *run_round(struct compel_agent *agent, const struct slot *slots, struct compel_batch *batches,
			       size_t count, bool alone)
{
	uint64_t length = slots[count - 1].end - agent->start;
	struct remote_address at = remote(agent->base + agent->start);

	for (size_t i = 0; i < count; i++) {
		TRY(prepare_thread(agent, &slots[i], batches[i].thread));
		fill_slot(agent, &slots[i], &batches[i], alone);
	}
	TRY(compel_write(agent->leader->tid, at, agent->buffer + agent->start, length));
	for (size_t i = 0; i < count; i++)
		TRY(thread_borrow(batches[i].thread));
	TRY(run_threads(agent, slots, batches, count));
	TRY(compel_read(agent->leader->tid, at, agent->buffer + agent->start, length));
	for (size_t i = 0; i < count; i++)
		take_slot(agent, &slots[i], &batches[i]);
	return NULL;
}

/* Several threads will be in the arena, so that none of them can unmap it: the way back in the vdso names it. */
static struct error *note_left(struct compel_agent *agent)
{
	if (!agent->way_back || agent->left.code)
		return NULL;
	agent->left = (struct left){ .code = agent->base, .code_size = agent->size };
	if (agent->code != agent->base)
		agent->left = (struct left){ agent->code, agent->code_size, agent->base, agent->size };
	if (!agent->leader->borrowed)
		return NULL;
	TRY(thread_lay_way_back(agent->leader, agent->size, &agent->left));
	return thread_enter_way_back(agent->leader); /* the answer of mmap is in its registers */
}

/* Before their part of the arena is used for something else. */
static struct error *return_threads(const struct compel_batch *batches, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct compel_thread *thread = batches[i].thread;

		TRY(compel_prepare_all(&thread, 1));
	}
	return NULL;
}

struct error *compel_run(struct compel_agent *agent, struct compel_batch *batches, size_t count)
{
	cleanup_free struct slot *slots = calloc(count ? count : 1, sizeof(*slots));
	bool alone = count == 1 && batches->thread == agent->leader && agent->way_back;

	if (!slots)
		return out_of_memory();
	if (!alone)
		TRY(note_left(agent));
	while (count) {
		size_t now = plan_round(agent, batches, count, slots);

		if (!now)
			return fail("cannot run a batch of %zu calls and %zu bytes: the arena is too small", batches->count,
				    batches->size);
		TRY(run_round(agent, slots, batches, now, alone));
		if (!alone)
			TRY(return_threads(batches, now));
		batches += now;
		count -= now;
	}
	return NULL;
}
