// SPDX-License-Identifier: GPL-2.0
// refused: the socket's filter
/* A BPF program as filter of a socket: nothing can read it back. */
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

int main(void)
{
	struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 100 },
				   { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attributes = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				      .insns = (uint64_t)code,
				      .insn_cnt = 2,
				      .license = (uint64_t) "GPL" };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0)), program = syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));

	if (program < 0)
		skip("BPF programs cannot be loaded here");
	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)));
	close(program);
	checkpoint();
	check_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof(program)), 0);
	return finish();
}
