// SPDX-License-Identifier: GPL-2.0
// link: -static -no-pie
/* An executable that is static: data, constants, functions by address, and a heap (brk) that goes on growing. */
#include "executable.h"
