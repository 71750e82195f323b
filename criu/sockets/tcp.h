// SPDX-License-Identifier: GPL-2.0
/* TCP connections as the pipelines see them. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, dump, right before the tree is let go or ended. lives: it runs on, so that connections leave repair
 * mode and the network is unlocked; else they stay in it and are gone without a word when their last
 * descriptor is closed, and the lock stays for the restore. */
struct error *tcp_release(struct dump *dump, bool lives) must_check;
