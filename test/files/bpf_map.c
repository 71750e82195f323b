// SPDX-License-Identifier: GPL-2.0
// differs: fd \d+: .*map_id:
/* BPF maps: hash and array with their contents, a frozen one, an empty one, one with two descriptions of which one
 * may only read. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HASHED = 1000 };

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int make(uint32_t type, uint32_t entries, uint32_t flags, const char *name)
{
	union bpf_attr attributes = { .map_type = type, .key_size = 4, .value_size = 8, .max_entries = entries, .map_flags = flags };
	int fd;

	strcpy(attributes.map_name, name);
	fd = bpf(BPF_MAP_CREATE, &attributes);
	if (fd < 0)
		skip("BPF maps cannot be made here");
	return fd;
}

static long put(int fd, uint32_t key, uint64_t value)
{
	union bpf_attr element = { .map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)&value };

	return bpf(BPF_MAP_UPDATE_ELEM, &element);
}

static long get(int fd, uint32_t key, uint64_t *value)
{
	union bpf_attr element = { .map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)value };

	*value = 0;
	return bpf(BPF_MAP_LOOKUP_ELEM, &element);
}

static struct bpf_map_info info_of(int fd)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attributes = { .info = { .bpf_fd = fd, .info_len = sizeof(info), .info = (uintptr_t)&info } };

	must(bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes));
	return info;
}

int main(void)
{
	int array = make(BPF_MAP_TYPE_ARRAY, 4, 0, "an_array"), hash = make(BPF_MAP_TYPE_HASH, 4096, BPF_F_NO_PREALLOC, "a_hash");
	int frozen = make(BPF_MAP_TYPE_ARRAY, 1, 0, ""), empty = make(BPF_MAP_TYPE_HASH, 8, 0, "empty"), reader;
	union bpf_attr freeze = { .map_fd = frozen }, again = { .map_id = info_of(array).id, .open_flags = BPF_F_RDONLY };
	uint64_t value;

	must(put(array, 1, 77));
	must(put(array, 3, 99));
	for (uint32_t i = 0; i < HASHED; i++)
		must(put(hash, i * 7, i + 1));
	must(put(frozen, 0, 5));
	must(bpf(BPF_MAP_FREEZE, &freeze));
	reader = must(bpf(BPF_MAP_GET_FD_BY_ID, &again));

	checkpoint();

	check(get(array, 1, &value) == 0 && value == 77);
	check(get(array, 3, &value) == 0 && value == 99);
	check(get(array, 0, &value) == 0 && value == 0);
	for (uint32_t i = 0; i < HASHED; i++)
		check(get(hash, i * 7, &value) == 0 && value == i + 1, "element %u is %lu", i, value);
	check(get(hash, 3, &value) < 0 && errno == ENOENT);
	check(get(frozen, 0, &value) == 0 && value == 5);
	check(put(frozen, 0, 6) < 0 && errno == EPERM, "it is not frozen");
	check(get(empty, 0, &value) < 0 && errno == ENOENT);
	check_equal(put(array, 2, 11), 0);
	check(get(reader, 2, &value) == 0 && value == 11, "the second descriptor is of another map");
	check(put(reader, 2, 12) < 0 && errno == EPERM, "the second descriptor can write");
	check(strcmp(info_of(hash).name, "a_hash") == 0);
	check_equal(info_of(hash).map_flags, BPF_F_NO_PREALLOC);
	return finish();
}
