// SPDX-License-Identifier: GPL-2.0
/* Areas that a process has moved itself (PR_SET_MM): arguments, environment, heap, auxiliary vector. */
#include "test.h"

#include <linux/prctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Field numbers of proc(5) stat(5): start_data 45, end_data 46, start_brk 47, arg_start 48 ... env_end 51. */
static uint64_t stat_field(int wanted)
{
	char text[4096] = "", *at;
	unsigned long long value = 0;

	must(read_text("/proc/self/stat", text, sizeof(text)));
	at = strrchr(text, ')') + 2;
	for (int field = 3; field < wanted; field++)
		at = strchr(at, ' ') + 1;
	sscanf(at, "%llu", &value);
	return value;
}

int main(void)
{
	char *area = must(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned long long auxiliary[] = { 6, 4096, 25, 0x1234, 0, 0 };
	char now[512] = "";
	struct prctl_mm_map map = {
		.start_code = stat_field(26), .end_code = stat_field(27), .start_data = stat_field(45),
		.end_data = stat_field(46), .start_brk = (uint64_t)sbrk(0), .brk = (uint64_t)sbrk(0),
		.start_stack = stat_field(28), .auxv = auxiliary, .auxv_size = sizeof(auxiliary), .exe_fd = -1,
	};
	char text[64] = "";

	memcpy(area, "moved\0arguments", 16);
	memcpy(area + 4096, "NAME=moved", 11);
	map.arg_start = (uint64_t)area;
	map.arg_end = (uint64_t)area + 16;
	map.env_start = (uint64_t)area + 4096;
	map.env_end = (uint64_t)area + 4096 + 11;
	must(prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0));

	checkpoint();

	check_equal(stat_field(48), (uint64_t)area);
	check_equal(stat_field(51), (uint64_t)area + 4096 + 11);
	check_equal(read_text("/proc/self/cmdline", text, sizeof(text)), 16);
	check(memcmp(text, "moved\0arguments", 16) == 0);
	check_equal(read_text("/proc/self/environ", text, sizeof(text)), 11);
	check(strcmp(text, "NAME=moved") == 0);
	must(read_text("/proc/self/auxv", now, sizeof(now)));
	check(memcmp(now, auxiliary, sizeof(auxiliary)) == 0, "the auxiliary vector differs");
	check_equal(stat_field(47), map.start_brk);
	return finish();
}
