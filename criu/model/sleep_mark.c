// SPDX-License-Identifier: GPL-2.0
#include "model/sleep_mark.h"

/* The upper 16 bits sign, the others are microseconds: enough for nine years after boot. */
enum { SIGNATURE_SHIFT = 48, NS_PER_US = 1000 };
static const uint64_t time_mask = (UINT64_C(1) << SIGNATURE_SHIFT) - 1;

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t signature(pid_t tid, const struct arch_call *call)
{
	uint64_t hash = mix((uint64_t)tid, (uint64_t)call->number);

	for (int i = 0; i < 6; i++)
		hash = mix(hash, call->arg[i]);
	hash = mix(mix(hash, call->stack), call->behind);
	return (hash >> SIGNATURE_SHIFT ? hash >> SIGNATURE_SHIFT : 1) << SIGNATURE_SHIFT;
}

uint64_t sleep_mark(pid_t tid, const struct arch_call *call, int64_t end)
{
	return signature(tid, call) | ((uint64_t)(end / NS_PER_US + 1) & time_mask);
}

bool sleep_mark_fits(uint64_t mark, pid_t tid, const struct arch_call *call)
{
	return (mark & ~time_mask) == signature(tid, call);
}

int64_t sleep_mark_end(uint64_t mark)
{
	return (int64_t)(mark & time_mask) * NS_PER_US;
}
