// SPDX-License-Identifier: GPL-2.0
/*
 * Whole reads and writes, small files at once, descriptors over unix sockets. Any process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "support/error.h"

/* Reads or writes exactly length bytes; end of file in between is an error (EIO). */
struct error *read_exactly(int fd, void *data, size_t length) must_check;
struct error *write_exactly(int fd, const void *data, size_t length) must_check;
struct error *pread_exactly(int fd, void *data, size_t length, off_t offset) must_check;
struct error *pwrite_exactly(int fd, const void *data, size_t length, off_t offset) must_check;

/* openat(2), but no symbolic link on the way is followed, nor at the end (errno ELOOP): openat2(2) of Linux 5.6; on
 * older kernels only the one at the end is noticed. */
int open_without_links(int directory, const char *path, int flags, unsigned mode);

/* A whole small file (as /proc serves them), NUL-terminated after *length bytes; the
 * caller frees *data. path is relative to directory (AT_FDCWD allowed). */
struct error *read_file_at(int directory, const char *path, char **data, size_t *length) must_check;
struct error *write_file_at(int directory, const char *path, const void *data, size_t length) must_check;

/* The target of a link, NUL-terminated; the caller frees it. */
struct error *read_link_at(int directory, const char *path, char **target) must_check;

/* Sends one message with up to 250 descriptors; receives them with O_CLOEXEC set.
 * A message has at least one byte of data. */
struct error *send_descriptors(int socket, const void *data, size_t length, const int *fds, size_t count) must_check;
struct error *receive_descriptors(int socket, void *data, size_t *length, int *fds, size_t *count) must_check;
