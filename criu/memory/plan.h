// SPDX-License-Identifier: GPL-2.0
/* What memory_plan() decided. For the kinds of memory/. */
#pragma once

#include "arch/vdso.h"
#include "memory/kind.h"
#include "memory/pagemap.h"

struct handover;

/* pagemap_entry.flags */
enum {
	PAGE_RUN_PARENT = 1, /* the data is in the parent image */
	PAGE_RUN_LAZY = 2,
	PAGE_RUN_PRESENT = 4, /* the data is in this pages image */
};

/* A run of pages in a pages image. */
struct page_run {
	uint64_t start, pages;
	uint64_t offset; /* in the pages file */
};

/* A page map, and the file that has its pages. */
struct page_runs {
	struct page_run *items; /* ascending */
	size_t count;
	int fd; /* -1 when nothing is stored */
	uint32_t pages_id;
};

struct task_memory {
	struct page_run *runs; /* ascending */
	size_t run_count;
	uint32_t pages_id;		 /* names the image of the pages */
	int pages_fd;			 /* that image, while it is read from; -1 */
	const struct checksums_blocks *blocks; /* of the pages file, to be checked on the way; or NULL */
	uint32_t *keys;			 /* by mapping: key of its file */
	bool *filled;			 /* by mapping: the images hold pages of it */
	uint64_t vdso_home; /* where this kernel's vdso goes, its data first; 0: the task has none */
	struct vdso_patch *vdso_patches;
	size_t vdso_patch_count, vdso_patch_capacity;
	struct page_range *guards; /* ascending */
	size_t guard_count;
	const struct handover *handover; /* newborn, while it maps */
	int early_fd;			 /* newborn, before there is a handover: the file to map; -1 */
	uint32_t early_key;
	struct placement *placement;	 /* newborn */
};

/* What is written into a vdso of another kernel. */
struct vdso_patch {
	uint64_t address;
	size_t size;
	uint8_t code[VDSO_CODE_MAX];
};

/* An anonymous memory object shared by mappings. */
struct shared_object {
	uint64_t id, size;
	uint32_t huge; /* MAP_HUGETLB and the size of its pages; or 0 */
	int fd; /* made by main, inherited by newborns */
};

enum { VDSO_PARTS_MAX = 4 };

/* The vdso with its data, vvar, directly below it, as the kernel lays them out. */
struct vdso_place {
	uint64_t vvar, vdso, end; /* vvar: 0 where there is none */
	struct {
		uint64_t start, size;
	} parts[VDSO_PARTS_MAX]; /* of this process: each mapping */
	size_t part_count;
};

/* A segment of System V shared memory; sysv.c. */
struct segment {
	int id;
	const IpcShmEntry *entry; /* NULL: not in the images, it must be there */
	uint64_t size;
	bool made;   /* it was not there */
	void *place; /* where main has attached it */
};

struct memory_plan {
	struct task_memory *tasks; /* by task->index */
	struct shared_object *objects;
	size_t object_count, object_capacity;
	struct segment *segments;
	size_t segment_count, segment_capacity;
	bool segments_read;
	const struct placement *present; /* newborn: what this process, or the one it was forked from, has mapped */
	const struct other_vdso *other_vdso; /* compat_vdso.c */
	const struct vdso_place *own_vdso; /* where criu has it, and so every newborn: a fork keeps addresses */
	bool huge_always; /* the system gives huge pages to whoever touches enough memory */
};

/* main: where the file key of a mapping is kept. */
uint32_t *mapping_file_key(struct restore *restore, const struct mapping *mapping);
/* newborn: the descriptor it was handed for a mapping, or -1. */
int mapping_file(struct restore *restore, const struct mapping *mapping);
/* newborn: the protection a private mapping is made with. One that pages go into, or that was
 * writable once, is writable at first; the others must never be, for the kernel would count
 * them as memory promised. */
int first_protection(struct restore *restore, const struct mapping *mapping);
/* main, all plans made: anonymous shared objects, filled. */
struct error *shared_objects_make(struct restore *restore) must_check;
/* main or opener: pages of pagemap-shmem-<key> into memory of size bytes. */
struct error *memory_fill_pages(struct restore *restore, uint64_t key, char *memory, uint64_t size) must_check;
/* main: reads a page map. image: IMAGE_PAGEMAP or IMAGE_PAGEMAP_SHMEM. The caller closes fd, also after an error. */
struct error *read_page_runs(struct restore *restore, int image, uint64_t key, struct page_runs *ret) must_check;
/* newborn: the image of its pages is open in between. Those of all tasks at once would be too many for each newborn to inherit. */
struct error *pages_open(struct restore *restore, struct task_memory *memory) must_check;
void pages_close(struct task_memory *memory);

/* ---- vdso.c ---- */

/* main, page map read: decides where this kernel's vdso goes. One of another kernel becomes memory that
 * leads to it; threads at the start of its functions are put back to the call. */
struct error *vdso_plan(struct restore *restore, struct task *task) must_check;
/* newborn: is the vdso to come into this range? */
bool vdso_overlaps(const struct restore *restore, const struct task *task, uint64_t start, uint64_t end);
/* newborn, pages filled and not yet protected: redirects another kernel's vdso. */
void vdso_patch(const struct restore *restore, const struct task *task, const struct placement *placement);
/* Are these the bytes that the images have? */
struct error *vdso_compare(const struct task_memory *memory, const struct vdso_place *image, const char *bytes,
			   bool *same) must_check;
/* compat_vdso.c, of 32-bit tasks. main: the image's vdso must be the one this kernel gives. newborn: instead of
 * a parked one. */
struct error *compat_vdso_plan(struct restore *restore, const struct task *task,
			       const struct vdso_place *image) must_check;
void compat_vdso_emit(const struct restore *restore, const struct vdso_place *image, struct batch *program);
bool task_is_compat(const struct task *task);
/* newborn: calls that park the newborn's vdso and vvar, and that bring them to the task's place. */
struct error *vdso_emit_park(const struct restore *restore, uint64_t park, uint64_t room,
			     struct batch *program) must_check;
void vdso_emit_place(const struct restore *restore, const struct task *task, uint64_t park, struct batch *program);
