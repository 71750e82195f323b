// SPDX-License-Identifier: GPL-2.0
/* x86-64: registers and FPU state to and from the image. Intel SDM vol. 1 chapter 13. */
#include <asm/unistd.h>
#include <cpuid.h>
#include <errno.h>
#include <string.h>

#include "arch/arch.h"

/* The legacy area of an xsave buffer (FXSAVE format). */
struct fxsave {
	uint16_t cwd, swd;
	uint8_t twd, unused;
	uint16_t fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint32_t st_space[32], xmm_space[64];
	uint8_t reserved[96];
};
_Static_assert(sizeof(struct fxsave) == 512, "FXSAVE area");

enum { XSAVE_HEADER = 512, XSAVE_EXTENDED = 576 };

/* Components the image knows, by their number in xstate_bv. */
enum component {
	COMPONENT_YMM = 2,
	COMPONENT_BNDREGS = 3,
	COMPONENT_BNDCSR = 4,
	COMPONENT_OPMASK = 5,
	COMPONENT_ZMM_UPPER = 6,
	COMPONENT_HI16_ZMM = 7,
	COMPONENT_PKRU = 9,
};

/* One row per extended component: where the image keeps it. */
static const struct image_component {
	unsigned number;
	size_t bytes;	/* as the image stores it */
	size_t element; /* size of an array element */
	size_t count_offset, array_offset;
} components[] = {
#define COMPONENT(number, bytes, type, field)                                                                          \
	{                                                                                                              \
		number, bytes, sizeof(type), offsetof(UserX86XsaveEntry, n_##field),                                   \
		    offsetof(UserX86XsaveEntry, field)                                                                 \
	}
	COMPONENT(COMPONENT_YMM, 256, uint32_t, ymmh_space),
	COMPONENT(COMPONENT_BNDREGS, 64, uint64_t, bndreg_state),
	COMPONENT(COMPONENT_BNDCSR, 64, uint64_t, bndcsr_state),
	COMPONENT(COMPONENT_OPMASK, 64, uint64_t, opmask_reg),
	COMPONENT(COMPONENT_ZMM_UPPER, 512, uint64_t, zmm_upper),
	COMPONENT(COMPONENT_HI16_ZMM, 1024, uint64_t, hi16_zmm),
	COMPONENT(COMPONENT_PKRU, 8, uint32_t, pkru),
#undef COMPONENT
};
enum { COMPONENT_COUNT = sizeof(components) / sizeof(components[0]) };

struct leaf {
	uint32_t a, b, c, d;
	bool asked, there;
};

/*
 * CPUID 0xd, which describes the state that XSAVE keeps. The answers never change, and a virtual
 * machine's cost tens of microseconds each: asked once.
 */
static const struct leaf *xsave_leaf(unsigned number)
{
	static struct leaf leaves[64];
	struct leaf *leaf = &leaves[number];

	if (!leaf->asked) {
		leaf->there = __get_cpuid_count(0xd, number, &leaf->a, &leaf->b, &leaf->c, &leaf->d);
		leaf->asked = true;
	}
	return leaf;
}

/* Where the standard (not compacted) layout puts a component; size 0: this processor has it not. */
static void component_place(unsigned number, uint32_t *offset, uint32_t *size)
{
	const struct leaf *leaf = xsave_leaf(number);

	*size = leaf->there ? leaf->a : 0;
	*offset = leaf->there ? leaf->b : 0;
}

static uint64_t enabled_components(void)
{
	const struct leaf *leaf = xsave_leaf(0);

	return leaf->there ? (uint64_t)leaf->d << 32 | leaf->a : 3;
}

size_t arch_xstate_room(void)
{
	const struct leaf *leaf = xsave_leaf(0);

	if (!leaf->there)
		return sizeof(struct fxsave);
	return leaf->c > 4096 ? leaf->c : 4096;
}

uint64_t arch_task_size(void)
{
	return 0x7ffffffff000ULL;
}

uint64_t arch_compat_task_size(void)
{
	return 0xffffe000;
}

/* Errors that stand in ax while a system call waits to be restarted (kernel's linux/errno.h). */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };

/* Does the call begin again? With a handler that runs first the kernel's rules hold. */
static bool begins_again(int64_t restart, enum arch_delivery delivery)
{
	switch (restart) {
	case ERESTARTNOINTR:
		return true;
	case ERESTARTSYS:
		return delivery != ARCH_HANDLER;
	default:
		return delivery == ARCH_NO_HANDLER;
	}
}

/*
 * A thread that was stopped inside a system call carries the restart in its registers.
 * The image stores the state after the kernel's own fix-up, since the restoring kernel knows
 * nothing of the call: it begins again. A restart block, which notes how much of a timeout is left,
 * lives in the old kernel only, so a sleep or wait with a relative time begins with its full
 * time, unless the program lets the kernel keep what is left in the same place
 * (nanosleep(&t, &t)). Too long is allowed by every one of these calls; EINTR without a
 * signal is what programs do not expect.
 */
void arch_settle_call(CoreEntry *core, enum arch_delivery delivery)
{
	const uint64_t step = 2; /* length of syscall and int 0x80 */
	UserX86RegsEntry *out = core->thread_info->gpregs;
	bool compat = out->mode == USER_X86_REGS_MODE__COMPAT;
	int64_t call = compat ? (int32_t)out->orig_ax : (int64_t)out->orig_ax;
	int64_t restart = -(compat ? (int32_t)out->ax : (int64_t)out->ax);

	if (call < 0 || (restart != ERESTARTSYS && restart != ERESTARTNOINTR && restart != ERESTARTNOHAND &&
			 restart != ERESTART_RESTARTBLOCK))
		return;
	/* restart_syscall itself cannot begin again: it would go on with whatever the restore has left there. */
	if (begins_again(restart, delivery) &&
	    !(restart == ERESTART_RESTARTBLOCK && call == (compat ? 0 : __NR_restart_syscall))) {
		out->ax = out->orig_ax;
		out->ip -= step;
	} else {
		out->ax = (uint64_t)-EINTR;
	}
}

bool arch_call_goes_on(const CoreEntry *core, struct arch_call *call)
{
	const UserX86RegsEntry *in = core->thread_info->gpregs;

	if (in->mode == USER_X86_REGS_MODE__COMPAT || (int64_t)in->orig_ax < 0 || (int64_t)in->ax != ARCH_GOES_ON)
		return false;
	*call = (struct arch_call){ (long)in->orig_ax, { in->di, in->si, in->dx, in->r10, in->r8, in->r9 }, in->sp, in->ip };
	return true;
}

void arch_name_call(CoreEntry *core, long number)
{
	core->thread_info->gpregs->orig_ax = (uint64_t)number;
}

void arch_call_to_begin(const CoreEntry *core, struct arch_call *call)
{
	const UserX86RegsEntry *in = core->thread_info->gpregs;

	*call = (struct arch_call){ (long)in->ax, { in->di, in->si, in->dx, in->r10, in->r8, in->r9 }, in->sp, in->ip + 2 };
}

void arch_interrupt_call(struct user_regs_struct *registers, int64_t result)
{
	registers->orig_rax = result == ARCH_GOES_ON ? registers->rax : (uint64_t)-1;
	registers->rax = (uint64_t)result;
	registers->rip += 2;
}

bool arch_is_call(const unsigned char instruction[2])
{
	return instruction[0] == 0x0f && instruction[1] == 0x05;
}

static UserX86RegsEntry *general_to_image(struct arena *arena, const struct user_regs_struct *in, bool compat)
{
	UserX86RegsEntry *out = arena_new(arena, UserX86RegsEntry);

	user_x86_regs_entry__init(out);
	out->r15 = in->r15, out->r14 = in->r14, out->r13 = in->r13, out->r12 = in->r12;
	out->r11 = in->r11, out->r10 = in->r10, out->r9 = in->r9, out->r8 = in->r8;
	out->bp = in->rbp, out->bx = in->rbx, out->ax = in->rax, out->cx = in->rcx;
	out->dx = in->rdx, out->si = in->rsi, out->di = in->rdi, out->orig_ax = in->orig_rax;
	out->ip = in->rip, out->cs = in->cs, out->flags = in->eflags, out->sp = in->rsp, out->ss = in->ss;
	out->fs_base = in->fs_base, out->gs_base = in->gs_base;
	out->ds = in->ds, out->es = in->es, out->fs = in->fs, out->gs = in->gs;
	out->has_mode = true;
	out->mode = compat ? USER_X86_REGS_MODE__COMPAT : USER_X86_REGS_MODE__NATIVE;
	if (compat) {
		out->r8 = out->r9 = out->r10 = out->r11 = out->r12 = out->r13 = out->r14 = out->r15 = 0;
		out->fs_base = out->gs_base = 0;
	}
	return out;
}

static uint32_t *words(struct arena *arena, const void *data, size_t bytes)
{
	return arena_copy(arena, data, bytes);
}

static UserX86XsaveEntry *xsave_to_image(struct arena *arena, const uint8_t *xstate, size_t size)
{
	UserX86XsaveEntry *out = arena_new(arena, UserX86XsaveEntry);
	uint64_t present, enabled = enabled_components();

	user_x86_xsave_entry__init(out);
	memcpy(&present, xstate + XSAVE_HEADER, sizeof(present));
	out->xstate_bv = present;
	for (size_t i = 0; i < COMPONENT_COUNT; i++) {
		const struct image_component *component = &components[i];
		void *array = arena_alloc(arena, component->bytes);
		uint32_t offset, place_size;

		if (!(enabled & 1ULL << component->number))
			continue;
		component_place(component->number, &offset, &place_size);
		if ((present & 1ULL << component->number) && place_size && offset + component->bytes <= size)
			memcpy(array, xstate + offset, component->bytes);
		*(size_t *)((char *)out + component->count_offset) = component->bytes / component->element;
		*(void **)((char *)out + component->array_offset) = array;
	}
	return out;
}

static UserX86FpregsEntry *fpu_to_image(struct arena *arena, const uint8_t *xstate, size_t size)
{
	UserX86FpregsEntry *out = arena_new(arena, UserX86FpregsEntry);
	const struct fxsave *legacy = (const struct fxsave *)xstate;

	user_x86_fpregs_entry__init(out);
	out->cwd = legacy->cwd, out->swd = legacy->swd, out->twd = legacy->twd, out->fop = legacy->fop;
	out->rip = legacy->rip, out->rdp = legacy->rdp;
	out->mxcsr = legacy->mxcsr, out->mxcsr_mask = legacy->mxcsr_mask;
	out->n_st_space = 32, out->st_space = words(arena, legacy->st_space, sizeof(legacy->st_space));
	out->n_xmm_space = 64, out->xmm_space = words(arena, legacy->xmm_space, sizeof(legacy->xmm_space));
	if (size >= XSAVE_EXTENDED)
		out->xsave = xsave_to_image(arena, xstate, size);
	return out;
}

struct error *arch_registers_to_image(struct arena *arena, CoreEntry *core, const struct user_regs_struct *registers,
				      const void *xstate, size_t xstate_size, bool compat)
{
	ThreadInfoX86 *info = arena_new(arena, ThreadInfoX86);

	if (xstate_size < sizeof(struct fxsave))
		return fail("could not read the FPU state: %zu bytes", xstate_size);
	if (xstate_size > XSAVE_EXTENDED) {
		uint64_t present, known = 3;

		memcpy(&present, (const uint8_t *)xstate + XSAVE_HEADER, sizeof(present));
		for (size_t i = 0; i < COMPONENT_COUNT; i++)
			known |= 1ULL << components[i].number;
		if (present & ~known)
			return with_hint(
			    fail("cannot save the FPU state: components 0x%llx have no place in the images",
				 (unsigned long long)(present & ~known)),
			    "Run the program without AMX tile registers in use.");
	}
	thread_info_x86__init(info);
	info->gpregs = general_to_image(arena, registers, compat);
	info->fpregs = fpu_to_image(arena, xstate, xstate_size);
	core->mtype = CORE_ENTRY__MARCH__X86_64;
	core->thread_info = info;
	return NULL;
}

static struct error *check_xsave(const UserX86XsaveEntry *xsave)
{
	uint64_t known = 3, missing;

	for (size_t i = 0; i < COMPONENT_COUNT; i++) {
		const struct image_component *component = &components[i];
		size_t count = *(const size_t *)((const char *)xsave + component->count_offset);

		known |= 1ULL << component->number;
		if (!(xsave->xstate_bv & 1ULL << component->number))
			continue;
		if (count * component->element < component->bytes)
			return fail("the image is damaged: FPU component %u has %zu values", component->number, count);
	}
	missing = xsave->xstate_bv & known & ~enabled_components();
	if (missing)
		return with_hint(
		    fail("this processor lacks FPU components that the image uses (mask 0x%llx)",
			 (unsigned long long)missing),
		    "Restore on a processor with the same features, or dump with the program limited to them.");
	return NULL;
}

struct error *arch_check_core(const CoreEntry *core)
{
	const ThreadInfoX86 *info = core->thread_info;

	if (core->mtype != CORE_ENTRY__MARCH__X86_64)
		return fail("the image was made on another architecture (%d)", core->mtype);
	if (!info || !info->gpregs)
		return fail("the image is damaged: no registers");
	if (!info->fpregs)
		return NULL;
	if (info->fpregs->n_st_space < 32 || info->fpregs->n_xmm_space < 64)
		return fail("the image is damaged: FPU registers are too short");
	return info->fpregs->xsave ? check_xsave(info->fpregs->xsave) : NULL;
}

bool arch_core_is_compat(const CoreEntry *core)
{
	const ThreadInfoX86 *info = core->thread_info;

	return info && info->gpregs->has_mode && info->gpregs->mode == USER_X86_REGS_MODE__COMPAT;
}

/* Processors that have instructions for the base of a segment get it apart from the selector, which names one of
 * the thread's own entries of the GDT. */
static uint64_t segment_base(const ThreadInfoX86 *info, uint64_t selector)
{
	for (size_t i = 0; i < info->n_tls; i++)
		if (info->tls[i]->entry_number == selector >> 3)
			return info->tls[i]->base_addr;
	return 0;
}

static void general_from_image(const CoreEntry *core, struct user_regs_struct *out)
{
	const UserX86RegsEntry *in = core->thread_info->gpregs;

	*out = (struct user_regs_struct){
		.r15 = in->r15,
		.r14 = in->r14,
		.r13 = in->r13,
		.r12 = in->r12,
		.r11 = in->r11,
		.r10 = in->r10,
		.r9 = in->r9,
		.r8 = in->r8,
		.rbp = in->bp,
		.rbx = in->bx,
		.rax = in->ax,
		.rcx = in->cx,
		.rdx = in->dx,
		.rsi = in->si,
		.rdi = in->di,
		.orig_rax = -1,
		.rip = in->ip,
		.cs = in->cs,
		.eflags = in->flags,
		.rsp = in->sp,
		.ss = in->ss,
		.fs_base = in->fs_base,
		.gs_base = in->gs_base,
		.ds = in->ds,
		.es = in->es,
		.fs = in->fs,
		.gs = in->gs,
	};
	if (arch_core_is_compat(core)) {
		out->fs_base = segment_base(core->thread_info, in->fs);
		out->gs_base = segment_base(core->thread_info, in->gs);
	}
}

static void xsave_from_image(const UserX86XsaveEntry *in, uint8_t *xstate, size_t room, size_t *size)
{
	uint64_t present = 3, enabled = enabled_components();

	for (size_t i = 0; i < COMPONENT_COUNT; i++) {
		const struct image_component *component = &components[i];
		uint64_t bit = 1ULL << component->number;
		uint32_t offset, place_size;

		if (!(in->xstate_bv & bit) || !(enabled & bit))
			continue;
		component_place(component->number, &offset, &place_size);
		if (!place_size || offset + component->bytes > room)
			continue;
		memcpy(xstate + offset, *(void *const *)((const char *)in + component->array_offset), component->bytes);
		present |= bit;
	}
	memcpy(xstate + XSAVE_HEADER, &present, sizeof(present));
	*size = room;
}

void arch_registers_from_image(const CoreEntry *core, struct user_regs_struct *registers, void *xstate, size_t *size)
{
	const UserX86FpregsEntry *in = core->thread_info->fpregs;
	struct fxsave *legacy = xstate;
	size_t room = *size;
	const struct leaf *leaf = xsave_leaf(0);

	general_from_image(core, registers);
	*size = 0;
	if (!in)
		return;
	memset(xstate, 0, room);
	legacy->cwd = in->cwd, legacy->swd = in->swd, legacy->twd = in->twd, legacy->fop = in->fop;
	legacy->rip = in->rip, legacy->rdp = in->rdp;
	legacy->mxcsr = in->mxcsr & 0xffff, legacy->mxcsr_mask = in->mxcsr_mask;
	memcpy(legacy->st_space, in->st_space, sizeof(legacy->st_space));
	memcpy(legacy->xmm_space, in->xmm_space, sizeof(legacy->xmm_space));
	*size = sizeof(*legacy);
	/* The regset wants exactly the size of the enabled user components (CPUID 0xd.0 ebx). */
	if (!leaf->there || leaf->b < XSAVE_EXTENDED || leaf->b > room)
		return;
	if (in->xsave) {
		xsave_from_image(in->xsave, xstate, leaf->b, size);
	} else {
		uint64_t present = 3;

		memcpy((uint8_t *)xstate + XSAVE_HEADER, &present, sizeof(present));
		*size = leaf->b;
	}
}
