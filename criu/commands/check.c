// SPDX-License-Identifier: GPL-2.0
#include "commands/check.h"

#include <stdio.h>

#include "kernel/features.h"
#include "support/log.h"

/* Probes a category; each missing feature is told with what is lost. */
static bool check_category(enum feature_category category, enum log_level level)
{
	bool good = true;

	for (int i = 0; i < FEATURE_COUNT; i++) {
		if (feature_rows[i].category != category || feature_probe(i))
			continue;
		log_write(level, "check.c", __LINE__, "%s is missing: %s", feature_rows[i].name, feature_rows[i].lost);
		good = false;
	}
	return good;
}

static struct error *check_one(const char *name, int *status)
{
	enum feature feature = feature_find(name);

	if (feature == FEATURE_COUNT || feature_rows[feature].category == FEATURE_NEEDED)
		return with_hint(fail("Unknown feature %s", name), "criu --help lists the names.");
	if (feature_probe(feature)) {
		log_write(LOG_LEVEL_MESSAGE, "check.c", __LINE__, "%s is supported", name);
		return NULL;
	}
	log_warning("%s is not supported: %s", name, feature_rows[feature].lost);
	*status = 1;
	return NULL;
}

struct error *check_command(const struct options *options, int *status)
{
	bool good = true;

	if (options->feature)
		return check_one(options->feature, status);
	if (!check_category(FEATURE_NEEDED, LOG_LEVEL_ERROR)) {
		log_warning("Does not look good.");
		*status = 1;
		return NULL;
	}
	if (options->extra)
		good &= check_category(FEATURE_EXTRA, LOG_LEVEL_WARNING);
	if (options->experimental)
		good &= check_category(FEATURE_EXPERIMENTAL, LOG_LEVEL_WARNING);
	if (good) {
		log_write(LOG_LEVEL_MESSAGE, "check.c", __LINE__, "Looks good.");
		return NULL;
	}
	log_write(LOG_LEVEL_MESSAGE, "check.c", __LINE__, "Looks good but some kernel features are missing");
	log_write(LOG_LEVEL_MESSAGE, "check.c", __LINE__, "which, depending on your process tree, may cause");
	log_write(LOG_LEVEL_MESSAGE, "check.c", __LINE__, "dump or restore failure.");
	*status = 1;
	return NULL;
}
