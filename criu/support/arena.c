// SPDX-License-Identifier: GPL-2.0
#include "support/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
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

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *data;

	if (size > SIZE_MAX / 2)
		return exhausted();
	size = (size + 15) & ~(size_t)15;
	if (!block || block->size - block->used < size) {
		size_t block_size = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;

		block = calloc(1, sizeof(*block) + block_size);
		if (!block)
			return exhausted();
		block->size = block_size;
		if (block_size == size && arena->blocks) { /* a large one: keep filling the current block */
			block->next = arena->blocks->next;
			arena->blocks->next = block;
		} else {
			block->next = arena->blocks;
			arena->blocks = block;
		}
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

		free(arena->blocks);
		arena->blocks = next;
	}
}
