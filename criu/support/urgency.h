// SPDX-License-Identifier: GPL-2.0
/* Urgency: for a short while no ordinary process takes the processor from us (SCHED_FIFO, sched(7)). The calling thread. */
#pragma once

#include <sched.h>

/* How we were scheduled; a policy of -1: nothing was changed. */
struct urgency {
	int policy;
	struct sched_param parameters;
};

/* Without the privilege nothing changes. */
void urgency_begin(struct urgency *before);
void urgency_end(const struct urgency *before);
