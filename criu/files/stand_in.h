// SPDX-License-Identifier: GPL-2.0
/* stand_in: what the kernel must see done by a process that has ended. Opener. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Calls the function in a process of this number, which has our memory and our descriptors and is gone when this returns;
 * we sleep meanwhile. false: the number cannot be had, and errno tells why. */
bool stand_in_run(pid_t pid, void (*function)(void *), void *argument);
