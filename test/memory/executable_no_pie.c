// SPDX-License-Identifier: GPL-2.0
// link: -no-pie -fno-pie
/* An executable that is not position independent: data, constants, functions by address, and a heap (brk) that goes on growing. */
#include "executable.h"
