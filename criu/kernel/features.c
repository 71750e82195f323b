// SPDX-License-Identifier: GPL-2.0
/*
 * Features and their cache. The cache is a text file: a key that names the kernel, the boot and
 * the rights of this process, then a line for each answer. It is only believed when it is a
 * plain file of this user that no one else can write, and only replaced as a whole.
 */
#include "kernel/features.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel/probes/probe.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"

const struct feature_row feature_rows[FEATURE_COUNT] = {
#define FEATURE(id, name, category, lost) [FEATURE_##id] = { name, lost, FEATURE_##category, probe_##id },
	FEATURE_LIST(FEATURE)
#undef FEATURE
};

enum { LARGEST_CACHE = 65536 };

struct answer {
	bool known;
	char *reason; /* why it is missing; NULL: it is there */
};

struct kernel {
	char *path; /* of the cache; NULL: there is no good place */
	char *key;
	bool news;
	struct answer answers[FEATURE_COUNT];
};

enum feature feature_find(const char *name)
{
	for (enum feature i = 0; i < FEATURE_COUNT; i++)
		if (!strcmp(feature_rows[i].name, name) && feature_rows[i].category != FEATURE_NEEDED &&
		    feature_rows[i].category != FEATURE_UNNAMED)
			return i;
	return FEATURE_COUNT;
}

/* ---- the key ---- */

static void cut_line(char *text)
{
	if (text)
		text[strcspn(text, "\n")] = '\0';
}

/* The lines of /proc/self/status that say what this process may do. */
static char *rights(void)
{
	cleanup_free char *status = NULL;
	struct error *error = read_file_at(AT_FDCWD, "/proc/self/status", &status, NULL);
	char *line = error ? NULL : strstr(status, "\nCapEff:"), *copy;

	error_free(error);
	if (!line)
		return NULL;
	copy = strdup(line + strlen("\nCapEff:\t"));
	cut_line(copy);
	return copy;
}

static struct error *make_key(char **key)
{
	cleanup_free char *boot = NULL, *capabilities = rights(), *user = NULL;
	struct utsname name;

	if (uname(&name))
		return fail_errno("could not read the kernel's name");
	TRY(read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot, NULL));
	TRY(read_link_at(AT_FDCWD, "/proc/self/ns/user", &user));
	cut_line(boot);
	if (asprintf(key, "criu " CRIU_VERSION " kernel facts\n%s %s %s\nboot %s\nuser %d %s %s\n", name.release,
		     name.version, name.machine, boot, geteuid(), user, capabilities ?: "") < 0) {
		*key = NULL;
		return out_of_memory();
	}
	return NULL;
}

/* ---- reading ---- */

static enum feature find_any(const char *name, size_t length)
{
	for (enum feature i = 0; i < FEATURE_COUNT; i++)
		if (strlen(feature_rows[i].name) == length && !strncmp(feature_rows[i].name, name, length))
			return i;
	return FEATURE_COUNT;
}

/* "NAME yes" or "NAME no REASON". */
static void take_answer(struct kernel *kernel, const char *line)
{
	size_t length = strcspn(line, " ");
	enum feature feature = find_any(line, length);
	const char *rest = line + length;
	struct answer *answer = &kernel->answers[feature];

	if (feature == FEATURE_COUNT || answer->known)
		return;
	if (!strcmp(rest, " yes"))
		answer->known = true;
	else if (!strncmp(rest, " no ", 4))
		answer->known = (answer->reason = strdup(rest + 4)) != NULL;
}

static char *read_cache(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct error *error;
	struct stat stat;
	char *text;

	if (fd < 0 || fstat(fd, &stat) || !S_ISREG(stat.st_mode) || stat.st_uid != geteuid() ||
	    (stat.st_mode & 022) || stat.st_size <= 0 || stat.st_size > LARGEST_CACHE)
		return NULL;
	text = calloc(1, stat.st_size + 1);
	if (!text)
		return NULL;
	error = read_exactly(fd, text, stat.st_size);
	if (!error)
		return text;
	error_free(error);
	free(text);
	return NULL;
}

static void load(struct kernel *kernel)
{
	cleanup_free char *text = read_cache(kernel->path);
	size_t length = strlen(kernel->key);
	char *place, *line;

	if (!text || strncmp(text, kernel->key, length))
		return;
	place = text + length;
	while ((line = strsep(&place, "\n")))
		take_answer(kernel, line);
}

struct error *kernel_open(bool unprivileged, struct kernel **ret)
{
	const char *directory = geteuid() || unprivileged ? getenv("XDG_RUNTIME_DIR") : "/run";
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	struct error *error;

	if (!kernel)
		return out_of_memory();
	error = make_key(&kernel->key);
	if (error) {
		kernel_close(kernel);
		return error;
	}
	if (directory && asprintf(&kernel->path, "%s/criu.kdat", directory) < 0)
		kernel->path = NULL;
	if (kernel->path)
		load(kernel);
	*ret = kernel;
	return NULL;
}

/* ---- asking ---- */

/* What may be otherwise a moment later is no answer, and must not be remembered. */
static bool is_answer(const struct error *error)
{
	switch (error ? error->number : 0) {
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
	case EINTR:
	case EIO:
		return false;
	default:
		return true;
	}
}

static struct error *probe(struct kernel *kernel, enum feature feature)
{
	struct answer *answer = &kernel->answers[feature];
	struct error *error = feature_rows[feature].probe();

	if (!is_answer(error))
		return error;
	free(answer->reason);
	answer->reason = error ? strdup(error->message) : NULL;
	answer->known = !error || answer->reason;
	for (char *place = answer->reason; place && *place; place++)
		if (*place == '\n')
			*place = ' ';
	kernel->news = true;
	error_free(error);
	return NULL;
}

static struct error *verdict(const struct kernel *kernel, enum feature feature)
{
	const struct answer *answer = &kernel->answers[feature];

	if (answer->known && !answer->reason)
		return NULL;
	return with_detail(fail("%s is missing (%s)", feature_rows[feature].name, answer->reason ?: "out of memory"),
			   "%s", feature_rows[feature].lost);
}

struct error *kernel_feature(struct kernel *kernel, enum feature feature)
{
	if (!kernel->answers[feature].known)
		TRY(probe(kernel, feature));
	return verdict(kernel, feature);
}

struct error *kernel_feature_again(struct kernel *kernel, enum feature feature)
{
	if (!kernel->answers[feature].known || kernel->answers[feature].reason)
		TRY(probe(kernel, feature));
	return verdict(kernel, feature);
}

/* ---- writing ---- */

static void write_answers(const struct kernel *kernel, FILE *stream)
{
	fputs(kernel->key, stream);
	for (enum feature i = 0; i < FEATURE_COUNT; i++) {
		const struct answer *answer = &kernel->answers[i];

		if (answer->known)
			fprintf(stream, "%s %s%s\n", feature_rows[i].name, answer->reason ? "no " : "yes",
				answer->reason ?: "");
	}
}

static struct error *save(const struct kernel *kernel)
{
	cleanup_free char *temporary = NULL;
	FILE *stream;
	int fd;

	if (asprintf(&temporary, "%s.XXXXXX", kernel->path) < 0)
		return out_of_memory();
	fd = mkostemp(temporary, O_CLOEXEC); /* 0600, and never through a link */
	if (fd < 0)
		return fail_errno("could not make %s", temporary);
	stream = fdopen(fd, "w");
	if (!stream) {
		close(fd);
		unlink(temporary);
		return out_of_memory();
	}
	write_answers(kernel, stream);
	if (fclose(stream) || rename(temporary, kernel->path)) {
		struct error *error = fail_errno("could not write %s", kernel->path);

		unlink(temporary);
		return error;
	}
	return NULL;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->path && kernel->news) {
		struct error *error = save(kernel);

		if (error) /* a container may have no /run to write to: then every run probes anew */
			log_info("%s", error->message);
		error_free(error);
	}
	for (enum feature i = 0; i < FEATURE_COUNT; i++)
		free(kernel->answers[i].reason);
	free(kernel->path);
	free(kernel->key);
	free(kernel);
}
