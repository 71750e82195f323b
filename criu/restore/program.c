// SPDX-License-Identifier: GPL-2.0
#include "restore/program.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "board.h"
#include "compel/compel.h"
#include "files/locks.h"
#include "restore/report.h"
#include "support/cleanup.h"
#include "support/log.h"
#include "tasks/memory_fields.h"
#include "tasks/part.h"
#include "tasks/posix_timers.h"
#include "tasks/root_and_cwd.h"

enum { STACK_SIZE = 8192, PAGE = 4096 };

static const struct task_part *const parts[] = {
#define TASK_PART(name) &name##_part,
#include "tasks/parts.h"
#undef TASK_PART
};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

/* What is being assembled in one newborn. */
struct assembly {
	struct restore *restore;
	struct task *task;
	struct memory_layout *layout;
	const struct handover *handover;
	struct batch *batches; /* by thread */
	size_t *clone_calls;   /* by thread: index of the leader's call that starts it */
	uint64_t board;	       /* address of the board in the task */
	uint64_t blob;	       /* and of the code */
	uint64_t *programs;    /* by thread */
	uint64_t *stacks;      /* by thread: top */
};

size_t program_room(const struct restore *restore, const struct task *task)
{
	return (1 << 20) + restore->board_size + task->thread_count * 64 * 1024 + task->mapping_count * 1024;
}

/* ---- phases that are more than parts ---- */

static void emit_unregister_rseq(struct batch *program)
{
	if (__rseq_size)
		batch_call_flags(program, "rseq of the restorer", SYS_rseq, REMOTE_MAY_FAIL,
				 (uint64_t)((char *)__builtin_thread_pointer() + __rseq_offset), 32,
				 1 /* RSEQ_FLAG_UNREGISTER */, RSEQ_SIG);
}

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes every descriptor that the table does not have: ranges between its numbers. */
static void emit_close_others(struct batch *program, const struct task *task)
{
	const struct descriptor_table *table = task->table;
	cleanup_free int *numbers = calloc(table->count + 1, sizeof(int));
	unsigned next = 0;

	for (size_t i = 0; i < table->count; i++)
		numbers[i] = table->entries[i]->fd;
	qsort(numbers, table->count, sizeof(int), compare_numbers);
	for (size_t i = 0; i < table->count; i++) {
		if ((unsigned)numbers[i] > next)
			batch_call(program, "descriptors of the restorer", SYS_close_range, next, numbers[i] - 1, 0);
		next = numbers[i] + 1;
	}
	batch_call(program, "descriptors of the restorer", SYS_close_range, next, UINT_MAX, 0);
}

/* The newborn's own numbers of executable and directories are still open here. */
static struct error *emit_directories(struct assembly *assembly, struct batch *program)
{
	const struct handover *handover = assembly->handover;

	return root_and_cwd_emit(assembly->task, handover_find(handover, HANDED_ROOT, 0),
				 handover_find(handover, HANDED_CWD, 0), program);
}

/* Directories that several share are changed by the first of them. */
static bool moves_in(const struct assembly *assembly, enum phase phase)
{
	return phase == PHASE_IDENTITY && !task_shares_fs(assembly->task);
}

static bool has_own_directories(const struct task *task)
{
	for (size_t i = 1; i < task->thread_count; i++)
		if (root_and_cwd_is_own(&task->threads[i]))
			return true;
	return false;
}

/* A table that several share has what each of them still needs, until all have come to the first barrier. */
static bool closes_in(const struct assembly *assembly, enum phase phase)
{
	const struct task *task = assembly->task;

	return phase == (task_has_sharers(task) || has_own_directories(task) ? PHASE_CHILDREN : PHASE_LIMITS) && task->table->owner == task;
}

static void emit_threads(struct assembly *assembly, struct batch *program)
{
	for (size_t i = 1; i < assembly->task->thread_count; i++)
		assembly->clone_calls[i] =
		    batch_call(program, "thread", REMOTE_CLONE_THREAD, 0, assembly->task->threads[i].tid, 0);
}

/* Zombies stay unreaped; their SIGCHLD is dropped by the signals part that follows. */
static void emit_children(struct assembly *assembly, struct batch *program)
{
	for (const struct task *child = assembly->task->first_child; child; child = child->next_sibling)
		if (child->state == TASK_DEAD)
			batch_call(program, "zombie child", REMOTE_WAIT_ZOMBIE, child->pid);
}

static void emit_barrier(struct assembly *assembly, struct batch *program, enum stage stage)
{
	batch_call(program, "barrier", REMOTE_BARRIER, assembly->board, stage);
}

static struct error *emit_parts(struct assembly *assembly, struct thread *thread, enum phase phase,
				struct batch *program)
{
	bool leader = thread == task_leader(assembly->task);

	for (size_t i = 0; i < PART_COUNT; i++) {
		if (parts[i]->phase != phase || !parts[i]->emit || (parts[i]->scope == PART_TASK && !leader))
			continue;
		TRY(with_context(parts[i]->emit(assembly->restore, thread, program), "%s", parts[i]->name));
	}
	return NULL;
}

/* THE PHASES, in order. Threads other than the leader begin at PHASE_IDENTITY. */
static struct error *emit_phase(struct assembly *assembly, struct thread *thread, enum phase phase,
				struct batch *program)
{
	bool leader = thread == task_leader(assembly->task);

	if (leader && moves_in(assembly, phase))
		TRY(emit_directories(assembly, program));
	if (leader && closes_in(assembly, phase)) /* criu's own descriptors go */
		emit_close_others(program, assembly->task);
	switch (phase) {
	case PHASE_CLEAR: /* criu's own memory goes */
		emit_unregister_rseq(program);
		memory_emit_clear(assembly->restore, assembly->task, assembly->layout, program);
		break;
	case PHASE_MEMORY: /* misplaced mappings to their places, protections, advice */
		TRY(memory_emit(assembly->restore, assembly->task, assembly->layout, program));
		break;
	case PHASE_IDENTITY: /* what the kernel notes about the address space and each thread */
		if (root_and_cwd_is_own(thread))
			root_and_cwd_emit_thread(
			    thread, handover_find(assembly->handover, HANDED_THREAD_ROOT, thread - task_leader(assembly->task)),
			    handover_find(assembly->handover, HANDED_THREAD_CWD, thread - task_leader(assembly->task)),
			    program);
		if (leader)
			memory_fields_emit(assembly->task, handover_find(assembly->handover, HANDED_EXE, 0), program);
		break;
	case PHASE_THREADS:
		if (leader)
			emit_threads(assembly, program);
		break;
	case PHASE_RESTORED: /* main looks at the complete tree, runs hooks, becomes the tracer */
		emit_barrier(assembly, program, STAGE_RESTORED);
		break;
	case PHASE_CHILDREN:
		if (leader)
			emit_children(assembly, program);
		break;
	case PHASE_SIGNALS: /* no descriptor of criu is left, and no mapping's either */
		if (leader)
			locks_emit(assembly->restore, assembly->task, program);
		break;
	case PHASE_GO: /* clocks start as late as possible */
		if (leader)
			arm_posix_timers(thread, program);
		break;
	default:
		break;
	}
	return emit_parts(assembly, thread, phase, program);
}

static struct error *build(struct assembly *assembly)
{
	for (size_t i = assembly->task->thread_count; i-- > 0;) {
		struct thread *thread = &assembly->task->threads[i];

		for (enum phase phase = i ? PHASE_IDENTITY : PHASE_CLEAR; phase < PHASE_COUNT; phase++)
			TRY(emit_phase(assembly, thread, phase, &assembly->batches[i]));
		emit_barrier(assembly, &assembly->batches[i], STAGE_FINAL);
	}
	return NULL;
}

/* Arena: board, blob, then for each thread its program and its stack. */
static size_t lay_out(struct assembly *assembly)
{
	uint64_t place = (uint64_t)assembly->layout->hole;

	assembly->board = place;
	place += assembly->restore->board_size;
	assembly->blob = place;
	place += (compel_restorer.size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	return place - (uint64_t)assembly->layout->hole;
}

static size_t place_programs(struct assembly *assembly, size_t used)
{
	uint64_t place = (uint64_t)assembly->layout->hole + used;

	for (size_t i = 0; i < assembly->task->thread_count; i++) {
		assembly->programs[i] = place;
		place += (batch_room(&assembly->batches[i]) + 63) & ~(uint64_t)63;
		place += STACK_SIZE;
		assembly->stacks[i] = place;
	}
	used = place - (uint64_t)assembly->layout->hole;
	return (used + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static struct error *map_arena(struct assembly *assembly, size_t used)
{
	char *hole = assembly->layout->hole;
	size_t board_size = assembly->restore->board_size;

	if (used > program_room(assembly->restore, assembly->task))
		return fail("the restoring program needs %zu bytes, more than the %zu reserved", used,
			    program_room(assembly->restore, assembly->task));
	if (mmap(hole, board_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, assembly->restore->board_fd, 0) !=
	    hole)
		return fail_errno("could not map the board at %p", (void *)hole);
	if (mmap(hole + board_size, used - board_size, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != hole + board_size)
		return fail_errno("could not map the restoring program at %p", (void *)hole);
	memcpy((void *)assembly->blob, compel_restorer.code, compel_restorer.size);
	return NULL;
}

static struct error *place(struct assembly *assembly)
{
	struct batch *leader = &assembly->batches[0];

	for (size_t i = 1; i < assembly->task->thread_count; i++) {
		leader->calls[assembly->clone_calls[i]].arg[0] = assembly->programs[i];
		leader->calls[assembly->clone_calls[i]].arg[2] = assembly->stacks[i];
	}
	for (size_t i = 0; i < assembly->task->thread_count; i++)
		TRY(batch_place(&assembly->batches[i], (void *)assembly->programs[i], assembly->programs[i],
				assembly->board, assembly->task->index, assembly->task->pid,
				assembly->task->threads[i].tid));
	return NULL;
}

struct error *program_run(struct restore *restore, struct task *task, struct memory_layout *layout,
			  const struct handover *handover)
{
	size_t count = task->thread_count, used;
	struct board_row *row = &restore->board->rows[task->index];
	struct assembly assembly = {
		.restore = restore,
		.task = task,
		.layout = layout,
		.handover = handover,
		.batches = calloc(count, sizeof(struct batch)),
		.clone_calls = calloc(count, sizeof(size_t)),
		.programs = calloc(count, sizeof(uint64_t)),
		.stacks = calloc(count, sizeof(uint64_t)),
	};

	if (!assembly.batches || !assembly.clone_calls || !assembly.programs || !assembly.stacks)
		return out_of_memory();
	used = lay_out(&assembly);
	TRY(build(&assembly));
	used = place_programs(&assembly, used);
	TRY(map_arena(&assembly, used));
	TRY(place(&assembly));
	row->arena_start = (uint64_t)layout->hole;
	row->arena_size = layout->room;
	board_tell(&row->paths_done);
	compel_jump((void *)assembly.blob, (struct remote_program *)assembly.programs[0], (void *)assembly.stacks[0]);
}
