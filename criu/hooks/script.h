// SPDX-License-Identifier: GPL-2.0
/* --action-script: a program that is run at every hook. */
#pragma once

#include "hooks/hooks.h"

/* main: subscribes a program; path and images_dir must outlive the hooks. images_fd: the open images directory. */
struct error *script_subscribe(struct hooks *hooks, const char *path, int images_fd) must_check;
