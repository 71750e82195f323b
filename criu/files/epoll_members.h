// SPDX-License-Identifier: GPL-2.0
/* epoll_members: for epolls with many targets. Dump, tree frozen. */
#pragma once

#include "model/run.h"

/* Which of these numbers of a task are files that its epoll, a number too, watches under that number? In one pass,
 * while kcmp() looks through all targets for each. false: it could not be found out, ask kcmp(). */
bool epoll_members(const struct task *task, int epoll, const uint32_t *numbers, size_t count, bool *members);
