// SPDX-License-Identifier: GPL-2.0
// refused: which cannot be saved
/* A BPF map of a type whose contents cannot be read. */
#include "test.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 };
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));

	if (fd < 0)
		skip("BPF maps cannot be made here");
	checkpoint();
	check(fd >= 0);
	return finish();
}
