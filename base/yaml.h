/* A YAML document as a tree whose nodes know their line and column.
 *
 * Built from libyaml's events. Refused with line and column: aliases and
 * anchors, tags, duplicate, empty and non-scalar keys, a second document,
 * NUL, invalid UTF-8, and whatever passes one of the limits below. Every
 * failure is ERR_CONFIG. All nodes live in one arena inside the document. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct err;

enum {
	YAML_DEPTH_MAX = 32, /* lists and maps inside each other */
	YAML_BYTES_MAX = 4 * 1024 * 1024,
	YAML_NODES_MAX = 200000,
	YAML_KEYS_MAX = 4096, /* of one map */
};
enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	bool quoted; /* a scalar in quotes is text, never null/number */
	unsigned line, column; /* of the value, from 1 */
	const char *text;      /* scalar, NUL-terminated; else NULL */
	const char *key;       /* its key inside a map; else NULL */
	unsigned key_line, key_column;
	struct yaml_node *first, *next; /* children; next sibling */
};

struct yaml; /* the document; owns all nodes */

/* file is only a name for errors: "ficus.yaml:12:3: …" */
int yaml_parse(const char *file, const void *bytes, size_t n, struct yaml **ret,
	       struct err *err) MUST_CHECK;
int yaml_load(const char *path, struct yaml **ret, struct err *err) MUST_CHECK;
/* libyaml exports a yaml_free() of its own and would be given this one by the
 * dynamic linker: hence another name for the linker. */
void yaml_free(struct yaml *doc) __asm__("yaml_document_free");
void yaml_freep(struct yaml **doc);
/* An empty document is a scalar that yaml_is_null(). */
const struct yaml_node *yaml_root(const struct yaml *doc);
const char *yaml_file(const struct yaml *doc);

/* Child of a map by key; NULL when absent or node is no map (or NULL). */
const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);
bool yaml_is_null(const struct yaml_node *node); /* absent, ~, null, empty */

/* err_set with "file:line:column: " in front; returns ERR_CONFIG. Without a
 * node only the file is named. yaml_key_error points at the node's key. */
int yaml_error(const struct yaml *doc, const struct yaml_node *node,
	       struct err *err, const char *fmt, ...) PRINTF_LIKE(4, 5);
int yaml_key_error(const struct yaml *doc, const struct yaml_node *node,
		   struct err *err, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Refuses every key of the map that is not in the NULL-terminated list; names
 * the nearest known key. */
int yaml_known_keys(const struct yaml *doc, const struct yaml_node *map,
		    const char *const *known, struct err *err) MUST_CHECK;
/* The typed value of a node that must be there; NULL, null and the wrong kind
 * are errors. bool: true, false, yes, no, on, off. */
int yaml_bool(const struct yaml *doc, const struct yaml_node *node, bool *ret,
	      struct err *err) MUST_CHECK;
int yaml_int(const struct yaml *doc, const struct yaml_node *node, int64_t min,
	     int64_t max, int64_t *ret, struct err *err) MUST_CHECK;
int yaml_text(const struct yaml *doc, const struct yaml_node *node,
	      const char **ret, struct err *err) MUST_CHECK;

#endif
