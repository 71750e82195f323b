// SPDX-License-Identifier: GPL-2.0
#include "restore/program.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "board.h"
#include "compel/compel.h"
#include "files/collection.h"
#include "files/files.h"
#include "files/locks.h"
#include "files/plan.h"
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

/* The programs of one task. A newborn assembles its own, and those of tasks that will share its memory. */
struct assembly {
	struct restore *restore;
	struct task *task;
	struct assembly *sharers; /* as task->sharers */
	size_t birth; /* of a sharer: index of the call by which its parent's program makes it */
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
	size_t room = (1 << 20) + restore->board_size + task->thread_count * 64 * 1024 + task->mapping_count * 1024;

	for (size_t i = 0; i < task->sharer_count; i++)
		room += task->sharers[i]->thread_count * 64 * 1024 + task->sharers[i]->table->count * 256;
	return room;
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

/* A sharer is born with a copy of its parent's table, in which all that the newborn was handed is still open. */
static struct error *emit_descriptors(struct assembly *assembly, struct batch *program)
{
	const struct descriptor_table *table = assembly->task->table;
	uint32_t number = handover_number(task_memory_owner(assembly->task), assembly->task);

	for (size_t i = 0; i < table->count; i++) {
		const FdinfoEntry *entry = table->entries[i];
		int handed = handover_find(assembly->handover, HANDED_SHARERS_DESCRIPTOR, number + i);

		if (handed < files_number_limit(assembly->restore)) /* a number of its own is in the way of another */
			return with_hint(fail("could not find room for descriptor %u of a process that shares memory", entry->fd),
					 "Raise the limit of open files (ulimit -n) for criu.");
		batch_call(program, "descriptor", SYS_dup3, handed, entry->fd, entry->flags & FD_CLOEXEC ? O_CLOEXEC : 0);
		common_emit_async(assembly->restore, planned_file_find(assembly->restore, entry->id, entry->type), table, entry->fd,
				  program);
	}
	return NULL;
}

/* The newborn's own numbers of executable and directories are still open here. */
static struct error *emit_directories(struct assembly *assembly, struct batch *program)
{
	const struct handover *handover = assembly->handover;
	uint32_t whose = task_shares_memory(assembly->task) ? assembly->task->index : 0;

	return root_and_cwd_emit(assembly->task, handover_find(handover, HANDED_ROOT, whose),
				 handover_find(handover, HANDED_CWD, whose), program);
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

/* Main and the guardian hear of their numbers by the board, as of everybody's. */
static void emit_sharers(struct assembly *assembly, struct batch *program)
{
	const struct task *owner = task_memory_owner(assembly->task);

	for (size_t i = 0; i < owner->sharer_count; i++) {
		const struct task *sharer = owner->sharers[i];
		uint64_t flags = CLONE_VM | (task_shares_actions(sharer) ? CLONE_SIGHAND : 0) |
				 (task_shares_table(sharer) ? CLONE_FILES : 0) | (task_shares_fs(sharer) ? CLONE_FS : 0);

		if (sharer->parent != assembly->task)
			continue;
		assembly->sharers[i].birth = batch_call(program, "process that shares its memory", REMOTE_CLONE_THREAD, 0,
							sharer->pid, 0, 0, 0, flags | task_exit_signal(sharer));
		batch_call_flags(program, "number of a process that shares its memory", REMOTE_STORE, REMOTE_RESULT(1),
				 assembly->board + offsetof(struct board, rows) + sharer->index * sizeof(struct board_row) +
				     offsetof(struct board_row, host_pid),
				 assembly->sharers[i].birth, 4);
	}
}

/* What a newborn has done before it comes to its program. */
static void emit_birth(const struct task *task, struct batch *program)
{
	batch_call(program, "death with its parent", SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (task->pgid == task->pid)
		batch_call(program, "process group", SYS_setpgid, 0, 0);
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

static bool is_anothers(const struct task_part *part, const struct task *task)
{
	return (part->scope == PART_MEMORY && task_shares_memory(task)) ||
	       (part->scope == PART_ACTIONS && task_shares_actions(task));
}

static struct error *emit_parts(struct assembly *assembly, struct thread *thread, enum phase phase,
				struct batch *program)
{
	bool leader = thread == task_leader(assembly->task);

	for (size_t i = 0; i < PART_COUNT; i++) {
		if (parts[i]->phase != phase || !parts[i]->emit || (parts[i]->scope != PART_THREAD && !leader) ||
		    is_anothers(parts[i], assembly->task))
			continue;
		TRY(with_context(parts[i]->emit(assembly->restore, thread, program), "%s", parts[i]->name));
	}
	return NULL;
}

/* THE PHASES, in order. Threads other than the leader begin at PHASE_IDENTITY. */
static struct error *emit_phase(struct assembly *assembly, struct thread *thread, enum phase phase,
				struct batch *program)
{
	bool leader = thread == task_leader(assembly->task), shares = task_shares_memory(assembly->task);

	if (leader && shares && phase == PHASE_IDENTITY)
		emit_birth(assembly->task, program);
	if (leader && moves_in(assembly, phase))
		TRY(emit_directories(assembly, program));
	if (leader && shares && closes_in(assembly, phase))
		TRY(emit_descriptors(assembly, program));
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
		if (leader && !shares)
			memory_fields_emit(assembly->task, handover_find(assembly->handover, HANDED_EXE, 0), program);
		break;
	case PHASE_THREADS:
		if (leader)
			emit_threads(assembly, program);
		if (leader)
			emit_sharers(assembly, program);
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

		bool is_first = i == 0 && !task_shares_memory(assembly->task);

		for (enum phase phase = is_first ? PHASE_CLEAR : PHASE_IDENTITY; phase < PHASE_COUNT; phase++)
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

static uint64_t place_programs(struct assembly *assembly, uint64_t place)
{
	for (size_t i = 0; i < assembly->task->thread_count; i++) {
		assembly->programs[i] = place;
		place += (batch_room(&assembly->batches[i]) + 63) & ~(uint64_t)63;
		place += STACK_SIZE;
		assembly->stacks[i] = place;
	}
	return place;
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
	for (size_t i = 0; i < task_memory_owner(assembly->task)->sharer_count; i++) {
		const struct assembly *sharer = &assembly->sharers[i];

		if (sharer->task->parent != assembly->task)
			continue;
		leader->calls[sharer->birth].arg[0] = sharer->programs[0];
		leader->calls[sharer->birth].arg[2] = sharer->stacks[0];
	}
	for (size_t i = 0; i < assembly->task->thread_count; i++)
		TRY(batch_place(&assembly->batches[i], (void *)assembly->programs[i], assembly->programs[i],
				assembly->board, assembly->task->index, assembly->task->pid,
				assembly->task->threads[i].tid));
	return NULL;
}

/* one: as far as all assemblies of a newborn agree. */
static struct error *begin(struct assembly *assembly, const struct assembly *one, struct task *task)
{
	size_t count = task->thread_count;

	*assembly = *one;
	assembly->task = task;
	assembly->batches = calloc(count, sizeof(struct batch));
	assembly->clone_calls = calloc(count, sizeof(size_t));
	assembly->programs = calloc(count, sizeof(uint64_t));
	assembly->stacks = calloc(count, sizeof(uint64_t));
	return assembly->batches && assembly->clone_calls && assembly->programs && assembly->stacks ? NULL : out_of_memory();
}

/* all: first the owner of the memory. */
static struct error *assemble(struct assembly *all, size_t count)
{
	size_t used = lay_out(&all[0]);
	uint64_t place_at = (uint64_t)all[0].layout->hole + used;

	for (size_t i = 1; i < count; i++) {
		all[i].board = all[0].board;
		all[i].blob = all[0].blob;
	}
	for (size_t i = 0; i < count; i++)
		TRY(build(&all[i]));
	for (size_t i = 0; i < count; i++)
		place_at = place_programs(&all[i], place_at);
	used = (place_at - (uint64_t)all[0].layout->hole + PAGE - 1) & ~(size_t)(PAGE - 1);
	TRY(map_arena(&all[0], used));
	for (size_t i = 0; i < count; i++)
		TRY(place(&all[i]));
	return NULL;
}

struct error *program_run(struct restore *restore, struct task *task, struct memory_layout *layout,
			  const struct handover *handover)
{
	struct board_row *row = &restore->board->rows[task->index];
	size_t count = 1 + task->sharer_count;
	struct assembly *all = calloc(count, sizeof(*all));
	struct assembly one = { .restore = restore, .layout = layout, .handover = handover, .sharers = all + 1 };

	if (!all)
		return out_of_memory();
	for (size_t i = 0; i < count; i++)
		TRY(begin(&all[i], &one, i ? task->sharers[i - 1] : task));
	TRY(assemble(all, count));
	row->arena_start = (uint64_t)layout->hole;
	row->arena_size = layout->room;
	board_tell(&row->paths_done);
	compel_jump((void *)all[0].blob, (struct remote_program *)all[0].programs[0], (void *)all[0].stacks[0]);
}
