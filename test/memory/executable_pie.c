// SPDX-License-Identifier: GPL-2.0
// link: -pie -fPIE
/* An executable that is position independent: data, constants, functions by address, and a heap (brk) that goes on growing. */
#include "executable.h"
