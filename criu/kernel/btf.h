// SPDX-License-Identifier: GPL-2.0
/*
 * Where the kernel keeps its own fields: its type information, /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF).
 * For peek.h. main.
 */
#pragma once

#include <stdint.h>

#include "support/error.h"

struct btf;

struct btf_place {
	uint32_t offset, size; /* in bytes */
	uint32_t bit, bits;    /* of a bit field: bits from the lowest of the byte at offset on; else 0 */
};

/* *ret is the caller's; btf_close() frees it and accepts NULL. */
struct error *btf_open(struct btf **ret) must_check;
void btf_close(struct btf *btf);
/* path: names with dots between them, "file_table.data.nr". An error where this kernel has no such field. */
struct error *btf_find(const struct btf *btf, const char *structure, const char *path, struct btf_place *place) must_check;
struct error *btf_size(const struct btf *btf, const char *structure, uint32_t *bytes) must_check;
/* The value of an enumerator of any enum; an error where there is none of that name. */
struct error *btf_constant(const struct btf *btf, const char *name, uint32_t *value) must_check;
