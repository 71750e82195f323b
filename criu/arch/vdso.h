// SPDX-License-Identifier: GPL-2.0
/* Machine code that takes the place of functions of a vdso. Implemented in arch/<architecture>/. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "images/messages.h"
#include "support/error.h"

enum { VDSO_CODE_MAX = 32 };

/* Code that goes on at the target with all arguments; returns its size. */
size_t arch_vdso_jump(uint8_t code[VDSO_CODE_MAX], uint64_t target);
/* Code that does what the function of that name does by a system call, or says ENOSYS where no call does
 * that; returns its size. vdso(7). */
size_t arch_vdso_fallback(uint8_t code[VDSO_CODE_MAX], const char *name);

/* A thread has executed the first bytes of a function, and nothing else: its registers become those of
 * the call again. read_word: reads 8 bytes of the thread's memory. False: these are no instructions that
 * can be taken back, and the registers are as they were. */
struct arch_word_reader {
	struct error *(*read)(void *context, uint64_t address, uint64_t *word);
	void *context;
};
struct error *arch_vdso_rewind(const uint8_t *code, size_t executed, CoreEntry *core,
			       const struct arch_word_reader *reader, bool *possible) must_check;
/* Where a thread goes on. */
uint64_t arch_program_counter(const CoreEntry *core);
