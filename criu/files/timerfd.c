// SPDX-License-Identifier: GPL-2.0
/* timerfd: a timer with its unread ticks. Armed at the very end (finish), so that restoring costs no time. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>

#include "files/collection.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"
#include "support/log.h"

#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)
#endif

enum { NANOSECONDS = 1000000000 };

static struct error *read_time(const char *text, const char *name, uint64_t *seconds, uint64_t *nanoseconds)
{
	unsigned long long s, ns;
	const char *rest;

	if (!fdinfo_line(text, name, &rest) || sscanf(rest, " (%llu, %llu)", &s, &ns) != 2)
		return fail("unexpected text in fdinfo: %s", name);
	*seconds = s;
	*nanoseconds = ns;
	return NULL;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	TimerfdEntry *entry = out->tfd = new_message(dump->arena, timerfd_entry);
	cleanup_free char *text = NULL;
	struct itimerspec unused;
	uint64_t clock, flags;

	/* Ticks of an interval timer are only counted when somebody looks: this makes the kernel count. */
	if (timerfd_gettime(fd->fd, &unused))
		return fail_errno("could not look at a timerfd");
	TRY(fdinfo_read(fd->fd, &text));
	TRY(fdinfo_number(text, "clockid", 10, &clock));
	TRY(fdinfo_number(text, "ticks", 10, &entry->ticks));
	TRY(fdinfo_number(text, "settime flags", 8, &flags));
	entry->clockid = clock;
	entry->settime_flags = flags;
	TRY(read_time(text, "it_value", &entry->vsec, &entry->vnsec));
	/* It has not come to its time, and still there is something to be read: that the clock was set. */
	if (entry->ticks && flags & TFD_TIMER_CANCEL_ON_SET && (entry->vsec || entry->vnsec))
		log_warning("descriptor %d of process %d is a timer that was cancelled because the clock was set; a restored "
			    "program will read an expiration instead, ignored",
			    fd->number, fd->task->pid);
	return read_time(text, "it_interval", &entry->isec, &entry->insec);
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const TimerfdEntry *entry = file->entry->tfd;

	if (entry->vnsec >= NANOSECONDS || entry->insec >= NANOSECONDS)
		return fail("the image is damaged: timerfd with %llu nanoseconds", (unsigned long long)entry->vnsec);
	file->finish_copy = true;
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	*ret_fd = timerfd_create(file->entry->tfd->clockid, TFD_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not create a timerfd") : NULL;
}

/* An interval timer that has expired and was not read stands still at zero: it is armed to
 * expire at once, and gets its ticks when it has. */
static struct error *arm(int fd, int flags, struct itimerspec *value, const TimerfdEntry *entry)
{
	struct pollfd expired = { .fd = fd, .events = POLLIN };
	bool stands = !entry->vsec && !entry->vnsec && (entry->isec || entry->insec);

	if (stands)
		value->it_value.tv_nsec = 1; /* as an absolute time it is long past */
	if (timerfd_settime(fd, flags, value, NULL))
		return fail_errno("could not arm a timerfd");
	if (stands && poll(&expired, 1, 1000) != 1)
		return fail("a timerfd that should expire at once did not");
	if (entry->ticks && ioctl(fd, TFD_IOC_SET_TICKS, &entry->ticks))
		return fail_errno("could not set the ticks of a timerfd");
	return NULL;
}

/* The clock behind one of alarms, which itself can only be read where a device can wake the machine. */
static clockid_t clock_of(uint32_t clock)
{
	return clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : clock == CLOCK_BOOTTIME_ALARM ? CLOCK_BOOTTIME : (clockid_t)clock;
}

static struct error *finish(struct restore *restore, struct planned_file *file, int fd)
{
	const TimerfdEntry *entry = file->entry->tfd;
	struct itimerspec value = { { entry->isec, entry->insec }, { entry->vsec, entry->vnsec } };
	int flags = entry->settime_flags;

	/* The image has the time that was left; an absolute timer wants a point in time. */
	if (flags & TFD_TIMER_ABSTIME && (entry->vsec || entry->vnsec)) {
		struct timespec now;

		if (clock_gettime(clock_of(entry->clockid), &now))
			return fail_errno("could not read clock %u", entry->clockid);
		value.it_value.tv_sec += now.tv_sec;
		value.it_value.tv_nsec += now.tv_nsec;
		if (value.it_value.tv_nsec >= NANOSECONDS) {
			value.it_value.tv_nsec -= NANOSECONDS;
			value.it_value.tv_sec++;
		}
	}
	return arm(fd, flags, &value, entry);
}

const struct file_kind timerfd_kind = {
	.name = "timerfd",
	.type = FD_TYPES__TIMERFD,
	.entry = offsetof(FileEntry, tfd),
	.match = { .anon_inode = "[timerfd]" },
	.dump = dump,
	.plan = plan,
	.create = create,
	.finish = finish,
};
