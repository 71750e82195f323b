// SPDX-License-Identifier: GPL-2.0
/* The loop: take a call, resolve its arguments, do it, keep the result. */
#include "compel/runner/runner.h"

#include "raw_syscall.h"

/* What an argument is in the end: itself, an earlier result, or an address in the data. */
static uint64_t resolve(const struct remote_program *program, const struct remote_call *call, unsigned i)
{
	const struct remote_call *calls = (const struct remote_call *)program->calls;

	if (call->flags & REMOTE_RESULT(i))
		return (uint64_t)calls[call->arg[i]].result;
	if (call->flags & REMOTE_DATA(i))
		return program->data + call->arg[i];
	return call->arg[i];
}

/* System calls report failure by a number between -4095 and -1. */
static bool is_failure(int64_t result)
{
	return (uint64_t)result >= (uint64_t)-4095;
}

static bool as_expected(const struct remote_call *call, const uint64_t arg[6])
{
	if (call->op == REMOTE_LOAD || (call->flags & REMOTE_MAY_FAIL))
		return true;
	if (is_failure(call->result))
		return false;
	if (!(call->flags & REMOTE_EXACT))
		return true;
	return (uint64_t)call->result == arg[call->op == __NR_mremap ? 4 : 0];
}

static bool run_call(struct remote_program *program, uint32_t index)
{
	struct remote_call *call = (struct remote_call *)program->calls + index;
	uint64_t arg[6];

	if ((call->flags & REMOTE_SKIP_IF_FAILED) && index > 0 && is_failure(call[-1].result)) {
		call->result = call[-1].result;
		return true;
	}
	for (unsigned i = 0; i < 6; i++)
		arg[i] = resolve(program, call, i);
	if (call->op >= REMOTE_SPECIAL)
		call->result = run_special(program, call->op, arg);
	else if (call->flags & REMOTE_COMPAT)
		call->result = raw_compat_syscall5(call->op, arg[0], arg[1], arg[2], arg[3], arg[4]);
	else
		call->result = raw_syscall6(call->op, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	return as_expected(call, arg);
}

bool run_program(struct remote_program *program)
{
	for (uint32_t i = 0; i < program->count; i++) {
		if (!run_call(program, i)) {
			program->failed = i + 1;
			return false;
		}
	}
	return true;
}
