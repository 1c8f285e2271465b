#include "router/read/request.h"

#include <assert.h>
#include <string.h>

#include "base/defs.h"
#include "base/utf8.h"

#define KIND_DOMAIN(name, path, domain) READ_DOMAIN_##domain,
static const enum read_domain domains[] = { READ_KINDS(KIND_DOMAIN) };
#undef KIND_DOMAIN
#define KIND_TEMPLATE(name, path, domain) path,
static const char *const templates[] = { READ_KINDS(KIND_TEMPLATE) };
#undef KIND_TEMPLATE

enum read_domain read_kind_domain(enum read_kind kind)
{
	assert(kind < READ_KIND_COUNT);
	return domains[kind];
}

const char *read_domain_name(enum read_domain domain)
{
	static const char *const names[] = { "customer", "catalog", "order" };

	assert(domain < LENGTH(names));
	return names[domain];
}

const char *read_kind_template(enum read_kind kind)
{
	assert(kind < READ_KIND_COUNT);
	return templates[kind];
}

bool read_kind_is_list(enum read_kind kind)
{
	return kind >= READ_CUSTOMERS;
}

static enum read_parsed bad(const char **why, const char *text)
{
	*why = text;
	return READ_BAD;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One path segment; a "+" is a plus there. Control characters are no SKU. */
static bool decode(struct str raw, char out[READ_SKU_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++, n++) {
		char c = raw.at[i];

		if (n == READ_SKU_MAX)
			return false;
		if (c == '%') {
			int high =
				i + 2 < raw.n ? hex_digit(raw.at[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(raw.at[i + 2]);

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return false;
		out[n] = c;
	}
	out[n] = '\0';
	return n > 0 && utf8_valid((struct str){ out, n });
}

static enum read_parsed parse_id(struct str segment, enum read_kind kind,
				 struct read_request *ret, const char **why)
{
	int64_t id;

	if (!str_to_i64(segment, &id) || id <= 0)
		return bad(why, "the id is no positive number");
	ret->kind = kind;
	ret->id = id;
	return READ_PARSED;
}

static enum read_parsed parse_product(struct str segment, struct str rest,
				      struct read_request *ret,
				      const char **why)
{
	char sku[READ_SKU_MAX + 1];

	if (rest.n && str_eqs(segment, "by-id") &&
	    !memchr(rest.at, '/', rest.n))
		return parse_id(rest, READ_PRODUCT_BY_ID, ret, why);
	if (rest.at || !segment.n)
		return READ_NO_ROUTE;
	if (!decode(segment, sku))
		return bad(why, "the SKU is not up to 64 characters of "
				"percent-encoded UTF-8");
	ret->kind = READ_PRODUCT_BY_SKU;
	memcpy(ret->sku, sku, sizeof(sku));
	return READ_PARSED;
}

static bool small_number(struct str text, int64_t most, int64_t *ret)
{
	int64_t number;

	if (!str_to_i64(text, &number) || number < 1 || number > most)
		return false;
	*ret = number;
	return true;
}

static enum read_parsed parse_query(struct str query, bool list,
				    struct read_request *ret, const char **why)
{
	while (query.n) {
		struct str value = str_split(&query, '&');
		struct str key = str_split(&value, '=');

		if (!key.n && !value.n)
			continue;
		if (list && str_eqs(key, "limit")) {
			if (!small_number(value, READ_LIMIT_MAX, &ret->limit))
				return bad(why, "limit must be 1 to 200");
		} else if (list && str_eqs(key, "page")) {
			if (!small_number(value, READ_PAGE_MAX, &ret->page))
				return bad(why, "page must be 1 to 1000000");
		} else {
			return bad(why, list ? "unknown parameter: limit and "
					       "page are known"
					     : "this read has no parameters");
		}
	}
	return READ_PARSED;
}

struct collection {
	const char *name;
	enum read_kind list, single;
};

static const struct collection collections[] = {
	{ "customers", READ_CUSTOMERS, READ_CUSTOMER },
	{ "products", READ_PRODUCTS, READ_PRODUCT_BY_SKU },
	{ "categories", READ_CATEGORIES, READ_CATEGORY },
	{ "orders", READ_ORDERS, READ_ORDER },
};

static const struct collection *find_collection(struct str name)
{
	for (size_t i = 0; i < LENGTH(collections); i++)
		if (str_eqs(name, collections[i].name))
			return &collections[i];
	return NULL;
}

enum read_parsed read_request_parse(struct str path, struct str query,
				    struct read_request *ret, const char **why)
{
	const struct collection *collection =
		find_collection(str_split(&path, '/'));
	struct read_request request = *ret;
	enum read_parsed parsed = READ_PARSED;

	if (!collection)
		return READ_NO_ROUTE;
	request.page = 1;
	request.limit = READ_LIMIT_DEFAULT;
	if (!path.at) {
		request.kind = collection->list;
	} else {
		struct str segment = str_split(&path, '/');

		if (collection->single == READ_PRODUCT_BY_SKU)
			parsed = parse_product(segment, path, &request, why);
		else if (path.at || !segment.n)
			return READ_NO_ROUTE;
		else
			parsed = parse_id(segment, collection->single, &request,
					  why);
	}
	if (parsed == READ_PARSED)
		parsed = parse_query(query, read_kind_is_list(request.kind),
				     &request, why);
	if (parsed == READ_PARSED)
		*ret = request;
	return parsed;
}
