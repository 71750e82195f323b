// SPDX-License-Identifier: GPL-2.0
/*
 * The bare system call instruction. Freestanding: for blobs, and for criu where libc must
 * not come between. Returns the kernel's word: negative errno on failure. Any process.
 */
#pragma once

#include <asm/unistd.h>
#include <stdint.h>

static inline int64_t raw_syscall6(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
				   uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	int64_t result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline int64_t raw_syscall4(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return raw_syscall6(number, a, b, c, d, 0, 0);
}

static inline int64_t raw_syscall3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	return raw_syscall6(number, a, b, c, 0, 0, 0);
}

static inline int64_t raw_syscall1(uint64_t number, uint64_t a)
{
	return raw_syscall6(number, a, 0, 0, 0, 0, 0);
}
