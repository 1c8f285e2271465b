/* The engine behind settings: a table of rows fills a struct from a YAML file
 * and the environment, and documents itself.
 *
 * A row names a key ("source.port" is `port` in the map `source`), how its
 * value is written, its range, its environment variable and its field.
 * Precedence: environment > file > default; a variable set to nothing and a
 * key without a value count as not given. Refused with file:line:column:
 * unknown keys (the nearest known one is named), duplicates, wrong types,
 * values out of range. Every failure is ERR_CONFIG. */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct arena;
struct buf;
struct err;

/* The field's type stands behind each. */
enum conf_type {
	CONF_TEXT, /* const char *, never NULL, no control characters */
	/* Two: the text, also read from KEY_file, and that file's path, "" when
	 * it came from elsewhere. Never printed. */
	CONF_SECRET,
	CONF_LIST,   /* const char *, the items joined by commas */
	CONF_CHOICE, /* const char *, one of the help's first word "a|b|c" */
	CONF_INT,    /* int64_t */
	CONF_TIME,   /* int64_t, ms: "250ms", "2s", "1.5min", "1h" */
	CONF_SIZE, /* int64_t, bytes: "8MiB", "64KiB", "1GiB", "512B", "512" */
	CONF_BOOL, /* bool: true/false, yes/no, on/off */
};

struct conf_row {
	const char *key;
	enum conf_type type;
	const char *by_default; /* as a user would write it */
	int64_t least, most;	/* of INT, TIME and SIZE */
	const char *env;	/* "" when there is none */
	const char *help;
	size_t offset; /* of the field in the struct */
};

/* Rows of one section (what precedes the last dot) stand together. */
struct conf_table {
	const struct conf_row *rows;
	size_t count;
};

enum {
	CONF_SECTIONS_MAX = 4, /* maps inside each other */
};

/* Fill the struct at base; its texts are put into the arena. path NULL: no
 * file. */
int conf_load(const struct conf_table *table, const char *path, void *base,
	      struct arena *texts, struct err *err) MUST_CHECK;
/* The same with the file's content at hand. */
int conf_parse(const struct conf_table *table, const char *file,
	       struct str content, void *base, struct arena *texts,
	       struct err *err) MUST_CHECK;

/* The struct as commented YAML that loads back to the same values; secrets
 * are commented out. */
void conf_print(const struct conf_table *table, const void *base,
		struct buf *out);
/* The reference: a Markdown table per section. */
void conf_markdown(const struct conf_table *table, struct buf *out);

#endif
