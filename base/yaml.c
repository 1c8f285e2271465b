#include "base/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/suggest.h"

struct yaml {
	struct arena arena; /* everything, this struct's texts included */
	const char *file;
	struct yaml_node *root;
};

/* A list or map that is still open. */
struct frame {
	struct yaml_node *node, *last; /* last child so far */
	struct yaml_node *keyed;       /* has its key, awaits its value */
	unsigned count;
};

/* One pass over libyaml's events. */
struct builder {
	struct yaml *doc;
	struct err *err;
	yaml_parser_t parser;
	struct frame frames[YAML_DEPTH_MAX];
	int depth; /* open frames */
	unsigned nodes;
};

static int error_at(struct builder *b, const yaml_mark_t *mark,
		    const char *text)
{
	return err_set(b->err, ERR_CONFIG, "%s:%zu:%zu: %s", b->doc->file,
		       mark->line + 1, mark->column + 1, text);
}

static int parser_error(struct builder *b)
{
	const char *problem =
		b->parser.problem ? b->parser.problem : "not readable";

	if (b->parser.error == YAML_READER_ERROR)
		return err_set(b->err, ERR_CONFIG,
			       "%s:%zu: byte %zu: %s (UTF-8 is expected)",
			       b->doc->file, b->parser.mark.line + 1,
			       b->parser.problem_offset, problem);
	if (b->parser.context)
		return err_set(b->err, ERR_CONFIG, "%s:%zu:%zu: %s, %s",
			       b->doc->file, b->parser.problem_mark.line + 1,
			       b->parser.problem_mark.column + 1,
			       b->parser.context, problem);
	return error_at(b, &b->parser.problem_mark, problem);
}

static struct yaml_node *new_node(struct builder *b, const yaml_mark_t *mark,
				  enum yaml_kind kind)
{
	struct yaml_node *node = arena_new(&b->doc->arena, struct yaml_node);

	node->kind = kind;
	node->line = (unsigned)mark->line + 1;
	node->column = (unsigned)mark->column + 1;
	return node;
}

/* In a map, the first of each pair of nodes is a key. It becomes the node
 * that its value will fill. */
static int add_key(struct builder *b, struct frame *map,
		   const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (event->type != YAML_SCALAR_EVENT || !*text)
		return error_at(b, &event->start_mark,
				"a key must be a plain word");
	if (++map->count > YAML_KEYS_MAX)
		return error_at(b, &event->start_mark,
				"too many keys in one map");
	for (struct yaml_node *n = map->node->first; n; n = n->next) {
		if (strcmp(n->key, text) == 0)
			return err_set(b->err, ERR_CONFIG,
				       "%s:%zu:%zu: key \"%s\" is given twice, "
				       "first in line %u",
				       b->doc->file, event->start_mark.line + 1,
				       event->start_mark.column + 1, text,
				       n->key_line);
	}
	map->keyed = new_node(b, &event->start_mark, YAML_SCALAR);
	map->keyed->key = arena_strndup(&b->doc->arena, text, strlen(text));
	map->keyed->key_line = map->keyed->line;
	map->keyed->key_column = map->keyed->column;
	return 0;
}

/* Put a value where it belongs: root, list item, or value of the key. */
static struct yaml_node *place(struct builder *b, const yaml_mark_t *mark,
			       enum yaml_kind kind)
{
	struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;
	struct yaml_node *node;

	if (top && top->keyed) {
		node = TAKE(top->keyed);
		node->kind = kind;
		node->line = (unsigned)mark->line + 1;
		node->column = (unsigned)mark->column + 1;
	} else {
		node = new_node(b, mark, kind);
	}
	if (!top)
		b->doc->root = node;
	else if (!top->last)
		top->node->first = node;
	else
		top->last->next = node;
	if (top)
		top->last = node;
	return node;
}

static int add_scalar(struct builder *b, const yaml_event_t *event)
{
	struct yaml_node *node = place(b, &event->start_mark, YAML_SCALAR);

	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_strndup(&b->doc->arena, event->data.scalar.value,
				   event->data.scalar.length);
	return 0;
}

static int open_frame(struct builder *b, const yaml_event_t *event,
		      enum yaml_kind kind)
{
	if (b->depth == YAML_DEPTH_MAX)
		return error_at(b, &event->start_mark, "nested too deeply");

	struct yaml_node *node = place(b, &event->start_mark, kind);
	b->frames[b->depth++] = (struct frame){ .node = node };
	return 0;
}

/* Tag and anchor stand in a place of their own in each kind of event. */
static bool is_tagged(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return event->data.scalar.tag;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return event->data.sequence_start.tag;
	return event->type == YAML_MAPPING_START_EVENT &&
	       event->data.mapping_start.tag;
}

static bool is_anchored(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return event->data.scalar.anchor;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return event->data.sequence_start.anchor;
	if (event->type == YAML_MAPPING_START_EVENT)
		return event->data.mapping_start.anchor;
	return event->type == YAML_ALIAS_EVENT;
}

static int check_node(struct builder *b, const yaml_event_t *event)
{
	if (is_anchored(event))
		return error_at(b, &event->start_mark,
				"anchors (&) and aliases (*) are not "
				"accepted: write the value out");
	if (is_tagged(event))
		return error_at(b, &event->start_mark,
				"tags (!) are not accepted");
	if (event->type == YAML_SCALAR_EVENT &&
	    strlen((const char *)event->data.scalar.value) !=
		    event->data.scalar.length)
		return error_at(b, &event->start_mark,
				"a NUL character is not accepted");
	if (++b->nodes > YAML_NODES_MAX)
		return error_at(b, &event->start_mark, "too many values");
	return 0;
}

static int add_node(struct builder *b, const yaml_event_t *event)
{
	struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;
	int rc = check_node(b, event);

	if (rc != 0)
		return rc;
	if (top && top->node->kind == YAML_MAP && !top->keyed)
		return add_key(b, top, event);
	if (event->type == YAML_SCALAR_EVENT)
		return add_scalar(b, event);
	return open_frame(b, event,
			  event->type == YAML_MAPPING_START_EVENT ? YAML_MAP
								  : YAML_LIST);
}

static int take_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->doc->root)
			return error_at(b, &event->start_mark,
					"a second document: only one is "
					"expected");
		return 0;
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return add_node(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	default:
		return 0;
	}
}

static int build(struct builder *b, const void *bytes, size_t n)
{
	bool more = true;
	int rc = 0;

	yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b->parser, bytes, n);
	while (rc == 0 && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&b->parser, &event))
			return parser_error(b);
		more = event.type != YAML_STREAM_END_EVENT;
		rc = take_event(b, &event);
		yaml_event_delete(&event);
	}
	if (rc == 0 && !b->doc->root) {
		b->doc->root = new_node(b, &(yaml_mark_t){ 0 }, YAML_SCALAR);
		b->doc->root->text = "";
	}
	return rc;
}

int yaml_parse(const char *file, const void *bytes, size_t n, struct yaml **ret,
	       struct err *err)
{
	if (n > YAML_BYTES_MAX)
		return err_set(err, ERR_CONFIG, "%s: larger than %d bytes",
			       file, YAML_BYTES_MAX);

	CLEANUP(yaml_freep) struct yaml *doc = mem_zalloc(sizeof(*doc));
	arena_init(&doc->arena);
	doc->file = arena_strndup(&doc->arena, file, strlen(file));

	struct builder b = { .doc = doc, .err = err };
	if (!yaml_parser_initialize(&b.parser))
		abort(); /* it fails for lack of memory only */
	int rc = build(&b, n ? bytes : "", n);
	yaml_parser_delete(&b.parser);
	if (rc == 0)
		*ret = TAKE(doc);
	return rc;
}

int yaml_load(const char *path, struct yaml **ret, struct err *err)
{
	CLEANUP(mem_freep) char *bytes = NULL;
	size_t n;
	int rc = file_read(path, YAML_BYTES_MAX, &bytes, &n, err);

	return rc != 0 ? rc : yaml_parse(path, bytes, n, ret, err);
}

void yaml_free(struct yaml *doc)
{
	if (!doc)
		return;
	arena_done(&doc->arena);
	free(doc);
}

void yaml_freep(struct yaml **doc)
{
	yaml_free(*doc);
}

const struct yaml_node *yaml_root(const struct yaml *doc)
{
	return doc->root;
}

const char *yaml_file(const struct yaml *doc)
{
	return doc->file;
}

const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
	if (!node || node->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *n = node->first; n; n = n->next) {
		if (strcmp(n->key, key) == 0)
			return n;
	}
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	if (!node)
		return true;
	if (node->kind != YAML_SCALAR || node->quoted)
		return false;
	return !*node->text || strcmp(node->text, "~") == 0 ||
	       strcmp(node->text, "null") == 0;
}

PRINTF_LIKE(4, 0)
static int error_with_place(const struct yaml *doc, const unsigned place[2],
			    struct err *err, const char *fmt, va_list args)
{
	char text[sizeof(err->msg)];

	vsnprintf(text, sizeof(text), fmt, args);
	if (!place[0])
		return err_set(err, ERR_CONFIG, "%s: %s", doc->file, text);
	return err_set(err, ERR_CONFIG, "%s:%u:%u: %s", doc->file, place[0],
		       place[1], text);
}

int yaml_error(const struct yaml *doc, const struct yaml_node *node,
	       struct err *err, const char *fmt, ...)
{
	unsigned place[2] = { node ? node->line : 0, node ? node->column : 0 };
	va_list args;

	va_start(args, fmt);
	int rc = error_with_place(doc, place, err, fmt, args);
	va_end(args);
	return rc;
}

int yaml_key_error(const struct yaml *doc, const struct yaml_node *node,
		   struct err *err, const char *fmt, ...)
{
	unsigned place[2] = { node->key_line, node->key_column };
	va_list args;

	va_start(args, fmt);
	int rc = error_with_place(doc, place, err, fmt, args);
	va_end(args);
	return rc;
}

static bool is_known(const char *key, const char *const *known)
{
	for (; *known; known++) {
		if (strcmp(key, *known) == 0)
			return true;
	}
	return false;
}

int yaml_known_keys(const struct yaml *doc, const struct yaml_node *map,
		    const char *const *known, struct err *err)
{
	if (!map || map->kind != YAML_MAP)
		return 0;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		if (is_known(n->key, known))
			continue;

		const char *nearest = suggest_nearest(n->key, known);
		if (nearest)
			return yaml_key_error(doc, n, err,
					      "unknown key \"%s\" (did you "
					      "mean \"%s\"?)",
					      n->key, nearest);
		return yaml_key_error(doc, n, err, "unknown key \"%s\"",
				      n->key);
	}
	return 0;
}

int yaml_text(const struct yaml *doc, const struct yaml_node *node,
	      const char **ret, struct err *err)
{
	if (yaml_is_null(node) || node->kind != YAML_SCALAR)
		return yaml_error(doc, node, err, "a text is expected here");
	*ret = node->text;
	return 0;
}

int yaml_bool(const struct yaml *doc, const struct yaml_node *node, bool *ret,
	      struct err *err)
{
	const char *text = "";

	if (node && node->kind == YAML_SCALAR && !node->quoted)
		text = node->text;
	if (!str_to_bool(str_of(text), ret))
		return yaml_error(doc, node, err, "true or false is expected");
	return 0;
}

int yaml_int(const struct yaml *doc, const struct yaml_node *node, int64_t min,
	     int64_t max, int64_t *ret, struct err *err)
{
	struct str text = { 0 };
	int64_t number;

	if (node && node->kind == YAML_SCALAR && !node->quoted)
		text = str_of(node->text);
	if (!str_to_i64(text, &number) || number < min || number > max)
		return yaml_error(doc, node, err,
				  "a whole number from %lld to %lld is "
				  "expected",
				  (long long)min, (long long)max);
	*ret = number;
	return 0;
}
