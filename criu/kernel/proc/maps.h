// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/maps and smaps: one line for each mapping. proc(5). Any process. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "support/arena.h"
#include "support/error.h"

/* VmFlags of smaps, as bits. */
/* clang-format off */
enum mapping_flag {
	MAPPING_GROWSDOWN = 1 << 0,   /* gd */
	MAPPING_LOCKED = 1 << 1,      /* lo */
	MAPPING_NORESERVE = 1 << 2,   /* nr */
	MAPPING_HUGETLB = 1 << 3,     /* ht */
	MAPPING_RANDOM = 1 << 4,      /* rr */
	MAPPING_SEQUENTIAL = 1 << 5,  /* sr */
	MAPPING_DONTFORK = 1 << 6,    /* dc */
	MAPPING_MERGEABLE = 1 << 7,   /* mg */
	MAPPING_HUGEPAGE = 1 << 8,    /* hg */
	MAPPING_NOHUGEPAGE = 1 << 9,  /* nh */
	MAPPING_DONTDUMP = 1 << 10,   /* dd */
	MAPPING_WIPEONFORK = 1 << 11, /* wf */
	MAPPING_PFNMAP = 1 << 12,     /* pf */
	MAPPING_IO = 1 << 13,	      /* io */
	MAPPING_DROPPABLE = 1 << 14,  /* dp */
	MAPPING_SHADOW_STACK = 1 << 15, /* ss */
	MAPPING_UFFD = 1 << 16,	      /* um, uw, ui: watched by a userfaultfd */
	MAPPING_GUARD = 1 << 17,      /* gu: may contain guard pages (Linux 6.19) */
	MAPPING_LOCKED_ON_FAULT = 1 << 18, /* lf */
	MAPPING_ACCOUNTED = 1 << 19,  /* ac */
	MAPPING_MAY_WRITE = 1 << 20,  /* mw: mprotect may make it writable */
};

#define PAGES_UNKNOWN UINT64_MAX

struct mapping_line {
	uint64_t start, end;
	uint32_t prot; /* PROT_ bits */
	bool shared;
	uint64_t offset; /* bytes */
	uint32_t major, minor;
	uint64_t inode;
	char *path; /* "" for none; "[heap]", "/path (deleted)" ... with \012 undone */
	uint32_t flags; /* of enum mapping_flag; smaps only */
	uint32_t page_kib; /* KernelPageSize; smaps only */
	uint64_t huge_kib; /* AnonHugePages; smaps only */
	uint64_t swapped_kib; /* Swap; smaps only */
	uint64_t anonymous_pages; /* that are present, the zero page not counted; PAGES_UNKNOWN but for numa_maps */
	uint64_t shared_dirty_kib, shared_clean_kib; /* pages that other processes have too; smaps only */
	int protection_key; /* 0: the default one */
};

/* Parses the text of maps or smaps; lines come from the arena. */
struct error *maps_parse(char *text, struct arena *arena, struct mapping_line **lines, size_t *count) must_check;
/* smaps of an open /proc/PID directory. */
struct error *smaps_read(int proc_fd, struct arena *arena, struct mapping_line **lines, size_t *count) must_check;
/*
 * numa_maps of an open /proc/PID directory, into anonymous_pages of lines that smaps_read() found and that are as they were;
 * a kernel without NUMA has none. smaps is no help: Linux 6.0 to 6.5 leave huge pages out of Rss that may not be accessed.
 */
struct error *numa_maps_read(int proc_fd, struct mapping_line *lines, size_t count) must_check;
/* The same of its text. */
struct error *numa_maps_parse(const char *text, struct mapping_line *lines, size_t count) must_check;
/* maps of this process. */
struct error *own_maps_read(struct arena *arena, struct mapping_line **lines, size_t *count) must_check;
