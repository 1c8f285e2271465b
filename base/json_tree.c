#include "base/json_tree.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"

struct parser {
	struct arena *arena;
	const char *start, *at, *end;
	size_t nodes;
	int depth;
	struct err *err;
};

static int corrupt(struct parser *p, const char *what)
{
	return err_set(p->err, ERR_CORRUPT, "JSON, byte %zu: %s",
		       (size_t)(p->at - p->start), what);
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' ||
				  *p->at == '\n' || *p->at == '\r'))
		p->at++;
}

static bool take(struct parser *p, char c)
{
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

static int hex4(struct parser *p, uint32_t *ret)
{
	uint32_t code = 0;

	if (p->end - p->at < 4)
		return corrupt(p, "an escape is cut off");
	for (int i = 0; i < 4; i++) {
		char c = *p->at++;

		code <<= 4;
		if (c >= '0' && c <= '9')
			code |= (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			code |= (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			code |= (uint32_t)(c - 'A' + 10);
		else
			return corrupt(p, "no hexadecimal digit");
	}
	*ret = code;
	return 0;
}

static size_t utf8_write(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* Behind "\u": the code point, of a pair of surrogates where one stands. */
static int unicode_escape(struct parser *p, char *out, size_t *n)
{
	uint32_t code = 0, low = 0;

	if (hex4(p, &code) < 0)
		return p->err->code;
	if (code >= 0xd800 && code < 0xdc00 && p->end - p->at >= 6 &&
	    p->at[0] == '\\' && p->at[1] == 'u') {
		p->at += 2;
		if (hex4(p, &low) < 0)
			return p->err->code;
		if (low >= 0xdc00 && low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) +
			       (low - 0xdc00);
		} else {
			p->at -= 6;
			code = 0xfffd;
		}
	}
	if (code == 0 || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	*n += utf8_write(out + *n, code);
	return 0;
}

static int escape(struct parser *p, char *out, size_t *n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *place;

	if (p->at == p->end)
		return corrupt(p, "an escape is cut off");
	if (take(p, 'u'))
		return unicode_escape(p, out, n);
	place = *p->at ? strchr(from, *p->at) : NULL;
	if (!place)
		return corrupt(p, "unknown escape");
	p->at++;
	out[(*n)++] = to[place - from];
	return 0;
}

/* Behind the opening quote; most strings have no escape and are not copied. */
static int string(struct parser *p, struct str *ret)
{
	const char *start = p->at;
	size_t n = 0, escapes = 0;
	char *out;

	for (; p->at < p->end && *p->at != '"'; p->at++) {
		if ((unsigned char)*p->at < 0x20)
			return corrupt(p, "a control character in a string");
		if (*p->at == '\\') {
			escapes++;
			if (++p->at == p->end)
				break;
		}
	}
	if (p->at >= p->end)
		return corrupt(p, "a string without end");
	*ret = (struct str){ start, (size_t)(p->at - start) };
	if (!escapes) {
		p->at++;
		return 0;
	}
	/* No escape grows: the shortest has two bytes for one, and \uXXXX six
	 * for at most three. */
	out = arena_alloc(p->arena, ret->n);
	for (p->at = start; *p->at != '"';) {
		if (!take(p, '\\'))
			out[n++] = *p->at++;
		else if (escape(p, out, &n) < 0)
			return p->err->code;
	}
	p->at++;
	*ret = (struct str){ out, n };
	return 0;
}

static size_t digits(struct parser *p)
{
	const char *start = p->at;

	while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
		p->at++;
	return (size_t)(p->at - start);
}

static int number(struct parser *p, struct str *ret)
{
	const char *start = p->at;
	const char *whole;

	take(p, '-');
	whole = p->at;
	if (digits(p) == 0)
		return corrupt(p, "no value");
	if (*whole == '0' && p->at - whole > 1)
		return corrupt(p, "a number with a leading zero");
	if (take(p, '.') && digits(p) == 0)
		return corrupt(p, "a number without digits behind the point");
	if (take(p, 'e') || take(p, 'E')) {
		if (!take(p, '+'))
			take(p, '-');
		if (digits(p) == 0)
			return corrupt(p, "a number without exponent");
	}
	*ret = (struct str){ start, (size_t)(p->at - start) };
	return 0;
}

static bool take_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
		return false;
	p->at += n;
	return true;
}

static int value(struct parser *p, struct json_node **ret);

static int member(struct parser *p, bool keyed, struct json_node **ret)
{
	struct str key = { 0 };

	if (keyed) {
		skip_blanks(p);
		if (!take(p, '"'))
			return corrupt(p, "no key");
		if (string(p, &key) < 0)
			return p->err->code;
		skip_blanks(p);
		if (!take(p, ':'))
			return corrupt(p, "no colon");
	}
	if (value(p, ret) < 0)
		return p->err->code;
	(*ret)->key = key;
	return 0;
}

static int members(struct parser *p, struct json_node *node, char close)
{
	struct json_node **tail = &node->first;

	if (++p->depth > JSON_TREE_DEPTH_MAX)
		return err_set(p->err, ERR_LIMIT, "JSON deeper than %d levels",
			       JSON_TREE_DEPTH_MAX);
	skip_blanks(p);
	if (!take(p, close)) {
		do {
			if (member(p, close == '}', tail) < 0)
				return p->err->code;
			tail = &(*tail)->next;
			skip_blanks(p);
		} while (take(p, ','));
		if (!take(p, close))
			return corrupt(p, "no comma and no end");
	}
	p->depth--;
	return 0;
}

static int value_of(struct parser *p, struct json_node *node)
{
	if (take(p, '{')) {
		node->type = JSON_OBJECT;
		return members(p, node, '}');
	}
	if (take(p, '[')) {
		node->type = JSON_ARRAY;
		return members(p, node, ']');
	}
	if (take(p, '"')) {
		node->type = JSON_STRING;
		return string(p, &node->text);
	}
	if (take_word(p, "null"))
		return 0;
	if (take_word(p, "true") || take_word(p, "false")) {
		node->type = p->at[-2] == 'u' ? JSON_TRUE : JSON_FALSE;
		return 0;
	}
	node->type = JSON_NUMBER;
	return number(p, &node->text);
}

static int value(struct parser *p, struct json_node **ret)
{
	struct json_node *node;

	if (++p->nodes > JSON_TREE_NODES_MAX)
		return err_set(p->err, ERR_LIMIT, "JSON of more than %d values",
			       JSON_TREE_NODES_MAX);
	skip_blanks(p);
	node = arena_new(p->arena, struct json_node);
	if (value_of(p, node) < 0)
		return p->err->code;
	*ret = node;
	return 0;
}

int json_tree_parse(struct arena *arena, struct str text,
		    struct json_node **ret, struct err *err)
{
	struct parser p = { .arena = arena,
			    .start = text.at,
			    .at = text.at,
			    .end = text.at + text.n,
			    .err = err };
	struct json_node *node = NULL;

	if (value(&p, &node) < 0)
		return err->code;
	skip_blanks(&p);
	if (p.at != p.end)
		return corrupt(&p, "more behind the value");
	*ret = node;
	return 0;
}

static const struct json_node *get(const struct json_node *node, struct str key)
{
	if (!node || node->type != JSON_OBJECT)
		return NULL;
	for (const struct json_node *m = node->first; m; m = m->next)
		if (str_eq(m->key, key))
			return m;
	return NULL;
}

const struct json_node *json_tree_get(const struct json_node *node,
				      const char *key)
{
	return get(node, str_of(key));
}

static const struct json_node *nth(const struct json_node *node, uint64_t n)
{
	const struct json_node *m = node->first;

	while (m && n-- > 0)
		m = m->next;
	return m;
}

const struct json_node *json_tree_path(const struct json_node *node,
				       const char *path)
{
	struct str rest = str_of(path);

	while (node && rest.at) {
		struct str key = str_split(&rest, '.');
		uint64_t index;

		if (node->type == JSON_ARRAY)
			node = str_to_u64(key, &index) ? nth(node, index)
						       : NULL;
		else
			node = get(node, key);
	}
	return node;
}
