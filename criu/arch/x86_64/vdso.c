// SPDX-License-Identifier: GPL-2.0
/* x86-64: jumps and system calls in the place of functions of a vdso. */
#include "arch/vdso.h"

#include <asm/unistd.h>
#include <errno.h>
#include <string.h>

/* ax holds no argument of these functions, and is theirs to change. */
size_t arch_vdso_jump(uint8_t code[VDSO_CODE_MAX], uint64_t target)
{
	code[0] = 0x48; /* movabs target, %rax */
	code[1] = 0xb8;
	memcpy(code + 2, &target, sizeof(target));
	code[10] = 0xff; /* jmp *%rax */
	code[11] = 0xe0;
	return 12;
}

static size_t append(uint8_t *code, size_t at, const void *bytes, size_t count)
{
	memcpy(code + at, bytes, count);
	return at + count;
}

static size_t load_result(uint8_t *code, size_t at, int32_t number)
{
	static const uint8_t mov_rax[] = { 0x48, 0xc7, 0xc0 }; /* sign-extended */

	return append(code, append(code, at, mov_rax, sizeof(mov_rax)), &number, sizeof(number));
}

size_t arch_vdso_fallback(uint8_t code[VDSO_CODE_MAX], const char *name)
{
	static const struct {
		const char *name;
		int32_t number;
	} calls[] = {
		{ "__vdso_clock_gettime", __NR_clock_gettime }, { "__vdso_gettimeofday", __NR_gettimeofday },
		{ "__vdso_time", __NR_time },			{ "__vdso_clock_getres", __NR_clock_getres },
		{ "__vdso_getcpu", __NR_getcpu },		{ "__vdso_getrandom", 318 /* not in all headers */ },
	};
	/* getrandom(buffer, length, flags, state, state_length): with a length of ~0 it is asked how the state
	 * must be allocated, and nobody will tell. cmp $-1, %r8; je to the end */
	static const uint8_t is_question[] = { 0x49, 0x83, 0xf8, 0xff, 0x74, 0x0a };
	static const uint8_t call_and_return[] = { 0x0f, 0x05, 0xc3 }, only_return[] = { 0xc3 };
	size_t size = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name))
			continue;
		if (!strcmp(name, "__vdso_getrandom"))
			size = append(code, size, is_question, sizeof(is_question));
		size = load_result(code, size, calls[i].number);
		size = append(code, size, call_and_return, sizeof(call_and_return));
		if (strcmp(name, "__vdso_getrandom"))
			return size;
	}
	size = load_result(code, size, -ENOSYS);
	return append(code, size, only_return, sizeof(only_return));
}

/* Instructions that compilers put to the start of such functions. Besides the stack and flags they change only
 * registers that hold no argument: those that must be kept have been pushed before. */
enum pushed { NOTHING, BP, BX, R12, R13, R14, R15 };
static const struct {
	uint8_t bytes[4], count; /* of the operation */
	uint8_t size;		 /* with its operands */
	enum pushed pushed;
} starts[] = {
	{ { 0xf3, 0x0f, 0x1e, 0xfa }, 4, 4 },	   /* endbr64 */
	{ { 0x55 }, 1, 1, BP },			   /* push */
	{ { 0x53 }, 1, 1, BX },
	{ { 0x41, 0x54 }, 2, 2, R12 },
	{ { 0x41, 0x55 }, 2, 2, R13 },
	{ { 0x41, 0x56 }, 2, 2, R14 },
	{ { 0x41, 0x57 }, 2, 2, R15 },
	{ { 0x48, 0x89, 0xe5 }, 3, 3 },		   /* mov %rsp, %rbp */
	{ { 0x49, 0x89, 0xfa }, 3, 3 },		   /* mov %rdi, %r10 */
	{ { 0x49, 0x89, 0xf3 }, 3, 3 },		   /* mov %rsi, %r11 */
	{ { 0x49, 0x89, 0xf4 }, 3, 3 },		   /* mov %rsi, %r12 */
	{ { 0x49, 0x89, 0xf6 }, 3, 3 },		   /* mov %rsi, %r14 */
	{ { 0x49, 0x89, 0xff }, 3, 3 },		   /* mov %rdi, %r15 */
	{ { 0x49, 0x89, 0xf1 }, 3, 3 },		   /* mov %rsi, %r9 */
	{ { 0x48, 0x89, 0xcb }, 3, 3 },		   /* mov %rcx, %rbx */
	{ { 0x48, 0x63, 0xdf }, 3, 3 },		   /* movslq %edi, %rbx */
	{ { 0x89, 0xc8 }, 2, 2 },		   /* mov %ecx, %eax */
	{ { 0x48, 0x8d, 0x05 }, 3, 7 },		   /* lea, %rax */
	{ { 0x4c, 0x8d, 0x15 }, 3, 7 },		   /* lea, %r10 */
	{ { 0x4c, 0x8d, 0x1d }, 3, 7 },		   /* lea, %r11 */
	{ { 0x4c, 0x8d, 0x25 }, 3, 7 },		   /* lea, %r12 */
	{ { 0x48, 0xb8 }, 2, 10 },		   /* movabs $, %rax: a jump of ours */
	{ { 0xb8 }, 1, 5 },			   /* mov $, %eax */
	{ { 0xf3, 0x0f, 0xc7, 0xf8 }, 4, 4 },	   /* rdpid %rax */
	{ { 0x0f, 0x03, 0xc0 }, 3, 3 },		   /* lsl %eax, %eax */
	{ { 0x83, 0xff }, 2, 3 },		   /* cmp $, %edi */
	{ { 0x83, 0xf8 }, 2, 3 },		   /* cmp $, %eax */
	{ { 0x81, 0x3d }, 2, 10 },		   /* cmpl $, (%rip) */
	{ { 0x48, 0x85, 0xff }, 3, 3 },		   /* test %rdi, %rdi */
	{ { 0x77 }, 1, 2 },			   /* ja, not taken */
	{ { 0x90 }, 1, 1 },			   /* nop */
	/* and the rest of time(2) */
	{ { 0x48, 0x8d, 0x15 }, 3, 7 },		   /* lea, %rdx */
	{ { 0x48, 0x0f, 0x45, 0xc2 }, 4, 4 },	   /* cmovne %rdx, %rax */
	{ { 0x48, 0x2d }, 2, 6 },		   /* sub $, %rax */
	{ { 0x48, 0x8b, 0x40 }, 3, 4 },		   /* mov (%rax), %rax */
	{ { 0x48, 0x89, 0x07 }, 3, 3 },		   /* mov %rax, (%rdi) */
	{ { 0x74 }, 1, 2 },			   /* je, taken or not: what it skips is of these */
};
enum { START_COUNT = sizeof(starts) / sizeof(starts[0]) };

static uint64_t *pushed_register(UserX86RegsEntry *registers, enum pushed pushed)
{
	switch (pushed) {
	case BP: return &registers->bp;
	case BX: return &registers->bx;
	case R12: return &registers->r12;
	case R13: return &registers->r13;
	case R14: return &registers->r14;
	case R15: return &registers->r15;
	case NOTHING: break;
	}
	return NULL;
}

struct error *arch_vdso_rewind(const uint8_t *code, size_t executed, CoreEntry *core,
			       const struct arch_word_reader *reader, bool *possible)
{
	UserX86RegsEntry *registers = core->thread_info->gpregs;
	enum pushed pushes[VDSO_CODE_MAX];
	size_t count = 0;

	*possible = false;
	for (size_t at = 0, i; at < executed; at += starts[i].size) {
		for (i = 0; i < START_COUNT; i++)
			if (at + starts[i].size <= executed && !memcmp(code + at, starts[i].bytes, starts[i].count))
				break;
		if (i == START_COUNT || count == VDSO_CODE_MAX)
			return NULL;
		if (starts[i].pushed)
			pushes[count++] = starts[i].pushed;
	}
	for (; count; count--) {
		TRY(reader->read(reader->context, registers->sp, pushed_register(registers, pushes[count - 1])));
		registers->sp += 8;
	}
	registers->ip -= executed;
	*possible = true;
	return NULL;
}

uint64_t arch_program_counter(const CoreEntry *core)
{
	return core->thread_info->gpregs->ip;
}
