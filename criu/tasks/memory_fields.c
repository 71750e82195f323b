// SPDX-License-Identifier: GPL-2.0
/*
 * memory_fields: what the kernel notes about an address space: code, data, heap, stack,
 * argument and environment areas, the auxiliary vector and the executable's link.
 * PR_SET_MM_MAP (prctl(2)) sets them all at once; the old executable must not be mapped any
 * more then. Also the switch that turns transparent huge pages off.
 */
#include <fcntl.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "files/files.h"
#include "kernel/proc/stat.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/memory_fields.h"
#include "tasks/part.h"

enum { AUXV_WORDS = 64 }; /* no kernel has more; what this one takes it says itself */

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	batch_call_flags(batch, "huge page switch", SYS_prctl, REMOTE_MAY_FAIL, PR_GET_THP_DISABLE, 0, 0, 0, 0);
	batch_call_flags(batch, "program break", SYS_brk, 0, 0);
	return NULL;
}

static struct error *dump_auxv(struct dump *dump, struct task *task)
{
	cleanup_free char *data = NULL;
	size_t length, words = 0;

	TRY(read_file_at(task->proc_fd, "auxv", &data, &length));
	if (task_leader(task)->tracee.compat) {
		words = length / sizeof(uint32_t);
		task->mm->mm_saved_auxv = arena_array(dump->arena, uint64_t, words);
		for (size_t i = 0; i < words; i++)
			task->mm->mm_saved_auxv[i] = ((const uint32_t *)data)[i];
	} else {
		task->mm->mm_saved_auxv = arena_copy(dump->arena, data, length);
		words = length / sizeof(uint64_t);
	}
	/* The end mark is implied, and older readers have room for 44 words only. */
	while (words >= 2 && !task->mm->mm_saved_auxv[words - 1] && !task->mm->mm_saved_auxv[words - 2])
		words -= 2;
	if (words > AUXV_WORDS)
		return fail("cannot save task %d: its auxiliary vector has %zu words", task->pid, words);
	task->mm->n_mm_saved_auxv = words;
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	const struct proc_stat *stat = thread->task->stat;
	MmEntry *mm = thread->task->mm;
	int64_t thp = answer_result(answers, 0);
	uint32_t exe;

	mm->mm_start_code = stat->start_code;
	mm->mm_end_code = stat->end_code;
	mm->mm_start_data = stat->start_data;
	mm->mm_end_data = stat->end_data;
	mm->mm_start_stack = stat->start_stack;
	mm->mm_start_brk = stat->start_brk;
	mm->mm_brk = answer_result(answers, 1);
	mm->mm_arg_start = stat->arg_start;
	mm->mm_arg_end = stat->arg_end;
	mm->mm_env_start = stat->env_start;
	mm->mm_env_end = stat->env_end;
	SET(mm, thp_disabled, thp > 0);
	if (thp > 1) /* bit 0 is the switch, the rest are flags */
		SET(mm, thp_disable_flags, thp & ~1);
	TRY(files_register_link(dump, thread->task, "exe", O_RDONLY, &exe));
	mm->exe_file_id = exe;
	return dump_auxv(dump, thread->task);
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	if (thread->task->mm->n_mm_saved_auxv > AUXV_WORDS)
		return fail("the image is damaged: auxiliary vector of %zu words", thread->task->mm->n_mm_saved_auxv);
	return NULL;
}

/* The vector as the program has it; bytes that are used. */
static size_t auxv_of(const struct task *task, uint64_t out[AUXV_WORDS])
{
	const MmEntry *mm = task->mm;

	if (!arch_core_is_compat(task->threads[0].core)) {
		memcpy(out, mm->mm_saved_auxv, mm->n_mm_saved_auxv * sizeof(uint64_t));
		return mm->n_mm_saved_auxv * sizeof(uint64_t);
	}
	for (size_t i = 0; i < mm->n_mm_saved_auxv; i++)
		((uint32_t *)out)[i] = mm->mm_saved_auxv[i];
	return mm->n_mm_saved_auxv * sizeof(uint32_t);
}

void memory_fields_emit(const struct task *task, int exe_fd, struct batch *program)
{
	const MmEntry *mm = task->mm;
	uint64_t vector[AUXV_WORDS];
	struct prctl_mm_map map = {
		.start_code = mm->mm_start_code,
		.end_code = mm->mm_end_code,
		.start_data = mm->mm_start_data,
		.end_data = mm->mm_end_data,
		.start_brk = mm->mm_start_brk,
		.brk = mm->mm_brk,
		.start_stack = mm->mm_start_stack,
		.arg_start = mm->mm_arg_start,
		.arg_end = mm->mm_arg_end,
		.env_start = mm->mm_env_start,
		.env_end = mm->mm_env_end,
		.auxv_size = auxv_of(task, vector),
		.exe_fd = exe_fd,
	};
	uint64_t auxv = batch_data(program, vector, map.auxv_size);
	uint64_t place = batch_data(program, &map, sizeof(map));

	/* The map's pointer to the vector must become an address: the runner adds the data base. */
	batch_link(program, place + offsetof(struct prctl_mm_map, auxv), auxv);
	batch_call_flags(program, "memory fields", SYS_prctl, REMOTE_DATA(2), PR_SET_MM, PR_SET_MM_MAP, place,
			 sizeof(map), 0);
	if (mm->has_thp_disabled && mm->thp_disabled)
		batch_call_flags(program, "huge page switch", SYS_prctl, 0, PR_SET_THP_DISABLE, 1,
				 mm->thp_disable_flags, 0, 0);
}

const struct task_part memory_fields_part = {
	.name = "memory_fields",
	.scope = PART_TASK,
	.phase = PHASE_IDENTITY,
	.ask = ask,
	.dump = dump,
	.plan = plan,
};
