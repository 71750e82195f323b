// SPDX-License-Identifier: GPL-2.0
#include "support/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/cleanup.h"
#include "support/file.h"

enum { BLOCK_SIZE = 64 * 1024, FIRST_GROWTH = 256 * 1024, LAST_GROWTH = 64 << 20, PAGE = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	size_t mapped; /* bytes, of one that is a mapping of its own */
	_Alignas(16) unsigned char data[];
};

static _Thread_local jmp_buf *rescue;

jmp_buf *arena_rescue(jmp_buf *place)
{
	jmp_buf *before = rescue;

	rescue = place;
	return before;
}

static void *exhausted(void)
{
	if (rescue)
		_longjmp(*rescue, 1);
	abort();
}

/* A large one keeps no other from filling the current block. */
static struct arena_block *add_block(struct arena *arena, size_t size)
{
	size_t block_size = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
	struct arena_block *block = calloc(1, sizeof(*block) + block_size);

	if (!block)
		return NULL;
	block->size = block_size;
	if (block_size == size && arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

/* Few and large, since a fork copies each mapping. */
static struct arena_block *add_mapped_block(struct arena *arena, size_t size)
{
	size_t wanted = sizeof(struct arena_block) + size > arena->growth ? sizeof(struct arena_block) + size : arena->growth;
	size_t mapped = (wanted + PAGE - 1) & ~(size_t)(PAGE - 1);
	struct arena_block *block = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return NULL;
	block->mapped = mapped;
	block->size = mapped - sizeof(*block);
	block->next = arena->blocks;
	arena->blocks = block;
	if (arena->growth < LAST_GROWTH)
		arena->growth *= 2;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *data;

	if (size > SIZE_MAX / 2)
		return exhausted();
	size = (size + 15) & ~(size_t)15;
	if (!block || block->size - block->used < size) {
		block = arena->growth ? add_mapped_block(arena, size) : add_block(arena, size);
		if (!block)
			return exhausted();
	}
	data = block->data + block->used;
	block->used += size;
	return data;
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	void *copy = arena_alloc(arena, size);

	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *arena_string(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text) + 1);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return exhausted();
	text = arena_alloc(arena, length + 1);
	va_start(arguments, format);
	vsnprintf(text, length + 1, format, arguments);
	va_end(arguments);
	return text;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t element)
{
	void *larger;

	if (count < *capacity)
		return array;
	*capacity = *capacity ? *capacity * 2 : 8;
	larger = arena_alloc(arena, *capacity * element);
	if (count)
		memcpy(larger, array, count * element);
	return larger;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		if (arena->blocks->mapped)
			munmap(arena->blocks, arena->blocks->mapped);
		else
			free(arena->blocks);
		arena->blocks = next;
	}
}

/* ---- sealing ---- */

void arena_prepare_seal(struct arena *arena)
{
	arena->growth = FIRST_GROWTH;
}

/* The rest of the block is a hole of the file. */
static struct error *seal_block(struct arena_block *block, int file, off_t offset)
{
	size_t mapped = block->mapped;

	TRY(pwrite_exactly(file, block, sizeof(*block) + block->used, offset));
	if (mmap(block, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, offset) != (void *)block)
		return fail_errno("could not map memory that is shared with new processes");
	return NULL;
}

struct error *arena_seal(struct arena *arena)
{
	cleanup_close int file = memfd_create("criu-plan", MFD_CLOEXEC);
	off_t size = 0;

	for (const struct arena_block *block = arena->blocks; block; block = block->next)
		size += block->mapped;
	if (file < 0 || ftruncate(file, size))
		return fail_errno("could not make memory that is shared with new processes");
	for (struct arena_block *block = arena->blocks; block; block = block->next) {
		size -= block->mapped;
		TRY(seal_block(block, file, size));
	}
	arena->growth = 0;
	return NULL;
}
