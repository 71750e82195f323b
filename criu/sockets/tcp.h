// SPDX-License-Identifier: GPL-2.0
/* TCP connections as the pipelines see them. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, dump, right before the tree is let go or ended. lives: it runs on, and the network is unlocked; else
 * connections enter repair mode, in which they are gone without a word when their last descriptor is closed,
 * and the lock stays for the restore. */
struct error *tcp_release(struct dump *dump, bool lives) must_check;
