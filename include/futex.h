// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting on a 32-bit word that processes share. Freestanding: used by blobs, newborns and
 * main alike. The words live in shared memory, so the private form is never used.
 */
#pragma once

#include <stdint.h>

#include "raw_syscall.h"

enum {
	FUTEX_OPERATION_WAIT = 0,
	FUTEX_OPERATION_WAKE = 1,
};

static inline uint32_t futex_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Sleeps while the word is `value`; may return early. timeout: struct timespec or NULL. */
static inline int64_t futex_wait(const uint32_t *word, uint32_t value, const void *timeout)
{
	return raw_syscall4(__NR_futex, (uintptr_t)word, FUTEX_OPERATION_WAIT, value, (uintptr_t)timeout);
}

static inline void futex_wake_all(const uint32_t *word)
{
	raw_syscall3(__NR_futex, (uintptr_t)word, FUTEX_OPERATION_WAKE, INT32_MAX);
}

/* Stores and wakes everybody who waits. */
static inline void futex_set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	futex_wake_all(word);
}

static inline void futex_add(uint32_t *word, uint32_t value)
{
	__atomic_add_fetch(word, value, __ATOMIC_ACQ_REL);
	futex_wake_all(word);
}
