// SPDX-License-Identifier: GPL-2.0
/* Restartable sequences, also with a C library that knows nothing of them and uses none. */
#pragma once

#include "check.h"

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#else
#include <linux/rseq.h>
#define RSEQ_SIG 0x53053053
static const unsigned __rseq_size;
static const ptrdiff_t __rseq_offset;
#endif

/* The kernel would go on writing to the area that libc has registered, and end the process
 * when it is unmapped. */
__attribute__((unused)) static void forget_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size && syscall(SYS_rseq, area, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) < 0)
		must_be(syscall(SYS_rseq, area, __rseq_size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0, "rseq");
}
