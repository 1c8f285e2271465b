#include "cdc/binlog/json_diff.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "cdc/binlog/json_binary.h"

enum operation { REPLACE, INSERT, REMOVE };

/* A document of more elements than this, in containers that are changed, is
 * left to a reading of the row: each takes memory here. */
enum { ELEMENTS_MAX = 200000 };

struct member;

/* A value; a container on a path is opened, anything else stays as it is. */
struct node {
	struct json_value value; /* unless opened */
	bool opened, object;
	struct member *members; /* in the arena; of an object in its order */
	size_t count, size;
};

struct member {
	struct str key; /* of an object */
	struct node node;
};

struct document {
	struct arena *arena;
	struct node root;
	size_t elements; /* opened in all */
	bool corrupt;
};

/* ---- Containers ---- */

static bool open_members(struct document *doc, struct node *node,
			 struct json_container *c)
{
	for (size_t i = 0; i < node->count; i++) {
		struct member *member = &node->members[i];

		if (c->object && !json_container_key(c, &member->key))
			return false;
		if (!json_container_value(c, &member->node.value))
			return false;
	}
	doc->elements += node->count;
	return true;
}

/* False: it is no container, or too much of one. */
static bool open_node(struct document *doc, struct node *node)
{
	struct json_container c;

	if (node->opened)
		return true;
	if (!json_is_container(node->value.type))
		return false;
	doc->corrupt =
		!json_container_open(&c, node->value.type, node->value.bytes);
	if (doc->corrupt || c.count > ELEMENTS_MAX - doc->elements)
		return false;
	node->opened = true;
	node->object = c.object;
	node->count = node->size = (size_t)c.count;
	node->members = arena_array(doc->arena, struct member, node->count);
	doc->corrupt = !open_members(doc, node, &c);
	return !doc->corrupt;
}

/* The server's order of keys: by length, then by bytes. */
static int compare_keys(struct str a, struct str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n ? memcmp(a.at, b.at, a.n) : 0;
}

/* Where `key` is, or would be. */
static size_t find_key(const struct node *node, struct str key, bool *ret_found)
{
	size_t i = 0;
	int order = 1;

	while (i < node->count) {
		order = compare_keys(node->members[i].key, key);
		if (order >= 0)
			break;
		i++;
	}
	*ret_found = order == 0;
	return i;
}

static bool insert_at(struct document *doc, struct node *node, size_t at,
		      struct member member)
{
	if (doc->elements >= ELEMENTS_MAX)
		return false;
	doc->elements++;
	if (node->count == node->size) {
		size_t size = node->size * 2 + 4;
		struct member *members =
			arena_array(doc->arena, struct member, size);

		if (node->count)
			memcpy(members, node->members,
			       node->count * sizeof(*members));
		node->members = members;
		node->size = size;
	}
	memmove(&node->members[at + 1], &node->members[at],
		(node->count - at) * sizeof(member));
	node->members[at] = member;
	node->count++;
	return true;
}

static void remove_at(struct node *node, size_t at)
{
	node->count--;
	memmove(&node->members[at], &node->members[at + 1],
		(node->count - at) * sizeof(struct member));
}

/* ---- Paths ---- */

/* One step: a member by name, or an element by place. */
struct leg {
	bool cell;
	bool from_end; /* the place counts from the last element */
	size_t place;
	struct str key;
};

static bool take_char(struct str *path, char c)
{
	if (path->n == 0 || path->at[0] != c)
		return false;
	path->at++;
	path->n--;
	return true;
}

static bool take_number(struct str *path, size_t *ret)
{
	size_t n = 0, digits = 0;

	while (digits < path->n && path->at[digits] >= '0' &&
	       path->at[digits] <= '9') {
		n = n * 10 + (size_t)(path->at[digits] - '0');
		if (n > UINT32_MAX)
			return false;
		digits++;
	}
	path->at += digits;
	path->n -= digits;
	*ret = n;
	return digits > 0;
}

/* "3]", "last]", "last-3]" */
static bool take_cell(struct str *path, struct leg *leg)
{
	leg->cell = true;
	if (str_starts(*path, "last")) {
		path->at += 4;
		path->n -= 4;
		leg->from_end = true;
		if (take_char(path, ']'))
			return true;
		if (!take_char(path, '-'))
			return false;
	}
	return take_number(path, &leg->place) && take_char(path, ']');
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "001f" of "\\u001f": control characters only, else 0. */
static char take_code(struct str *path)
{
	int code = 0;

	for (int i = 0; i < 4; i++) {
		int digit = path->n ? hex_digit(path->at[0]) : -1;

		if (digit < 0)
			return '\0';
		code = code * 16 + digit;
		path->at++;
		path->n--;
	}
	return code < 0x80 ? (char)code : '\0';
}

/* What stands behind a backslash; 0: what no server writes into a path. */
static char take_escaped(struct str *path)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char c;

	if (path->n == 0)
		return '\0';
	c = path->at[0];
	path->at++;
	path->n--;
	if (c == 'u')
		return take_code(path);
	found = c ? strchr(from, c) : NULL;
	return found ? to[found - from] : '\0';
}

static bool take_quoted(struct document *doc, struct str *path, struct str *ret)
{
	char *out = arena_alloc(doc->arena, path->n + 1);
	size_t n = 0;

	while (path->n && path->at[0] != '"') {
		char c = path->at[0];

		path->at++;
		path->n--;
		if (c == '\\') {
			c = take_escaped(path);
			if (!c)
				return false;
		}
		out[n++] = c;
	}
	*ret = (struct str){ out, n };
	return take_char(path, '"');
}

/* A name without quotes is an identifier; its end is a leg's beginning. */
static bool take_name(struct str *path, struct str *ret)
{
	size_t n = 0;

	while (n < path->n && !strchr(".[*\"\\ ", path->at[n]))
		n++;
	*ret = (struct str){ path->at, n };
	path->at += n;
	path->n -= n;
	return n > 0;
}

static bool take_leg(struct document *doc, struct str *path, struct leg *ret)
{
	*ret = (struct leg){ 0 };
	if (take_char(path, '['))
		return take_cell(path, ret);
	if (!take_char(path, '.'))
		return false;
	if (take_char(path, '"'))
		return take_quoted(doc, path, &ret->key);
	return take_name(path, &ret->key);
}

/* The member a leg leads to, in an opened node. *ret_at: where it is or, not
 * being there (false), would be. */
static bool find(const struct node *node, const struct leg *leg, size_t *ret_at)
{
	bool found;

	if (!leg->cell) {
		*ret_at = find_key(node, leg->key, &found);
		return found;
	}
	if (!leg->from_end) {
		*ret_at = leg->place < node->count ? leg->place : node->count;
		return leg->place < node->count;
	}
	found = leg->place < node->count;
	*ret_at = found ? node->count - 1 - leg->place : 0;
	return found;
}

/* Down to the container that the last leg, *ret_leg, is of. */
static struct node *seek(struct document *doc, struct str path,
			 struct leg *ret_leg)
{
	struct node *node = &doc->root;

	/* Not the root itself: that would be no partial update. */
	if (!take_char(&path, '$') || !take_leg(doc, &path, ret_leg))
		return NULL;
	for (;;) {
		size_t at;

		if (!open_node(doc, node) || node->object == ret_leg->cell)
			return NULL;
		if (path.n == 0)
			return node;
		if (!find(node, ret_leg, &at) || !take_leg(doc, &path, ret_leg))
			return NULL;
		node = &node->members[at].node;
	}
}

/* ---- Differences ---- */

static bool apply(struct document *doc, uint64_t operation, struct str path,
		  struct reader value)
{
	struct member member = { 0 };
	struct leg leg;
	struct node *node = seek(doc, path, &leg);
	size_t at;
	bool found;

	if (!node)
		return false;
	found = find(node, &leg, &at);
	if (operation == REMOVE) {
		if (found)
			remove_at(node, at);
		return found;
	}
	json_value_open(value.at, reader_left(&value), &member.node.value);
	if (operation == REPLACE) {
		if (found)
			node->members[at].node = member.node;
		return found;
	}
	member.key = leg.key;
	return (node->object ? !found : true) &&
	       insert_at(doc, node, at, member);
}

/* All of them are read, fitting or not, so that bytes that are no differences
 * are told from such that do not fit. */
static enum json_diff_result apply_all(struct document *doc,
				       struct reader diffs)
{
	bool fits = true;

	while (reader_left(&diffs) && !diffs.failed) {
		uint64_t operation = reader_le(&diffs, 1);
		struct reader path = reader_sub(&diffs, reader_lenenc(&diffs));
		struct reader value = { 0 };

		if (operation != REMOVE)
			value = reader_sub(&diffs, reader_lenenc(&diffs));
		if (diffs.failed || operation > REMOVE)
			return JSON_DIFF_CORRUPT;
		fits = fits && apply(doc, operation,
				     (struct str){ (const char *)path.at,
						   reader_left(&path) },
				     value);
	}
	if (diffs.failed || doc->corrupt)
		return JSON_DIFF_CORRUPT;
	return fits ? JSON_DIFF_APPLIED : JSON_DIFF_UNFIT;
}

/* Recursion ends at JSON_DEPTH_MAX: nodes are opened along paths, whose legs
 * may be more. */
static bool write_node(struct buf *out, const struct node *node, unsigned depth)
{
	if (!node->opened)
		return json_write_value(out, &node->value, depth);
	if (depth > JSON_DEPTH_MAX)
		return false;
	buf_addc(out, node->object ? '{' : '[');
	for (size_t i = 0; i < node->count; i++) {
		if (i)
			buf_adds(out, ", ");
		if (node->object)
			json_write_key(out, node->members[i].key);
		if (!write_node(out, &node->members[i].node, depth + 1))
			return false;
	}
	buf_addc(out, node->object ? '}' : ']');
	return true;
}

size_t json_diff_text_max(struct reader base, struct reader diffs)
{
	return json_binary_text_max(reader_left(&base) + reader_left(&diffs));
}

enum json_diff_result json_diff_format(struct reader base, struct reader diffs,
				       struct arena *arena, struct buf *out)
{
	struct document doc = { .arena = arena };
	enum json_diff_result result;

	json_value_open(base.at, reader_left(&base), &doc.root.value);
	result = apply_all(&doc, diffs);
	if (result == JSON_DIFF_APPLIED &&
	    (!write_node(out, &doc.root, 1) || out->failed))
		result = JSON_DIFF_CORRUPT;
	return result;
}
