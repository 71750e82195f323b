// SPDX-License-Identifier: GPL-2.0
/* The network devices behind descriptors of /dev/net/tun. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, tree frozen: all of a device that is gone with its last descriptor. fd is attached to it. */
struct error *tun_device_dump(struct dump *dump, int fd, const char *name, uint32_t flags, TunDeviceEntry **out) must_check;
/* opener: attaches fd to the device, which is made and set up if it is not there. device may be NULL: another
 * descriptor has it. */
struct error *tun_device_attach(const TunDeviceEntry *device, const char *name, uint32_t flags, int fd) must_check;
