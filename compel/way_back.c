// SPDX-License-Identifier: GPL-2.0
/*
 * The way back of a thread: code that puts it right when its tracer is killed. The kernel lets the threads of a dead
 * tracer run on with the registers that they have, so these are never others than its own, those of our code, which ends
 * in the way back, or those of the way back itself. One lies in the vdso, behind everything that is used there: nothing
 * else is in the process when the first call is made in it.
 */
#include "compel/internal.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "compel/arch.h"
#include "support/cleanup.h"

enum { STEPS_MOST = 10000 };

struct error *thread_lay_way_back(const struct compel_thread *thread, uint64_t mapped_size, const struct left *left)
{
	unsigned char copy[WAY_BACK_MOST];

	memcpy(copy, compel_way_back.code, compel_way_back.size);
	arch_fill_way_back(copy, thread, mapped_size, left);
	return compel_write(thread->tid, remote(thread->way_back), copy, compel_way_back.size);
}

void fill_way_back(void *copy, const struct compel_thread *thread, uint64_t mapped_size)
{
	memcpy(copy, compel_way_back.code, compel_way_back.size);
	arch_fill_way_back(copy, thread, mapped_size, NULL);
}

struct error *thread_enter_way_back(struct compel_thread *thread)
{
	struct user_regs_struct registers = thread->registers;

	if (!thread->way_back)
		return NULL;
	arch_enter_way_back(&registers, thread->way_back);
	return thread_set_registers(thread, &registers);
}

void leader_erase_way_back(pid_t tid, uint64_t way_back)
{
	static const unsigned char zeroes[WAY_BACK_MOST];

	error_ignore(compel_write(tid, remote(way_back), zeroes, compel_way_back.size), "code in the vdso");
}

/* ---- After a tracer that was killed ---- */

/* Does the code lie at this address? */
static bool lies_at(pid_t tid, uint64_t address, const struct compel_blob *blob, size_t size)
{
	cleanup_free unsigned char *there = malloc(size);
	struct error *error = there ? compel_read(tid, remote(address), there, size) : NULL;
	bool same = there && !error && !memcmp(there, blob->code, size);

	error_free(error);
	return same;
}

/* Is an address amid a copy of the code, wherever that lies? Then the copy's address, else 0. */
static uint64_t find_around(pid_t tid, uint64_t address, const struct compel_blob *blob, size_t size)
{
	const unsigned char *start = blob->code, *at = start, *end = start + size;
	unsigned char here[8];
	struct error *error = compel_read(tid, remote(address), here, sizeof(here));

	if (error) {
		error_free(error);
		return 0;
	}
	while ((at = memmem(at, (size_t)(end - at), here, sizeof(here)))) {
		uint64_t copy = address - (uint64_t)(at - start);

		if (lies_at(tid, copy, blob, size))
			return copy;
		at++;
	}
	return 0;
}

/* At its last step: takes it. */
static struct error *leave(pid_t tid, struct user_regs_struct *registers, bool *done)
{
	unsigned char copy[WAY_BACK_MOST];
	uint64_t start = find_around(tid, registers->rip, &compel_way_back, arch_way_back_code_size());

	*done = false;
	if (!start)
		return NULL;
	TRY(compel_read(tid, remote(start), copy, compel_way_back.size));
	*done = arch_leave_way_back(copy, start, registers);
	if (*done && trace(PTRACE_SETREGS, tid, 0, registers) < 0)
		return fail_errno("could not set the registers of thread %d", tid);
	return NULL;
}

static struct error *lost(pid_t tid)
{
	return with_hint(fail("thread %d was left amid code of a criu that was killed", tid),
			 "It comes out of that by itself, a stopped process when it is continued.");
}

/* From one system call to the next, until all that is left of the way back is to set the registers. */
static struct error *bring_back(pid_t tid)
{
	struct user_regs_struct registers = {};
	bool done = false;

	for (unsigned i = 0; i < STEPS_MOST && !done; i++) {
		int status;

		if (trace_number(PTRACE_SYSCALL, tid, 0) < 0 || waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status) ||
		    trace(PTRACE_GETREGS, tid, 0, &registers) < 0)
			return lost(tid);
		TRY(leave(tid, &registers, &done));
	}
	return done ? NULL : lost(tid);
}

/* A thread that a tracer left in code of its own, because it had no time to run on, or is stopped for its shell. */
static struct error *look_after_thread(pid_t tid, bool *found)
{
	struct user_regs_struct registers = {};

	*found = false;
	if (trace(PTRACE_GETREGS, tid, 0, &registers) < 0)
		return NULL;
	*found = find_around(tid, registers.rip, &compel_way_back, arch_way_back_code_size()) ||
		 find_around(tid, registers.rip, &compel_agent, compel_agent.size);
	return *found ? bring_back(tid) : NULL;
}

static struct error *look_after_threads(pid_t pid)
{
	char path[64];
	cleanup_closedir DIR *directory = NULL;
	struct dirent *entry;
	unsigned count = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	directory = opendir(path);
	if (!directory)
		return fail_errno("could not list the threads of process %d", pid);
	while ((entry = readdir(directory))) {
		bool found = false;

		if (atoi(entry->d_name) > 0)
			TRY(look_after_thread(atoi(entry->d_name), &found));
		count += found;
	}
	if (!count)
		return NULL;
	return as_passing(with_hint(fail("%u threads of process %d were amid code of a criu that was killed", count, pid),
				    "They are out of it now; try again."));
}

static struct error *unmap(struct compel_thread *leader, uint64_t address, uint64_t size)
{
	const uint64_t arg[6] = { address, size };
	int64_t result = 0;

	if (!size)
		return NULL;
	TRY(thread_call(leader, &(struct call){ .number = SYS_munmap, .arg = arg, .quick = true }, &result));
	return result < 0 ? fail_number((int)-result, "could not unmap memory in process %d", leader->tid) : NULL;
}

static struct error *remove_left(struct compel_thread *leader, const struct left *left)
{
	if (!lies_at(leader->tid, left->code, &compel_agent, compel_agent.size))
		return NULL;
	TRY(unmap(leader, left->data, left->data_size));
	TRY(unmap(leader, left->code, left->code_size));
	TRY(compel_prepare_all(&leader, 1));
	return as_passing(with_hint(fail("process %d had memory of a criu that was killed", leader->tid),
				    "It is removed now; try again."));
}

/* Such a way back lies at this place already. */
static struct error *look_after_predecessor(struct compel_thread *leader, uint64_t place, const void *copy)
{
	struct left left = arch_way_back_left(copy);
	struct error *error;

	TRY(look_after_threads(leader->tid));
	if (!left.code)
		return NULL;
	error = remove_left(leader, &left);
	if (error && error->passing)
		leader_erase_way_back(leader->tid, place);
	return error;
}

struct error *leader_find_way_back(struct compel_thread *leader, uint64_t mapped_size)
{
	unsigned char copy[WAY_BACK_MOST];
	uint64_t place = find_vdso_room(leader->tid, compel_way_back.size);
	struct error *error;

	if (!place)
		return NULL;
	TRY(compel_read(leader->tid, remote(place), copy, compel_way_back.size));
	if (!memcmp(copy, compel_way_back.code, arch_way_back_code_size()))
		TRY(look_after_predecessor(leader, place, copy));
	TRY(thread_prepare_borrow(leader));
	leader->way_back = place;
	error = thread_lay_way_back(leader, mapped_size, NULL);
	if (error)
		leader->way_back = 0;
	error_ignore(error, "code in the vdso");
	return NULL;
}
