// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the kernel's own memory, for state that it tells in no other way: by a BPF program that copies what is at an
 * address. Nothing is ever written. Where a field is says btf.h. Needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, and a
 * kernel that is not locked down. main.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/btf.h"
#include "support/error.h"

struct peek;

/* *ret is the caller's; peek_close() frees it and accepts NULL. */
struct error *peek_open(struct peek **ret) must_check;
void peek_close(struct peek *peek);
/* The address of the kernel's struct task_struct of the calling thread. */
struct error *peek_current(struct peek *peek, uint64_t *address) must_check;
/* The address of the struct file of a descriptor of ours. */
struct error *peek_descriptor(struct peek *peek, const struct btf *btf, int fd, uint64_t *file) must_check;
struct error *peek_bytes(struct peek *peek, uint64_t address, void *data, size_t length) must_check;
/* A number of up to eight bytes, or a pointer. structure: address of the struct that has the field. */
struct error *peek_number(struct peek *peek, uint64_t structure, const struct btf_place *place, uint64_t *value) must_check;
