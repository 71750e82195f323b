// SPDX-License-Identifier: GPL-2.0
#include "commands/check.h"

#include <string.h>

#include "kernel/features.h"
#include "support/log.h"

/* One line: what is missing, why, and what it costs. */
static bool supported(struct kernel *kernel, enum feature feature, enum log_level level)
{
	struct error *error = kernel_feature_again(kernel, feature);

	if (!error)
		return true;
	if (log_enabled(level))
		log_write(level, __FILE_NAME__, __LINE__, "%s: %s", error->message, error->detail ?: "");
	error_free(error);
	return false;
}

static struct error *check_one(struct kernel *kernel, const char *name, int *status)
{
	enum feature feature = feature_find(name);

	if (feature == FEATURE_COUNT)
		return with_hint(fail("Unknown feature %s", name), "criu --help shows the names.");
	*status = supported(kernel, feature, LOG_LEVEL_WARNING) ? 0 : 1;
	if (*status == 0)
		log_write(LOG_LEVEL_MESSAGE, __FILE_NAME__, __LINE__, "%s is supported", name);
	return NULL;
}

static bool wanted(const struct options *options, enum feature_category category)
{
	switch (category) {
	case FEATURE_EXTRA:
	case FEATURE_UNNAMED:
		return options->extra;
	case FEATURE_APPARMOR:
		return options->extra && kernel_has_apparmor();
	case FEATURE_EXPERIMENTAL:
		return options->experimental;
	case FEATURE_OPTIONAL:
		return true;
	default:
		return false;
	}
}

static void check_all(struct kernel *kernel, const struct options *options, int *status)
{
	bool good = true, whole = true;

	for (enum feature i = 0; i < FEATURE_COUNT; i++)
		if (feature_rows[i].category == FEATURE_NEEDED)
			good &= supported(kernel, i, LOG_LEVEL_ERROR);
	if (!good) {
		log_warning("Does not look good.");
		*status = 1;
		return;
	}
	for (enum feature i = 0; i < FEATURE_COUNT; i++)
		if (wanted(options, feature_rows[i].category) && !supported(kernel, i, LOG_LEVEL_WARNING))
			whole &= feature_rows[i].category == FEATURE_OPTIONAL;
	*status = whole ? 0 : 1;
	log_write(LOG_LEVEL_MESSAGE, __FILE_NAME__, __LINE__, "%s",
		  whole ? "Looks good." :
			  "Looks good but some kernel features are missing\n"
			  "which, depending on your process tree, may cause\n"
			  "dump or restore failure.");
}

struct error *check_command(const struct options *options, int *status)
{
	struct kernel *kernel;
	struct error *error = NULL;

	TRY(kernel_open(options->unprivileged, &kernel));
	if (options->feature)
		error = check_one(kernel, options->feature, status);
	else
		check_all(kernel, options, status);
	kernel_close(kernel);
	return error;
}
