// SPDX-License-Identifier: GPL-2.0
/*
 * Older forms of images: what is one image today was several, and a part of core or mm was
 * an image of its own. The functions here give the form of today whichever lies in the
 * directory. Main, before any fork.
 */
#pragma once

#include "image/record.h"
#include "images/messages.h"

/* Every open file: files.img, or the split images where that yields nothing. */
struct error *image_read_files(struct image_directory *directory, struct arena *arena, FileEntry ***ret,
			       size_t *count) must_check;

/* The mappings of a task, where mm carries none. */
struct error *image_complete_mm(struct image_directory *directory, uint64_t pid, struct arena *arena,
				MmEntry *mm) must_check;

/* What a leader's core lacks: signal actions, shared signals, ids, and, if deprecated forms
 * are allowed, timers and limits. Does nothing for a zombie. */
struct error *image_complete_task(struct image_directory *directory, uint64_t pid, bool deprecated, struct arena *arena,
				  CoreEntry *core) must_check;
/* What any thread's core lacks: private signals, credentials, name and cgroup set of the
 * leader. leader is the core of its process, perhaps the same. Does nothing for a zombie. */
struct error *image_complete_thread(struct image_directory *directory, uint64_t pid, uint64_t tid,
				    const CoreEntry *leader, struct arena *arena, CoreEntry *core) must_check;
