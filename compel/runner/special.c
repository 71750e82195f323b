// SPDX-License-Identifier: GPL-2.0
/* Special operations that both blobs have: looking at memory and filling it. */
#include "compel/runner/runner.h"

#include "raw_syscall.h"

struct runner_iovec {
	uint64_t base, length;
};

static int64_t store(const uint64_t arg[6])
{
	if (arg[2] == 8)
		*(volatile uint64_t *)arg[0] = arg[1];
	else if (arg[2] == 4)
		*(volatile uint32_t *)arg[0] = (uint32_t)arg[1];
	else
		return -RUNNER_EINVAL;
	return 0;
}

static int64_t load(const uint64_t arg[6])
{
	if (arg[1] == 8)
		return *(volatile int64_t *)arg[0];
	return *(volatile int32_t *)arg[0];
}

/* Takes the bytes just read off the front of the array; returns how many entries are done. */
static uint64_t advance(struct runner_iovec *vector, uint64_t count, uint64_t bytes)
{
	uint64_t done = 0;

	while (done < count && bytes >= vector[done].length)
		bytes -= vector[done++].length;
	if (done < count) {
		vector[done].base += bytes;
		vector[done].length -= bytes;
	}
	return done;
}

/* preadv() takes at most 1,024 entries and may return early. The array is used up. */
static int64_t read_pages(const uint64_t arg[6])
{
	struct runner_iovec *vector = (struct runner_iovec *)arg[1];
	uint64_t count = arg[2], offset = arg[3], done = advance(vector, count, 0);
	int64_t total = 0;

	while (done < count) {
		uint64_t now = count - done < 1024 ? count - done : 1024;
		int64_t result = raw_syscall6(__NR_preadv, arg[0], (uint64_t)(vector + done), now, offset + total, 0, 0);

		if (result == -RUNNER_EINTR)
			continue;
		if (result < 0)
			return result;
		if (result == 0)
			return -RUNNER_ENODATA;
		total += result;
		done += advance(vector + done, count - done, (uint64_t)result);
	}
	return total;
}

int64_t run_common_special(unsigned operation, const uint64_t arg[6])
{
	if (operation == REMOTE_STORE)
		return store(arg);
	if (operation == REMOTE_LOAD)
		return load(arg);
	if (operation == REMOTE_READ_PAGES)
		return read_pages(arg);
	return -RUNNER_ENOSYS;
}
