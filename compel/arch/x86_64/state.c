// SPDX-License-Identifier: GPL-2.0
/* x86_64: what a thread has besides general registers. */
#include "compel/arch.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "compel/internal.h"
#include "support/cleanup.h"

#ifndef NT_X86_SHSTK
#define NT_X86_SHSTK 0x204
#endif

enum {
	XSTATE_LEAST = 576,    /* legacy area and header */
	XSTATE_MOST = 65536,
	XSTATE_OFFERED = 464,  /* in what the kernel gives: the parts that it knows */
	XSTATE_PRESENT = 512,  /* the header's first word: the parts that are not in their first state */
};

struct error *arch_get_xstate(pid_t tid, void *data, size_t *size)
{
	struct iovec vector = { data, *size };

	if (trace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &vector) < 0)
		return fail_errno("could not read the FPU state of thread %d", tid);
	*size = vector.iov_len;
	return NULL;
}

/* The kernel takes nothing but its own size: what is missing is in its first state. */
static struct error *set_completed(pid_t tid, const void *data, size_t size)
{
	cleanup_free unsigned char *whole = calloc(1, XSTATE_MOST);
	size_t length = XSTATE_MOST;
	uint64_t offered, present;
	struct iovec vector;

	if (!whole)
		return out_of_memory();
	TRY(arch_get_xstate(tid, whole, &length));
	if (size < XSTATE_LEAST || length < XSTATE_LEAST)
		return fail("cannot set the FPU state of thread %d: %zu bytes are too few", tid, size);
	memcpy(&offered, whole + XSTATE_OFFERED, sizeof(offered));
	memcpy(&present, (const unsigned char *)data + XSTATE_PRESENT, sizeof(present));
	if (present & ~offered)
		return with_hint(fail("cannot set the FPU state of thread %d: this processor lacks parts 0x%llx", tid,
				      (unsigned long long)(present & ~offered)),
				 "Restore on a machine with the processor features of the one it was dumped on.");
	memset(whole, 0, length);
	memcpy(whole, data, size < length ? size : length);
	vector = (struct iovec){ whole, length };
	if (trace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &vector) < 0)
		return fail_errno("could not set the FPU state of thread %d", tid);
	return NULL;
}

struct error *arch_set_xstate(pid_t tid, const void *data, size_t size)
{
	const struct iovec vector = { (void *)(uintptr_t)data, size };

	if (trace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &vector) == 0)
		return NULL;
	return set_completed(tid, data, size);
}

void arch_get_shadow_stack(pid_t tid, uint64_t *pointer)
{
	struct iovec vector = { pointer, sizeof(*pointer) };

	*pointer = 0;
	trace(PTRACE_GETREGSET, tid, NT_X86_SHSTK, &vector);
}

void arch_set_shadow_stack(pid_t tid, uint64_t pointer)
{
	const struct iovec vector = { &pointer, sizeof(pointer) };

	if (pointer)
		trace(PTRACE_SETREGSET, tid, NT_X86_SHSTK, &vector);
}
