// SPDX-License-Identifier: GPL-2.0
// refused: BPF map
/* A BPF map is not saved yet. */
#include "test.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4 };
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
	uint32_t key = 1;
	uint64_t value = 77;
	union bpf_attr element = { .map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)&value };

	if (fd < 0)
		skip("BPF maps cannot be made here");
	must(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &element, sizeof(element)));
	checkpoint();
	value = 0;
	check_equal(syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &element, sizeof(element)), 0);
	check_equal(value, 77);
	return finish();
}
