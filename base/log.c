#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

/* A pipe takes writes up to PIPE_BUF (4096) whole, so that lines of several
 * processes on one pipe don't mix. */
enum { LINE_MAX_BYTES = 4096, VALUE_MAX = 1024, TAIL = 32 };
enum { PREFIX = 3 }; /* bytes of "<6>" */

/* Set before the first thread starts; only the level may change later. */
static struct {
	const char *program;
	atomic_int least;
	bool json, journal;
} setup = { .program = "ficus", .least = LOG_INFO };

/* Is stderr the very stream that journald reads? The variable alone is
 * inherited by children whose stderr is something else. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;

	if (!stream || isatty(STDERR_FILENO) || fstat(STDERR_FILENO, &st) != 0)
		return false;

	char ours[64];
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	return strcmp(ours, stream) == 0;
}

void log_setup(const char *program, enum log_level least, int json)
{
	setup.program = program;
	atomic_store(&setup.least, (int)least);
	setup.json = json != 0;
	setup.journal = stderr_is_journal();
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_ERR:
		return "err";
	case LOG_WARN:
		return "warn";
	case LOG_INFO:
		return "info";
	case LOG_DEBUG:
		return "debug";
	}
	return "?";
}

bool log_level_parse(const char *name, enum log_level *ret)
{
	static const enum log_level levels[] = { LOG_ERR, LOG_WARN, LOG_INFO,
						 LOG_DEBUG };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(level_name(levels[i]), name) == 0) {
			*ret = levels[i];
			return true;
		}
	}
	return false;
}

/* Cut at a whole character, so that the line stays UTF-8. */
static struct str cut_value(const char *text)
{
	size_t n = strnlen(text, VALUE_MAX + 1);

	if (n > VALUE_MAX) {
		n = VALUE_MAX;
		while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	return (struct str){ text, n };
}

static bool stands_unquoted(struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return value.n > 0;
}

static void add_logfmt(struct buf *line, const char *key, struct str value)
{
	struct json quoted;

	if (line->n > (setup.journal ? PREFIX : 0))
		buf_addc(line, ' ');
	buf_adds(line, key);
	buf_addc(line, '=');
	if (stands_unquoted(value)) {
		buf_add(line, value.at, value.n);
		return;
	}
	/* JSON's escapes are logfmt's. */
	json_init(&quoted, line, JSON_PLAIN);
	json_strn(&quoted, value);
}

static void add_text(struct buf *line, struct json *w, const char *key,
		     struct str value)
{
	if (!setup.json) {
		add_logfmt(line, key, value);
		return;
	}
	json_key(w, key);
	json_strn(w, value);
}

static void add_kv(struct buf *line, struct json *w, const struct log_kv *kv)
{
	char digits[STR_U64_MAX + 1];

	if (kv->text) {
		add_text(line, w, kv->key, cut_value(kv->text));
	} else if (setup.json) {
		json_key(w, kv->key);
		json_int(w, kv->number);
	} else {
		snprintf(digits, sizeof(digits), "%lld", (long long)kv->number);
		add_logfmt(line, kv->key, str_of(digits));
	}
}

/* A pair that finds no room is left out, and the line says so. */
static void add_pairs(struct buf *line, struct json *w, const struct log_kv *kv)
{
	for (; kv && kv->key; kv++) {
		struct json before = *w;
		size_t n = line->n;

		add_kv(line, w, kv);
		if (!line->failed)
			continue;
		*w = before;
		line->n = n;
		line->failed = false;
		line->max = LINE_MAX_BYTES - 1;
		add_text(line, w, "cut", STR("true"));
		return;
	}
}

static void write_line(struct str line)
{
	while (line.n) {
		ssize_t n = write(STDERR_FILENO, line.at, line.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* nowhere left to complain to */
			return;
		line = (struct str){ line.at + n, line.n - (size_t)n };
	}
}

void log_write(enum log_level level, const char *msg, const struct log_kv *kv)
{
	if ((int)level >
	    atomic_load_explicit(&setup.least, memory_order_relaxed))
		return;

	int saved_errno = errno;
	struct buf line;
	struct json w;
	buf_init(&line, LINE_MAX_BYTES - TAIL);
	json_init(&w, &line, JSON_PLAIN);
	if (setup.journal)
		buf_addf(&line, "<%d>", (int)level);
	if (setup.json)
		json_begin_object(&w);
	if (!setup.journal) {
		char now[CLOCK_TEXT_MAX];

		clock_text(now, clock_wall_us());
		add_text(&line, &w, "time", str_of(now));
		add_text(&line, &w, "level", str_of(level_name(level)));
		add_text(&line, &w, "program", str_of(setup.program));
	}
	add_text(&line, &w, "msg", cut_value(msg));
	add_pairs(&line, &w, kv);
	line.max = LINE_MAX_BYTES;
	if (setup.json)
		json_end_object(&w);
	buf_addc(&line, '\n');
	write_line((struct str){ line.at, line.n });
	buf_done(&line);
	errno = saved_errno;
}
