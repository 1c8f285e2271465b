#include "router/template.h"

#include <string.h>

#include "base/defs.h"
#include "http/target.h"

static const char *const no_sku[] = {
	"attributes",	"types",	  "links", "options",
	"media",	"attribute-sets", "cost",  "special-price",
	"base-prices",	"tier-prices",	  "by-id", "downloadable-links",
	"bundle-links", "group-prices",
};

static enum template_kind kind_of(struct str name)
{
	if (str_eqs(name, "id"))
		return TEMPLATE_ID;
	if (str_eqs(name, "store"))
		return TEMPLATE_STORE;
	if (str_eqs(name, "sku"))
		return TEMPLATE_SKU;
	return TEMPLATE_ANY;
}

static bool segment_parse(struct template_segment *ret, struct str text)
{
	if (text.n == 0)
		return false;
	if (text.n > 2 && text.at[0] == '{' && text.at[text.n - 1] == '}') {
		struct str name = { text.at + 1, text.n - 2 };

		*ret = (struct template_segment){ kind_of(name), { 0 } };
		text = name;
	} else {
		*ret = (struct template_segment){ TEMPLATE_LITERAL, text };
	}
	return !memchr(text.at, '{', text.n) && !memchr(text.at, '}', text.n);
}

bool template_parse(struct template *ret, const char *text, struct arena *arena)
{
	struct str rest = str_of(text);
	struct template t = { .text = text };

	if (rest.n < 2 || rest.at[0] != '/')
		return false;
	rest.at++;
	rest.n--;
	t.segments =
		arena_array(arena, struct template_segment, HTTP_SEGMENTS_MAX);
	while (rest.at) {
		if (t.n == HTTP_SEGMENTS_MAX)
			return false;
		if (!segment_parse(&t.segments[t.n++], str_split(&rest, '/')))
			return false;
	}
	*ret = t;
	return true;
}

static bool is_id(struct str s)
{
	if (s.n == 0 || s.n > 19 || s.at[0] == '0')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
	}
	return true;
}

static bool is_store(struct str s)
{
	if (s.n == 0 || s.n > 32 || str_eqs(s, "V1"))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return true;
}

static bool is_sku(struct str s)
{
	for (size_t i = 0; i < LENGTH(no_sku); i++) {
		if (str_eqs(s, no_sku[i]))
			return false;
	}
	return s.n > 0;
}

static bool segment_match(const struct template_segment *t, struct str s)
{
	switch (t->kind) {
	case TEMPLATE_LITERAL:
		return str_eq(t->text, s);
	case TEMPLATE_ID:
		return is_id(s);
	case TEMPLATE_STORE:
		return is_store(s);
	case TEMPLATE_SKU:
		return is_sku(s);
	case TEMPLATE_ANY:
		break;
	}
	return s.n > 0;
}

bool template_match(const struct template *t, const struct http_target *target)
{
	if (target->odd != HTTP_ODD_NONE || target->n != t->n)
		return false;
	for (size_t i = 0; i < t->n; i++) {
		if (!segment_match(&t->segments[i], target->segments[i]))
			return false;
	}
	return true;
}
