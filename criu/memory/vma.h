// SPDX-License-Identifier: GPL-2.0
/* VmaEntry.status of images/vma.proto, by its bits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

enum vma_status {
	VMA_REGULAR = 0x1,
	VMA_VSYSCALL = 0x4,
	VMA_VDSO = 0x8,
	VMA_HEAP = 0x20,
	VMA_FILE_PRIVATE = 0x40,
	VMA_FILE_SHARED = 0x80,
	VMA_ANON_SHARED = 0x100,
	VMA_ANON_PRIVATE = 0x200,
	VMA_SYSVIPC = 0x400,
	VMA_SOCKET = 0x800,
	VMA_VVAR = 0x1000,
	VMA_AIORING = 0x2000,
	VMA_MEMFD = 0x4000,
	VMA_SHADOW_STACK = 0x8000,
	VMA_GUARD = 0x10000,
	VMA_IO_URING = 0x1000000, /* own */
};

enum {
	PAGE_BYTES = 4096,
	VMA_DROPPABLE_FLAG = 0x8, /* MAP_DROPPABLE of Linux 6.11; in VmaEntry.flags beside MAP_PRIVATE */
};

/* MAP_HUGETLB and the size of its pages, as mmap(2) takes them. page_kib: KernelPageSize of smaps. */
static inline uint32_t vma_huge_flags(uint64_t page_kib)
{
	return MAP_HUGETLB | (10 + (uint32_t)__builtin_ctzll(page_kib ?: 2048)) << MAP_HUGE_SHIFT;
}

/* What an address of the mapping is a multiple of. flags: of VmaEntry. */
static inline uint64_t vma_page_bytes(uint32_t flags)
{
	uint32_t shift = flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;

	return flags & MAP_HUGETLB ? 1ULL << (shift ?: 21) : PAGE_BYTES;
}

/* The kernel's advice numbers that VmaEntry.madv holds as bits. */
enum {
	ADVICE_RANDOM = 1,
	ADVICE_SEQUENTIAL = 2,
	ADVICE_DONTFORK = 10,
	ADVICE_MERGEABLE = 12,
	ADVICE_HUGEPAGE = 14,
	ADVICE_NOHUGEPAGE = 15,
	ADVICE_DONTDUMP = 16,
	ADVICE_WIPEONFORK = 18,
};

/* Are its pages in the task's page map? */
static inline bool vma_has_pages(uint32_t status)
{
	return status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE | VMA_AIORING);
}

/* Does it hold pages of its own that are in the task's page map? */
static inline bool vma_is_private(uint32_t status)
{
	return status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE);
}
