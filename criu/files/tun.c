// SPDX-License-Identifier: GPL-2.0
/*
 * tun: a descriptor of /dev/net/tun, attached to a tun or tap device or not; one of several queues, attached or detached.
 * The device itself is in tun_device.c. linux/if_tun.h.
 */
#include "files/tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "support/cleanup.h"

/* ---- dump ---- */

/* The path has an entry of its own, with the same id. */
static struct error *dump_path(struct dump *dump, const struct open_fd *fd)
{
	RegFileEntry *entry = new_message(dump->arena, reg_file_entry);

	entry->id = fd->id;
	entry->flags = fd->flags;
	entry->fown = new_message(dump->arena, fown_entry);
	TRY(regular_describe(dump, entry, fd->fd, &fd->stat, fd->link, false));
	file_entry_new(dump, FD_TYPES__REG, fd->id)->reg = entry;
	return NULL;
}

static bool is_described(const struct dump *dump, const char *name)
{
	for (size_t i = 0; i < dump->files->entry_count; i++) {
		const TunfileEntry *entry = dump->files->entries[i]->tunf;

		if (entry && entry->device && !strcmp(entry->netdev, name))
			return true;
	}
	return false;
}

static struct error *check_namespace(int fd, const char *name)
{
	cleanup_close int theirs = ioctl(fd, TUNGETDEVNETNS);
	struct stat of_device, own;

	if (theirs < 0 || fstat(theirs, &of_device) || stat("/proc/self/ns/net", &own))
		return fail_errno("could not find the network namespace of %s", name);
	if (of_device.st_ino == own.st_ino)
		return NULL;
	return with_hint(fail("the network device %s was moved to another network namespace", name),
			 "Run criu in the network namespace of the device (nsenter --net).");
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	TunfileEntry *entry = out->tunf = new_message(dump->arena, tunfile_entry);
	struct ifreq request = { 0 };
	uint32_t flags;

	TRY(dump_path(dump, fd));
	if (ioctl(fd->fd, TUNGETIFF, &request))
		return errno == EBADFD ? NULL : fail_errno("could not read the device of a tun descriptor");
	flags = (uint16_t)request.ifr_flags;
	entry->netdev = arena_string(dump->arena, request.ifr_name);
	SET(entry, detached, flags & IFF_DETACH_QUEUE);
	TRY(check_namespace(fd->fd, entry->netdev));
	if (is_described(dump, entry->netdev))
		return NULL;
	return tun_device_dump(dump, fd->fd, entry->netdev, flags, &entry->device);
}

/* ---- restore ---- */

/* The description of a device is with the first of its descriptors; of images of others there is none. */
static const TunDeviceEntry *device_of(const struct restore *restore, const TunfileEntry *entry)
{
	for (size_t i = 0; i < restore->files->count; i++) {
		const TunfileEntry *other = restore->files->files[i].entry->tunf;

		if (other && other->device && other->netdev && !strcmp(other->netdev, entry->netdev))
			return other->device;
	}
	return NULL;
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const TunfileEntry *entry = file->entry->tunf;

	if (!planned_file_find(restore, entry->id, FD_TYPES__REG))
		return fail("the image is damaged: tun descriptor %u has no path", entry->id);
	if (!entry->netdev)
		return NULL;
	if (strlen(entry->netdev) >= IFNAMSIZ || !*entry->netdev)
		return fail("the image is damaged: network device \"%s\"", entry->netdev);
	if (!device_of(restore, entry))
		return with_hint(fail("cannot restore a descriptor of network device %s: its settings are not in the image",
				      entry->netdev),
				 "Dump it with this version of criu.");
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const TunfileEntry *entry = file->entry->tunf;
	struct ifreq detach = { .ifr_flags = IFF_DETACH_QUEUE };
	const TunDeviceEntry *device;

	TRY(regular_open(restore, planned_file_find(restore, entry->id, FD_TYPES__REG)->entry->reg, -1, ret_fd));
	if (!entry->netdev)
		return NULL;
	device = device_of(restore, entry);
	TRY(tun_device_attach(device, entry->netdev, device->flags, *ret_fd));
	if (entry->detached && ioctl(*ret_fd, TUNSETQUEUE, &detach))
		return fail_errno("could not detach a queue of network device %s", entry->netdev);
	return NULL;
}

/* O_NONBLOCK and the like are with the path. */
static struct error *fill(struct restore *restore, struct planned_file *file)
{
	struct planned_file *path = planned_file_find(restore, file->entry->id, FD_TYPES__REG);

	return common_restore(restore, path, file->fd);
}

const struct file_kind tun_kind = {
	.name = "tun",
	.type = FD_TYPES__TUNF,
	.entry = offsetof(FileEntry, tunf),
	.match = { .mode = S_IFCHR, .device_major = 10, .device_minor_plus_1 = 201 },
	.dump = dump,
	.plan = plan,
	.create = create,
	.fill = fill,
};
