// SPDX-License-Identifier: GPL-2.0
#include "kernel/peek.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/cleanup.h"

enum { WINDOW_BYTES = 4096, SYSCALL_PROGRAM = 31, SLEEPABLE = 1 << 4, PROBE_READ_KERNEL = 113, DATA_OFFSET = 64 };

/* Shared with the program. */
struct window {
	uint64_t address; /* 0: the program puts that of the current task here */
	uint32_t size;
	char unused[DATA_OFFSET - 12];
	unsigned char data[WINDOW_BYTES - DATA_OFFSET];
};

/* PLACE(name here, struct, field) */
#define PLACES(PLACE)                                                                                                  \
	PLACE(task_files, "task_struct", "files")                                                                      \
	PLACE(files_table, "files_struct", "fdt")                                                                      \
	PLACE(table_files, "fdtable", "fd")                                                                            \
	PLACE(task_pid, "task_struct", "thread_pid")                                                                   \
	PLACE(pid_level, "pid", "level")                                                                               \
	PLACE(pid_numbers, "pid", "numbers")                                                                           \
	PLACE(number, "upid", "nr")                                                                                    \
	PLACE(number_end, "upid", "ns")

struct peek {
	int map_fd, program_fd;
	struct window *window;
	uint64_t level; /* of our own pid namespace */
#define PLACE(name, structure, field) struct btf_place name;
	PLACES(PLACE)
#undef PLACE
};

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static struct error *refused(const char *what)
{
	return with_hint(fail_errno("could not %s for reading what the kernel does not tell", what),
			 "This needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, a kernel with CONFIG_BPF_SYSCALL, and no lockdown.");
}

static struct error *make_window(struct peek *peek)
{
	union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_ARRAY,
				      .key_size = sizeof(uint32_t),
				      .value_size = WINDOW_BYTES,
				      .max_entries = 1,
				      .map_flags = BPF_F_MMAPABLE };

	peek->map_fd = bpf(BPF_MAP_CREATE, &attributes);
	if (peek->map_fd < 0)
		return refused("make a BPF map");
	peek->window = mmap(NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, peek->map_fd, 0);
	return peek->window == MAP_FAILED ? refused("map a BPF map") : NULL;
}

#define INSTRUCTION(code_, to, from, offset, number)                                                                   \
	{                                                                                                              \
		.code = (code_), .dst_reg = (to), .src_reg = (from), .off = (offset), .imm = (number)                  \
	}

static struct error *load_program(struct peek *peek)
{
	const struct bpf_insn instructions[] = {
		INSTRUCTION(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_6, BPF_PSEUDO_MAP_VALUE, 0, peek->map_fd),
		INSTRUCTION(0, 0, 0, 0, 0),
		INSTRUCTION(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_6, offsetof(struct window, address), 0),
		INSTRUCTION(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 4, 0),
		INSTRUCTION(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_task),
		INSTRUCTION(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_6, BPF_REG_0, offsetof(struct window, address), 0),
		INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		INSTRUCTION(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct window, size), 0),
		INSTRUCTION(BPF_JMP | BPF_JGT | BPF_K, BPF_REG_2, 0, 4, WINDOW_BYTES - DATA_OFFSET),
		INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_6, 0, 0),
		INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, DATA_OFFSET),
		INSTRUCTION(BPF_JMP | BPF_CALL, 0, 0, 0, PROBE_READ_KERNEL),
		INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, -EINVAL),
		INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attributes = { .prog_type = SYSCALL_PROGRAM,
				      .insn_cnt = sizeof(instructions) / sizeof(instructions[0]),
				      .insns = (uint64_t)(uintptr_t)instructions,
				      .license = (uint64_t)(uintptr_t) "GPL",
				      .prog_flags = SLEEPABLE };

	peek->program_fd = bpf(BPF_PROG_LOAD, &attributes);
	return peek->program_fd < 0 ? refused("load a BPF program") : NULL;
}

static struct error *run(struct peek *peek)
{
	union bpf_attr attributes = { .test = { .prog_fd = peek->program_fd } };

	if (bpf(BPF_PROG_TEST_RUN, &attributes))
		return refused("run a BPF program");
	if ((int)attributes.test.retval < 0)
		return fail_number(-(int)attributes.test.retval, "could not read the kernel's memory");
	return NULL;
}

static struct error *find_places(struct peek *peek, const struct btf *btf)
{
#define PLACE(name, structure, field) TRY(btf_find(btf, structure, field, &peek->name));
	PLACES(PLACE)
#undef PLACE
	return NULL;
}

static struct error *find_level(struct peek *peek)
{
	uint64_t task, pid;

	TRY(peek_current(peek, &task));
	TRY(peek_number(peek, task, &peek->task_pid, &pid));
	return peek_number(peek, pid, &peek->pid_level, &peek->level);
}

struct error *peek_open(const struct btf *btf, struct peek **ret)
{
	struct peek *peek = calloc(1, sizeof(*peek));
	struct error *error;

	if (!peek)
		return out_of_memory();
	peek->map_fd = peek->program_fd = -1;
	peek->window = MAP_FAILED;
	error = find_places(peek, btf) ?: make_window(peek) ?: load_program(peek) ?: find_level(peek);
	if (error)
		peek_close(peek);
	else
		*ret = peek;
	return error;
}

void peek_close(struct peek *peek)
{
	if (!peek)
		return;
	cleanup_close_fd(&peek->program_fd);
	if (peek->window != MAP_FAILED)
		munmap(peek->window, WINDOW_BYTES);
	cleanup_close_fd(&peek->map_fd);
	free(peek);
}

struct error *peek_current(struct peek *peek, uint64_t *address)
{
	peek->window->address = 0;
	TRY(run(peek));
	*address = peek->window->address;
	return NULL;
}

struct error *peek_number(struct peek *peek, uint64_t structure, const struct btf_place *place, uint64_t *value)
{
	uint32_t size = place->bits ? (place->bit + place->bits + 7) / 8 : place->size;

	if (!size || size > sizeof(*value))
		return fail("a field of %u bytes is no number", size);
	peek->window->address = structure + place->offset;
	peek->window->size = size;
	memset(peek->window->data, 0, sizeof(*value));
	TRY(run(peek));
	memcpy(value, peek->window->data, sizeof(*value));
	if (place->bits)
		*value = *value >> place->bit & ((1ULL << place->bits) - 1);
	return NULL;
}

struct error *peek_bytes(struct peek *peek, uint64_t address, void *data, size_t length)
{
	for (size_t done = 0, part; done < length; done += part) {
		part = length - done < sizeof(peek->window->data) ? length - done : sizeof(peek->window->data);
		peek->window->address = address + done;
		peek->window->size = part;
		TRY(run(peek));
		memcpy((char *)data + done, peek->window->data, part);
	}
	return NULL;
}

struct error *peek_descriptor(struct peek *peek, int fd, uint64_t *file)
{
	struct btf_place slot = { .offset = sizeof(uint64_t) * fd, .size = sizeof(uint64_t) };
	uint64_t at;

	TRY(peek_current(peek, &at));
	TRY(peek_number(peek, at, &peek->task_files, &at));
	TRY(peek_number(peek, at, &peek->files_table, &at));
	TRY(peek_number(peek, at, &peek->table_files, &at));
	return peek_number(peek, at, &slot, file);
}

struct error *peek_pid(struct peek *peek, uint64_t address, uint64_t *number)
{
	uint32_t stride = peek->number_end.offset + peek->number_end.size;
	struct btf_place place = peek->number;
	uint64_t level;

	*number = 0;
	if (!address)
		return NULL;
	TRY(peek_number(peek, address, &peek->pid_level, &level));
	if (level < peek->level)
		return NULL;
	place.offset += peek->pid_numbers.offset + stride * peek->level;
	return peek_number(peek, address, &place, number);
}

struct error *peek_thread(struct peek *peek, uint64_t address, uint64_t *number)
{
	uint64_t pid;

	TRY(peek_number(peek, address, &peek->task_pid, &pid));
	return peek_pid(peek, pid, number);
}
