// SPDX-License-Identifier: GPL-2.0
/*
 * Probes: each uses one facility and takes back what it did. NULL: it is there; else the error
 * says what the kernel answered. Called in main through the list of kernel/features.h; those
 * that change the process, or need namespaces, work in a child.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/features.h"
#include "support/error.h"

#define FEATURE(id, name, category, lost) struct error *probe_##id(void) must_check;
FEATURE_LIST(FEATURE)
#undef FEATURE

/* child.c: runs the function in a child and brings its error back. */
struct error *probe_in_child(struct error *(*function)(void)) must_check;
/* The same in new namespaces (CLONE_NEW flags); mounts are private, a network has its loopback. */
struct error *probe_in_namespaces(int flags, struct error *(*function)(void)) must_check;
/* Stops a child that has run prepare (may be NULL), traced with these options, and looks at it. */
struct error *probe_traced(struct error *(*prepare)(void), unsigned options,
			   struct error *(*look)(pid_t child)) must_check;
/* A whole page of fresh memory. */
struct error *probe_page(size_t pages, char **page) must_check;
