// SPDX-License-Identifier: GPL-2.0
/* An address in another process: its own type, so that it cannot be dereferenced here. */
#pragma once

#include <stdint.h>

struct remote_address {
	uint64_t value;
};

static inline struct remote_address remote(uint64_t value)
{
	return (struct remote_address){ value };
}
