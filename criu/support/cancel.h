// SPDX-License-Identifier: GPL-2.0
/*
 * Cancelling a run: SIGINT, SIGTERM, SIGHUP and the end of --timeout only set a mark; main looks
 * at it where it waits and between its steps, and turns it into an error, so that the undo stack
 * takes everything back. A mark is process-wide by nature, like the log: signal(7). main only.
 */
#pragma once

#include <stdbool.h>

#include "support/error.h"

/* From here requests are noted. seconds: of the whole run, 0 for no limit. Signals that the caller
 * ignores stay ignored. While a request waits to be seen, SIGALRM interrupts system calls. */
void cancel_arm(unsigned seconds);
/* NULL, or why the run shall end. */
struct error *cancel_check(void) must_check;
/* From here requests have no effect: at the point of no return, or when things are being taken back. */
void cancel_never(void);
/* Requests have an effect again, those that came meanwhile too: a new try begins. */
void cancel_resume(void);
/* Signals are as before cancel_arm(), but in a worker, which ends now. */
void cancel_disarm(void);
