// SPDX-License-Identifier: GPL-2.0
/* The kernel's type information: what every kernel since long has, and what none has. */
#include <unistd.h>

#include "kernel/btf.h"
#include "tap.h"

static void check_place(const struct btf *btf, const char *structure, const char *path, uint32_t offset, uint32_t size)
{
	struct btf_place place = { 0 };

	check_no_error(btf_find(btf, structure, path, &place), path);
	check(place.offset == offset && place.size == size && !place.bits, "%s.%s is at %u (%u bytes)", structure, path, offset, size);
}

int main(void)
{
	struct btf_place place, first;
	struct btf *btf = NULL;
	uint32_t value = 0;

	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		check(true, "# SKIP this kernel has no type information");
		return tap_end();
	}
	check_no_error(btf_open(&btf), "it is read");
	check_place(btf, "list_head", "next", 0, 8);
	check_place(btf, "list_head", "prev", 8, 8);
	check_place(btf, "timespec64", "tv_nsec", 8, 8);
	check_no_error(btf_find(btf, "iphdr", "version", &place), "a bit field");
	check(place.offset == 0 && place.bit == 4 && place.bits == 4, "it is the upper half of the first byte");
	check_no_error(btf_find(btf, "iphdr", "daddr", &place), "a member of a part without name");
	check(place.offset == 16 && place.size == 4, "it is at 16");
	check_no_error(btf_find(btf, "task_struct", "pending.list.prev", &place), "a path");
	check_no_error(btf_find(btf, "task_struct", "pending", &first), "and its beginning");
	check(place.offset == first.offset + 8, "it is 8 bytes behind");
	check_error(btf_find(btf, "task_struct", "no_such_field", &place), "no no_such_field in struct task_struct", "no such field");
	check_error(btf_find(btf, "task_struct", "pending.list.prev.more", &place), "no pending.list.prev.more", "a path too long");
	check_error(btf_find(btf, "no_such_struct", "next", &place), "in struct no_such_struct", "no such structure");
	check_no_error(btf_size(btf, "list_head", &value), "the size of a structure");
	check(value == 16, "it is 16");
	check_no_error(btf_constant(btf, "PIDTYPE_TGID", &value), "a constant");
	check(value == 1, "it is 1");
	check_error(btf_constant(btf, "NO_SUCH_CONSTANT", &value), "has no NO_SUCH_CONSTANT", "no such constant");
	btf_close(btf);
	return tap_end();
}
