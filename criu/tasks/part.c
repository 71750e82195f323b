// SPDX-License-Identifier: GPL-2.0
/* Reading answers of a batch by the part that asked. */
#include "tasks/part.h"

int64_t answer_result(const struct answers *answers, size_t call)
{
	return answers->batch->calls[answers->first_call + call].result;
}

const void *answer_data(const struct answers *answers, size_t offset)
{
	return answers->batch->data + answers->first_data + offset;
}
