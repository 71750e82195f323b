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

/* btf is the caller's and there until peek_close(); so is *ret, which peek_close() frees. NULL is fine there. */
struct error *peek_open(const struct btf *btf, struct peek **ret) must_check;
void peek_close(struct peek *peek);
/* The address of the kernel's struct task_struct of the calling thread. */
struct error *peek_current(struct peek *peek, uint64_t *address) must_check;
/* The address of the struct file of a descriptor of ours. */
struct error *peek_descriptor(struct peek *peek, int fd, uint64_t *file) must_check;
/* The number that our pid namespace has for the struct pid at an address; 0: it is not in there, or the address is 0. */
struct error *peek_pid(struct peek *peek, uint64_t address, uint64_t *number) must_check;
/* The same of the thread whose struct task_struct is at the address. */
struct error *peek_thread(struct peek *peek, uint64_t address, uint64_t *number) must_check;
struct error *peek_bytes(struct peek *peek, uint64_t address, void *data, size_t length) must_check;
/* A number of up to eight bytes, or a pointer. structure: address of the struct that has the field. */
struct error *peek_number(struct peek *peek, uint64_t structure, const struct btf_place *place, uint64_t *value) must_check;
