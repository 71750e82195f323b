// SPDX-License-Identifier: GPL-2.0
#include "support/urgency.h"

void urgency_begin(struct urgency *before)
{
	const struct sched_param urgent = { .sched_priority = 1 };

	before->policy = sched_getscheduler(0);
	if (before->policy < 0 || sched_getparam(0, &before->parameters) < 0 ||
	    sched_setscheduler(0, SCHED_FIFO | (before->policy & SCHED_RESET_ON_FORK), &urgent) < 0)
		before->policy = -1;
}

void urgency_end(const struct urgency *before)
{
	if (before->policy >= 0)
		sched_setscheduler(0, before->policy, &before->parameters);
}
