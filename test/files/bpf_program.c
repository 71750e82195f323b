// SPDX-License-Identifier: GPL-2.0
// refused: BPF program
/* A BPF program cannot be saved. */
#include "test.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	const struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
					 { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attributes = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2,
				      .insns = (uintptr_t)code, .license = (uintptr_t) "GPL" };
	int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));

	if (fd < 0)
		skip("BPF programs cannot be loaded here");
	checkpoint();
	check_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	return finish();
}
