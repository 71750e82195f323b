// SPDX-License-Identifier: GPL-2.0
/* What is in a vdso: an ELF shared object of a few pages, as it lies in memory. Pure functions; any process. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/error.h"

struct vdso_function {
	const char *name; /* in the image */
	uint64_t offset, size;
};

struct vdso_image {
	const uint8_t *data;
	size_t size;
	const uint8_t *build_id; /* in the data; NULL if it has none */
	size_t build_id_size;
	struct vdso_function *functions; /* one for each offset, ascending; of several names the one with "__" */
	size_t function_count;
};

/* Reads the symbols; data must outlive the result. An error where it is no vdso of this
 * machine or says of itself what cannot be: the data may come from a damaged image. */
struct error *vdso_image_parse(struct arena *arena, const void *data, size_t size, struct vdso_image *image) must_check;
/* The function of that name, NULL if there is none. */
const struct vdso_function *vdso_image_find(const struct vdso_image *image, const char *name);
/* Were both built at once? Then everything in them is at the same place, but the kernel may have
 * chosen other instructions for another processor. */
bool vdso_image_same_build(const struct vdso_image *one, const struct vdso_image *other);
