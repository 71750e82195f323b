// SPDX-License-Identifier: GPL-2.0
/*
 * Time namespaces: a tree's CLOCK_MONOTONIC and CLOCK_BOOTTIME go on after a restore where they stood at
 * the dump, after a reboot and on another host too. time_namespaces(7), since Linux 5.6.
 */
#pragma once

#include "model/run.h"

/* Frozen tree, main: what these clocks show to the root of the tree, into snapshot->clocks. own: the tree is
 * in the time namespace of criu itself. */
struct error *clocks_collect(struct dump *dump, bool own) must_check;

/* Whether these can be clocks at all: the image may be damaged. */
struct error *clocks_check(const TimensEntry *clocks) must_check;

/* Restore, main: fork the root between these two calls; it and all its descendants live by the recorded clocks.
 * Nothing happens when no clocks were recorded. Where a time namespace cannot be made, the tree lives by this
 * machine's clocks, with a warning. enter tells what leave needs. */
struct error *clocks_enter(struct restore *restore, int *own_namespace) must_check;
struct error *clocks_leave(int own_namespace) must_check;
