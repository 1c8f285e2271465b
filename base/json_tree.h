/* Reading JSON: a whole text (RFC 8259, nothing looser) as a tree of nodes.
 *
 * Numbers stay the text they were, so that no decimal is damaged; strings are
 * unescaped (a lone surrogate and U+0000 become U+FFFD). Nodes and texts live
 * in the arena or in the text read, whichever is shorter: keep both. */
#ifndef BASE_JSON_TREE_H
#define BASE_JSON_TREE_H

#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"

struct arena;
struct err;

enum {
	JSON_TREE_DEPTH_MAX = 32,
	JSON_TREE_NODES_MAX = 400 * 1000,
};

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_node {
	enum json_type type;
	struct str key;		 /* of a member of an object */
	struct str text;	 /* of a number as it was, of a string */
	struct json_node *first; /* member of an array or object, in order */
	struct json_node *next;	 /* sibling */
};

/* ERR_CORRUPT with the offset of what is no JSON; ERR_LIMIT past the limits. */
int json_tree_parse(struct arena *arena, struct str text,
		    struct json_node **ret, struct err *err) MUST_CHECK;

/* The first member of that name; NULL if there is none, if node is NULL or no
 * object. */
const struct json_node *json_tree_get(const struct json_node *node,
				      const char *key);
/* json_tree_get() along "a.b.c"; a number picks from an array: "a.0.b". */
const struct json_node *json_tree_path(const struct json_node *node,
				       const char *path);

#endif
