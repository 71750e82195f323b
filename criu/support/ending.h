// SPDX-License-Identifier: GPL-2.0
/* Ending this process with a given status. Any process. */
#pragma once

/* status as wait(2) gives it: an exit code or a signal. Leaves no core file. */
void end_with_status(int status) __attribute__((noreturn));
