// SPDX-License-Identifier: GPL-2.0
/* Page frames behind addresses, by /proc/PID/pagemap. main. */
#pragma once

#include <stdint.h>

#include "support/file.h"

enum { FRAME_BYTES = 4096 };

/* 0: nothing is there, or we may not know (CAP_SYS_ADMIN). */
static inline struct error *frame_of(int pagemap, uint64_t address, uint64_t *frame)
{
	const uint64_t present = 1ULL << 63, mask = (1ULL << 55) - 1;
	uint64_t entry;

	TRY(pread_exactly(pagemap, &entry, sizeof(entry), (off_t)(address / FRAME_BYTES * sizeof(entry))));
	*frame = entry & present ? entry & mask : 0;
	return NULL;
}
