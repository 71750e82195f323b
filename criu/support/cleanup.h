// SPDX-License-Identifier: GPL-2.0
/*
 * Cleanup by declaration: a variable with one of these attributes releases what it owns
 * when its scope ends, so an early return is always right. Any process with libc.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/error.h"

static inline void cleanup_close_fd(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
}

static inline void cleanup_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static inline void cleanup_error(struct error **error)
{
	error_free(*error);
}

#define cleanup_close __attribute__((cleanup(cleanup_close_fd)))
#define cleanup_free __attribute__((cleanup(cleanup_free_pointer)))
#define cleanup_fclose __attribute__((cleanup(cleanup_close_file)))
#define cleanup_closedir __attribute__((cleanup(cleanup_close_directory)))
#define cleanup_error_free __attribute__((cleanup(cleanup_error)))

/* Hands the value over and leaves the variable empty, so that its cleanup does nothing. */
static inline int take_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

#define take_pointer(variable)                  \
	({                                      \
		typeof(variable) *p_ = &(variable); \
		typeof(variable) v_ = *p_;      \
		*p_ = NULL;                     \
		v_;                             \
	})
