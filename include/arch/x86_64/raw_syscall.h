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

/* A call of the ia32 ABI from 64-bit code: the kernel then sees a 32-bit program. */
static inline int64_t raw_compat_syscall5(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	int64_t result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"((uint64_t)number), "b"((uint64_t)a), "c"((uint64_t)b), "d"((uint64_t)c),
			   "S"((uint64_t)d), "D"((uint64_t)e)
			 : "r8", "r9", "r10", "r11", "memory");
	return (int32_t)result;
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
