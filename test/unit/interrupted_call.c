// SPDX-License-Identifier: GPL-2.0
/* What an interrupted system call becomes in an image: the kernel's own rules, but for calls
 * that only the old kernel could have continued: they begin again. */
#include <errno.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "tap.h"

static const struct row {
	const char *name;
	long result; /* in ax at the stop */
	enum arch_delivery delivery;
	bool again, compat;
} rows[] = {
	{ "ERESTARTSYS, no handler", -512, ARCH_NO_HANDLER, true },
	{ "ERESTARTSYS, handler", -512, ARCH_HANDLER, false },
	{ "ERESTARTSYS, handler with SA_RESTART", -512, ARCH_HANDLER_RESTART, true },
	{ "ERESTARTNOINTR, handler", -513, ARCH_HANDLER, true },
	{ "ERESTARTNOHAND, no handler", -514, ARCH_NO_HANDLER, true },
	{ "ERESTARTNOHAND, handler with SA_RESTART", -514, ARCH_HANDLER_RESTART, false },
	{ "restart block, no handler", -516, ARCH_NO_HANDLER, true },
	{ "restart block, handler with SA_RESTART", -516, ARCH_HANDLER_RESTART, false },
	{ "ERESTARTSYS of a 32-bit thread", -512, ARCH_NO_HANDLER, true, true },
};

static UserX86RegsEntry settle(long result, long original, enum arch_delivery delivery, bool compat)
{
	UserX86RegsEntry registers = USER_X86_REGS_ENTRY__INIT;
	ThreadInfoX86 info = THREAD_INFO_X86__INIT;
	CoreEntry core = CORE_ENTRY__INIT;

	registers.ip = 0x1000;
	registers.ax = compat ? (uint32_t)result : (uint64_t)result;
	registers.orig_ax = (uint64_t)original;
	registers.mode = compat ? USER_X86_REGS_MODE__COMPAT : USER_X86_REGS_MODE__NATIVE;
	info.gpregs = &registers;
	core.thread_info = &info;
	arch_settle_call(&core, delivery);
	return registers;
}

int main(void)
{
	UserX86RegsEntry registers;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool again, ended;

		registers = settle(rows[i].result, SYS_read, rows[i].delivery, rows[i].compat);
		again = registers.ip == 0xffe && registers.ax == SYS_read;
		ended = registers.ip == 0x1000 && (int64_t)registers.ax == -EINTR;
		check(rows[i].again ? again : ended, "%s: %s", rows[i].name, rows[i].again ? "begins again" : "returns EINTR");
	}
	registers = settle(-EAGAIN, SYS_read, ARCH_NO_HANDLER, false);
	check((int64_t)registers.ax == -EAGAIN && registers.ip == 0x1000, "another result stays");
	registers = settle(-512, -1, ARCH_NO_HANDLER, false);
	check((int64_t)registers.ax == -512 && registers.ip == 0x1000, "what is no system call stays");
	return tap_end();
}
