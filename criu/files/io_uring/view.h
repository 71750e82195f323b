// SPDX-License-Identifier: GPL-2.0
/* What of the kernel's memory is looked at, and how: for the parts of files/io_uring/ that examine rings. main. */
#pragma once

#include "files/io_uring/ring.h"
#include "kernel/peek.h"

/* PLACE(name here, struct, field) */
#define PLACES(PLACE)                                                                                                  \
	PLACE(task_io_uring, "task_struct", "io_uring")                                                                \
	PLACE(file_private, "file", "private_data")                                                                    \
	PLACE(list_next, "list_head", "next")                                                                          \
	PLACE(flags, "io_ring_ctx", "flags")                                                                           \
	PLACE(submitter, "io_ring_ctx", "submitter_task")                                                              \
	PLACE(sq_entries, "io_ring_ctx", "sq_entries")                                                                 \
	PLACE(cq_entries, "io_ring_ctx", "cq_entries")                                                                 \
	PLACE(sq_head, "io_ring_ctx", "cached_sq_head")                                                                \
	PLACE(cq_tail, "io_ring_ctx", "cached_cq_tail")                                                                \
	PLACE(drain_disabled, "io_ring_ctx", "drain_disabled")                                                         \
	PLACE(compat, "io_ring_ctx", "compat")                                                                         \
	PLACE(ring_pages, "io_ring_ctx", "ring_region.nr_pages")                                                       \
	PLACE(request_pages, "io_ring_ctx", "sq_region.nr_pages")                                                      \
	PLACE(allocated, "io_ring_ctx", "nr_req_allocated")                                                            \
	PLACE(free_requests, "io_ring_ctx", "submit_state.free_list.next")                                             \
	PLACE(free_next, "io_wq_work_node", "next")                                                                    \
	PLACE(local_work, "io_ring_ctx", "work_llist.first")                                                           \
	PLACE(retried_work, "io_ring_ctx", "retry_llist.first")                                                        \
	PLACE(fallback_work, "io_ring_ctx", "fallback_llist.first")                                                    \
	PLACE(users, "io_ring_ctx", "tctx_list")                                                                       \
	PLACE(user_node, "io_tctx_node", "ctx_node")                                                                   \
	PLACE(user_task, "io_tctx_node", "task")                                                                       \
	PLACE(registered_rings, "io_uring_task", "registered_rings")                                                   \
	PLACE(file_slots, "io_ring_ctx", "file_table.data.nr")                                                         \
	PLACE(file_nodes, "io_ring_ctx", "file_table.data.nodes")                                                      \
	PLACE(file_range_start, "io_ring_ctx", "file_alloc_start")                                                     \
	PLACE(file_range_end, "io_ring_ctx", "file_alloc_end")                                                         \
	PLACE(buffer_slots, "io_ring_ctx", "buf_table.nr")                                                             \
	PLACE(buffer_nodes, "io_ring_ctx", "buf_table.nodes")                                                          \
	PLACE(node_tag, "io_rsrc_node", "tag")                                                                         \
	PLACE(node_file, "io_rsrc_node", "file_ptr")                                                                   \
	PLACE(node_buffer, "io_rsrc_node", "buf")                                                                      \
	PLACE(buffer_address, "io_mapped_ubuf", "ubuf")                                                                \
	PLACE(buffer_length, "io_mapped_ubuf", "len")                                                                  \
	PLACE(buffer_part_count, "io_mapped_ubuf", "nr_bvecs")                                                         \
	PLACE(buffer_parts, "io_mapped_ubuf", "bvec")                                                                  \
	PLACE(buffer_of_kernel, "io_mapped_ubuf", "is_kbuf")                                                           \
	PLACE(part_page, "bio_vec", "bv_page")                                                                         \
	PLACE(part_length, "bio_vec", "bv_len")                                                                        \
	PLACE(part_offset, "bio_vec", "bv_offset")                                                                     \
	PLACE(eventfd, "io_ring_ctx", "io_ev_fd")                                                                      \
	PLACE(eventfd_context, "io_ev_fd", "cq_ev_fd")                                                                 \
	PLACE(eventfd_async, "io_ev_fd", "eventfd_async")

struct kernel_view {
	struct peek *peek;
	struct btf *btf;
#define PLACE(name, structure, field) struct btf_place name;
	PLACES(PLACE)
#undef PLACE
	uint32_t page_bytes; /* of struct page */
	uint64_t first_page; /* struct page of frame 0; 0: not known yet */
};

static inline struct error *number(const struct kernel_view *view, uint64_t structure, const struct btf_place *place,
				   uint64_t *value)
{
	return peek_number(view->peek, structure, place, value);
}

/* Element of an array of pointers. */
static inline struct error *element(const struct kernel_view *view, uint64_t array, uint64_t index, uint64_t *value)
{
	return peek_number(view->peek, array + index * sizeof(uint64_t), &(struct btf_place){ .size = sizeof(uint64_t) }, value);
}

/* What is registered, into facts. */
struct error *examine_registered(struct arena *arena, struct kernel_view *view, uint64_t ring, struct ring_facts *facts) must_check;
