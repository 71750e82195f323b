// SPDX-License-Identifier: GPL-2.0
#include "support/file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/cleanup.h"

enum { MAX_DESCRIPTORS = 250 };

struct error *read_exactly(int fd, void *data, size_t length)
{
	char *place = data;

	while (length) {
		ssize_t n = read(fd, place, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("could not read");
		if (n == 0)
			return fail_number(EIO, "unexpected end of file");
		place += n;
		length -= n;
	}
	return NULL;
}

struct error *write_exactly(int fd, const void *data, size_t length)
{
	const char *place = data;

	while (length) {
		ssize_t n = write(fd, place, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("could not write");
		place += n;
		length -= n;
	}
	return NULL;
}

struct error *pread_exactly(int fd, void *data, size_t length, off_t offset)
{
	char *place = data;

	while (length) {
		ssize_t n = pread(fd, place, length, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("could not read");
		if (n == 0)
			return fail_number(EIO, "unexpected end of file");
		place += n;
		offset += n;
		length -= n;
	}
	return NULL;
}

struct error *pwrite_exactly(int fd, const void *data, size_t length, off_t offset)
{
	const char *place = data;

	while (length) {
		ssize_t n = pwrite(fd, place, length, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("could not write");
		place += n;
		offset += n;
		length -= n;
	}
	return NULL;
}

int open_without_links(int directory, const char *path, int flags, unsigned mode)
{
	struct open_how how = { .flags = flags, .mode = flags & O_CREAT ? mode : 0, .resolve = RESOLVE_NO_SYMLINKS };
	int fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) /* EPERM: of a filter that does not know it */
		fd = openat(directory, path, flags | O_NOFOLLOW, mode);
	return fd;
}

struct error *read_file_at(int directory, const char *path, char **data, size_t *length)
{
	cleanup_close int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	cleanup_free char *buffer = NULL;
	size_t used = 0, size = 0;

	if (fd < 0)
		return fail_errno("could not open %s", path);
	for (;;) {
		ssize_t n;

		if (size - used < 2) {
			char *larger = realloc(buffer, size ? size * 2 : 4096);

			if (!larger)
				return out_of_memory();
			buffer = larger;
			size = size ? size * 2 : 4096;
		}
		n = read(fd, buffer + used, size - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("could not read %s", path);
		if (n == 0)
			break;
		used += n;
	}
	buffer[used] = '\0';
	*data = take_pointer(buffer);
	if (length)
		*length = used;
	return NULL;
}

struct error *write_file_at(int directory, const char *path, const void *data, size_t length)
{
	cleanup_close int fd = openat(directory, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno("could not open %s", path);
	return with_context(write_exactly(fd, data, length), "%s", path);
}

struct error *read_link_at(int directory, const char *path, char **target)
{
	char buffer[PATH_MAX];
	ssize_t length = readlinkat(directory, path, buffer, sizeof(buffer) - 1);

	if (length < 0)
		return fail_errno("could not read the link %s", path);
	buffer[length] = '\0';
	*target = strdup(buffer);
	return *target ? NULL : out_of_memory();
}

struct error *send_descriptors(int socket, const void *data, size_t length, const int *fds, size_t count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)data, length };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (count > MAX_DESCRIPTORS)
		return fail("cannot send %zu descriptors in one message", count);
	if (count) {
		struct cmsghdr *header = (struct cmsghdr *)control;

		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	do {
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_errno("could not send descriptors");
	return (size_t)n == length ? NULL : fail("could not send descriptors: short message");
}

struct error *receive_descriptors(int socket, void *data, size_t *length, int *fds, size_t *count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
	struct iovec iov = { data, *length };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	size_t room = *count;
	ssize_t n;

	do {
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_errno("could not receive descriptors");
	if (n == 0)
		return fail("could not receive descriptors: the sender is gone");
	*length = n;
	*count = 0;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		size_t got;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		got = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < got; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
			if (*count < room)
				fds[(*count)++] = fd;
			else
				close(fd);
		}
	}
	if (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))
		return fail("could not receive descriptors: message too long");
	return NULL;
}
