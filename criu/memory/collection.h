// SPDX-License-Identifier: GPL-2.0
/* What a dump knows of pages while they travel. For memory/. */
#pragma once

#include <pthread.h>

#include "memory/kind.h"
#include "memory/pagemap.h"

/* A page map in the making: a task's or a shared object's. */
struct page_set {
	struct task *task; /* whose memory is read */
	uint64_t key;	   /* of the page map image */
	bool shared;	   /* PAGEMAP_SHMEM */
	uint64_t bias;	   /* address in the task minus address in the page map */
	struct page_ranges wanted;
	uint32_t pages_id;
	int pages_fd;
	/* order of the chunks' data in the file */
	pthread_mutex_t lock;
	pthread_cond_t turned;
	size_t next_chunk;
	uint64_t file_size;
	struct chunk *chunks;
	size_t chunk_count;
};

/* A piece of work: some hundred KiB of one page set. */
struct chunk {
	struct page_set *set;
	size_t number;			 /* in its set */
	size_t first_range, range_count; /* of set->wanted, after splitting */
	uint64_t pages;
	struct page_range *kept; /* ranges that are not zero */
	size_t kept_count;
};

/* One registered file of mappings. */
struct mapped_file {
	uint32_t major, minor, access;
	uint64_t inode;
	uint32_t id;
	const char *path;
};

struct memory_collection {
	struct page_set *sets;
	size_t set_count, set_capacity;
	struct mapped_file *files;
	size_t file_count, file_capacity;
	uint32_t next_pages_id;
	struct error *first_error;
	pthread_mutex_t error_lock;
	struct chunk **work;
	size_t work_count;
	size_t next_work; /* atomic */
};
