// SPDX-License-Identifier: GPL-2.0
/* Statistics of a run, see stats.h. */
#include "image/stats.h"

void stats_init_dump(DumpStatsEntry *stats)
{
	dump_stats_entry__init(stats);
	stats->has_irmap_resolve = true;
	stats->has_page_pipes = stats->has_page_pipe_bufs = true;
	stats->has_shpages_scanned = stats->has_shpages_skipped_parent = stats->has_shpages_written = true;
}

void stats_init_restore(RestoreStatsEntry *stats)
{
	restore_stats_entry__init(stats);
	stats->has_pages_restored = true;
}

struct error *stats_write_dump(struct image_directory *directory, DumpStatsEntry *stats)
{
	StatsEntry entry = STATS_ENTRY__INIT;

	entry.dump = stats;
	return image_write_one(directory, IMAGE_STATS_DUMP, 0, &entry.base);
}

struct error *stats_write_restore(struct image_directory *directory, RestoreStatsEntry *stats)
{
	StatsEntry entry = STATS_ENTRY__INIT;

	entry.restore = stats;
	return image_write_one(directory, IMAGE_STATS_RESTORE, 0, &entry.base);
}

static void print_time(FILE *stream, const char *what, uint32_t time)
{
	fprintf(stream, "%s: %u us\n", what, time);
}

static void print_count(FILE *stream, const char *what, uint64_t count)
{
	fprintf(stream, "%s: %lu (0x%lx)\n", what, count, count);
}

void stats_print_dump(FILE *stream, const DumpStatsEntry *stats)
{
	fprintf(stream, "Displaying dump stats:\n");
	print_time(stream, "Freezing time", stats->freezing_time);
	print_time(stream, "Frozen time", stats->frozen_time);
	print_time(stream, "Memory dump time", stats->memdump_time);
	print_time(stream, "Memory write time", stats->memwrite_time);
	if (stats->has_irmap_resolve)
		print_time(stream, "IRMAP resolve time", stats->irmap_resolve);
	print_count(stream, "Memory pages scanned", stats->pages_scanned);
	print_count(stream, "Memory pages skipped from parent", stats->pages_skipped_parent);
	print_count(stream, "Memory pages written", stats->pages_written);
	print_count(stream, "Lazy memory pages", stats->pages_lazy);
	if (stats->shpages_scanned)
		print_count(stream, "Shared memory pages scanned", stats->shpages_scanned);
	if (stats->shpages_skipped_parent)
		print_count(stream, "Shared memory pages skipped from parent", stats->shpages_skipped_parent);
	if (stats->shpages_written)
		print_count(stream, "Shared memory pages written", stats->shpages_written);
}

void stats_print_restore(FILE *stream, const RestoreStatsEntry *stats)
{
	fprintf(stream, "Displaying restore stats:\n");
	print_count(stream, "Pages compared", stats->pages_compared);
	print_count(stream, "Pages skipped COW", stats->pages_skipped_cow);
	if (stats->has_pages_restored)
		print_count(stream, "Pages restored", stats->pages_restored);
	print_time(stream, "Restore time", stats->restore_time);
	print_time(stream, "Forking time", stats->forking_time);
}
