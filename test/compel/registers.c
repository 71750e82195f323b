// SPDX-License-Identifier: GPL-2.0
/* What an interrupted system call becomes in an image: the kernel's own rules. */
#include "check.h"

static const struct row {
	const char *name;
	int result; /* in rax at the stop */
	enum compel_delivery delivery;
	bool again, compat;
} rows[] = {
	{ "ERESTARTSYS, no handler", -512, COMPEL_NO_HANDLER, true },
	{ "ERESTARTSYS, handler", -512, COMPEL_HANDLER, false },
	{ "ERESTARTSYS, handler with SA_RESTART", -512, COMPEL_HANDLER_RESTART, true },
	{ "ERESTARTNOINTR, handler", -513, COMPEL_HANDLER, true },
	{ "ERESTARTNOHAND, no handler", -514, COMPEL_NO_HANDLER, true },
	{ "ERESTARTNOHAND, handler with SA_RESTART", -514, COMPEL_HANDLER_RESTART, false },
	{ "restart block, no handler", -516, COMPEL_NO_HANDLER, false },
	{ "restart block, handler with SA_RESTART", -516, COMPEL_HANDLER_RESTART, false },
	{ "ERESTARTSYS of a 32-bit thread", -512, COMPEL_NO_HANDLER, true, true },
};

static struct user_regs_struct settle(long result, long original, enum compel_delivery delivery, bool compat)
{
	struct compel_thread thread = { .registers = { .rip = 0x1000, .cs = compat ? 0x23 : 0x33 } };
	struct user_regs_struct registers;

	thread.registers.rax = compat ? (uint32_t)result : (uint64_t)result;
	thread.registers.orig_rax = (uint64_t)original;
	compel_restart_registers(&thread, delivery, &registers);
	return registers;
}

int main(void)
{
	struct user_regs_struct registers;
	struct tap tap = {};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool again;

		registers = settle(rows[i].result, SYS_read, rows[i].delivery, rows[i].compat);
		again = registers.rip == 0xffe && registers.rax == SYS_read;
		check(&tap, registers.orig_rax == (uint64_t)-1 && again == rows[i].again &&
			      (again || (registers.rip == 0x1000 && (int64_t)registers.rax == -EINTR)),
		      "%s: %s", rows[i].name, rows[i].again ? "starts again" : "returns EINTR");
	}
	registers = settle(-EAGAIN, SYS_read, COMPEL_NO_HANDLER, false);
	check(&tap, (int64_t)registers.rax == -EAGAIN && registers.rip == 0x1000, "another result stays");
	registers = settle(-512, -1, COMPEL_NO_HANDLER, false);
	check(&tap, (int64_t)registers.rax == -512 && registers.rip == 0x1000, "what is no system call stays");
	return finish(&tap);
}
