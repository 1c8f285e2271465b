#include "router/transcode.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_tree.h"
#include "router/read/entity.h"

struct writer {
	struct json json;
	struct arena *arena;
};

static const struct json_node *attribute(const struct json_node *entity,
					 const char *code)
{
	const struct json_node *all =
		json_tree_get(entity, "custom_attributes");
	const struct json_node *m =
		all && all->type == JSON_ARRAY ? all->first : NULL;

	for (; m; m = m->next) {
		const struct json_node *name =
			json_tree_get(m, "attribute_code");

		if (name && name->type == JSON_STRING &&
		    str_eqs(name->text, code))
			return json_tree_get(m, "value");
	}
	return NULL;
}

static const struct json_node *find(const struct json_node *entity,
				    const char *place)
{
	if (place[0] == '@')
		return attribute(entity, place + 1);
	return place[0] ? json_tree_path(entity, place) : entity;
}

static struct field_value value_of(struct writer *w, const struct field *field,
				   const struct json_node *entity)
{
	struct field_value value = { 0 };

	if (!field->magento)
		return value;
	value.node = find(entity, field->magento);
	value.text = field_node_text(
		value.node, field->cast == FIELD_COMMAS ? ',' : '\n', w->arena);
	return value;
}

static void write_value(struct writer *w, const struct entity *entity,
			const struct field *field, const struct json_node *node)
{
	field_write(&w->json, field->cast, value_of(w, field, node),
		    entity->hidden, w->arena);
}

static void write_fields(struct writer *w, const struct entity *entity,
			 const struct json_node *node)
{
	for (size_t i = 0; i < entity->field_count; i++) {
		json_key(&w->json, entity->fields[i].json);
		write_value(w, entity, &entity->fields[i], node);
	}
}

struct member {
	const struct json_node *node;
	int64_t number; /* its first field, where they are ordered by it */
	size_t place;
};

static int by_number(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

static struct member *members_of(struct writer *w, const struct entity *entity,
				 const struct json_node *array, size_t *ret_n)
{
	const struct json_node *m;
	struct member *all;
	size_t n = 0;

	for (m = array->first; m; m = m->next)
		n++;
	all = arena_array(w->arena, struct member, n + 1);
	n = 0;
	for (m = array->first; m; m = m->next, n++) {
		struct field_value first = value_of(w, &entity->fields[0], m);

		all[n] = (struct member){ .node = m, .place = n };
		if (entity->ordered)
			(void)str_to_i64(first.text, &all[n].number);
	}
	if (n > 1)
		qsort(all, n, sizeof(*all), by_number);
	*ret_n = n;
	return all;
}

static void write_array(struct writer *w, const struct entity_child *child,
			const struct json_node *array)
{
	const struct entity *entity = child->entity;
	struct member *all = NULL;
	size_t n = 0;

	if (array && array->type == JSON_ARRAY)
		all = members_of(w, entity, array, &n);
	json_begin_array(&w->json);
	for (size_t i = 0; i < n; i++) {
		if (child->shape == ENTITY_VALUES) {
			write_value(w, entity, &entity->fields[0], all[i].node);
		} else if (all[i].node->type == JSON_OBJECT) {
			json_begin_object(&w->json);
			write_fields(w, entity, all[i].node);
			json_end_object(&w->json);
		}
	}
	json_end_array(&w->json);
}

static void write_one(struct writer *w, const struct entity_child *child,
		      const struct json_node *node)
{
	if (!node || node->type != JSON_OBJECT ||
	    (child->magento_needs &&
	     !json_tree_get(node, child->magento_needs))) {
		json_null(&w->json);
		return;
	}
	json_begin_object(&w->json);
	write_fields(w, child->entity, node);
	json_end_object(&w->json);
}

static void write_root(struct writer *w, const struct entity *entity, bool list,
		       const struct json_node *node)
{
	json_begin_object(&w->json);
	write_fields(w, entity, node);
	for (size_t i = 0; i < entity->child_count; i++) {
		const struct entity_child *child = &entity->children[i];
		const struct json_node *under = find(node, child->magento);

		if (list && child->single_only)
			continue;
		json_key(&w->json, child->json);
		if (child->shape == ENTITY_ONE)
			write_one(w, child, under);
		else
			write_array(w, child, under);
	}
	json_end_object(&w->json);
}

static int corrupt(struct err *err, const char *what)
{
	return err_set(err, ERR_CORRUPT, "Magento's answer has no %s", what);
}

static int write_list(struct writer *w, const struct read_request *request,
		      const struct json_node *root, struct err *err)
{
	const struct json_node *items = json_tree_get(root, "items");
	const struct json_node *count = json_tree_get(root, "total_count");
	int64_t total;

	if (!items || items->type != JSON_ARRAY)
		return corrupt(err, "array of items");
	if (!count || count->type != JSON_NUMBER ||
	    !str_to_i64(count->text, &total))
		return corrupt(err, "number total_count");
	json_begin_object(&w->json);
	json_key(&w->json, "items");
	json_begin_array(&w->json);
	for (const struct json_node *m = items->first; m; m = m->next) {
		if (m->type != JSON_OBJECT)
			return corrupt(err, "objects as items");
		write_root(w, entity_of(request->kind), true, m);
	}
	json_end_array(&w->json);
	json_key(&w->json, "page");
	json_int(&w->json, request->page);
	json_key(&w->json, "limit");
	json_int(&w->json, request->limit);
	json_key(&w->json, "total");
	json_int(&w->json, total);
	json_end_object(&w->json);
	return 0;
}

static int write_first(struct writer *w, const struct read_request *request,
		       const struct json_node *root, bool *ret_found,
		       struct err *err)
{
	const struct json_node *items = json_tree_get(root, "items");

	if (!items || items->type != JSON_ARRAY)
		return corrupt(err, "array of items");
	*ret_found = items->first != NULL;
	if (!items->first)
		return 0;
	if (items->first->type != JSON_OBJECT)
		return corrupt(err, "object as its item");
	write_root(w, entity_of(request->kind), false, items->first);
	return 0;
}

static int write_single(struct writer *w, const struct read_request *request,
			const struct json_node *root, struct err *err)
{
	if (root->type != JSON_OBJECT)
		return corrupt(err, "entity");
	write_root(w, entity_of(request->kind), false, root);
	return 0;
}

static enum transcode_kind kind_of(enum read_kind kind)
{
	if (read_kind_is_list(kind))
		return TRANSCODE_LIST;
	return kind == READ_PRODUCT_BY_ID ? TRANSCODE_FIRST : TRANSCODE_SINGLE;
}

static int transcode_root(struct writer *w, const struct read_request *request,
			  const struct json_node *root, bool *ret_found,
			  struct err *err)
{
	*ret_found = true;
	switch (kind_of(request->kind)) {
	case TRANSCODE_LIST:
		return write_list(w, request, root, err);
	case TRANSCODE_FIRST:
		return write_first(w, request, root, ret_found, err);
	case TRANSCODE_SINGLE:
	default:
		return write_single(w, request, root, err);
	}
}

int transcode_body(const struct read_request *request, struct str body,
		   struct buf *out, bool *ret_found, struct err *err)
{
	struct arena arena;
	struct writer w = { .arena = &arena };
	struct json_node *root = NULL;
	bool found = false;
	int code;

	if (body.n > TRANSCODE_BODY_MAX)
		return err_set(err, ERR_LIMIT,
			       "Magento's answer has %zu bytes, more than %d",
			       body.n, TRANSCODE_BODY_MAX);
	arena_init(&arena);
	json_init(&w.json, out, JSON_PLAIN);
	code = json_tree_parse(&arena, body, &root, err);
	if (code == 0)
		code = transcode_root(&w, request, root, &found, err);
	arena_done(&arena);
	if (code == 0 && out->failed)
		code = err_set(err, ERR_LIMIT,
			       "the native answer is larger than %zu bytes",
			       out->max);
	if (code == 0)
		*ret_found = found;
	return code;
}

/* Everything but RFC 3986's unreserved characters. */
static void add_encoded(struct buf *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') || strchr("-._~", c);

		if (plain)
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%c%c", hex[c >> 4], hex[c & 15]);
	}
}

/* searchCriteria%5B…%5D=: the brackets encoded, as URLs want them. */
#define CRITERIA "searchCriteria%%5B"
#define FILTER CRITERIA "filter_groups%%5D%%5B0%%5D%%5Bfilters%%5D%%5B0%%5D%%5B"
#define SORT CRITERIA "sortOrders%%5D%%5B0%%5D%%5B"

static void add_page(struct buf *out, const struct read_request *request)
{
	buf_addf(out,
		 "?" CRITERIA "pageSize%%5D=%" PRId64 "&" CRITERIA
		 "currentPage%%5D=%" PRId64 "&" SORT "field%%5D=entity_id&" SORT
		 "direction%%5D=ASC",
		 request->limit, request->page);
}

enum transcode_kind
transcode_fallback_target(const struct read_request *request,
			  struct buf *target)
{
	switch (request->kind) {
	case READ_CUSTOMER:
		buf_addf(target, "/rest/V1/customers/%" PRId64, request->id);
		break;
	case READ_PRODUCT_BY_SKU:
		buf_adds(target, "/rest/all/V1/products/");
		add_encoded(target, request->sku);
		break;
	case READ_PRODUCT_BY_ID:
		buf_addf(target,
			 "/rest/all/V1/products?" FILTER
			 "field%%5D=entity_id&" FILTER "value%%5D=%" PRId64
			 "&" CRITERIA "pageSize%%5D=1",
			 request->id);
		break;
	case READ_CATEGORY:
		buf_addf(target, "/rest/all/V1/categories/%" PRId64,
			 request->id);
		break;
	case READ_ORDER:
		buf_addf(target, "/rest/V1/orders/%" PRId64, request->id);
		break;
	case READ_CUSTOMERS:
		buf_adds(target, "/rest/V1/customers/search");
		add_page(target, request);
		break;
	case READ_PRODUCTS:
		buf_adds(target, "/rest/all/V1/products");
		add_page(target, request);
		break;
	case READ_CATEGORIES:
		buf_adds(target, "/rest/all/V1/categories/list");
		add_page(target, request);
		break;
	case READ_ORDERS:
		buf_adds(target, "/rest/V1/orders");
		add_page(target, request);
		break;
	case READ_KIND_COUNT:
	default:
		assert(request->kind < READ_KIND_COUNT);
	}
	return kind_of(request->kind);
}

static const char *status_text(int status)
{
	switch (status) {
	case 400:
		return "Magento refuses the request";
	case 401:
	case 403:
		return "not authorised";
	case 404:
		return "not found";
	case 429:
		return "too many requests";
	default:
		return status >= 500 ? "Magento failed"
				     : "Magento refuses the request";
	}
}

/* "%name" and, of a list of parameters, "%1". Longest names first would
 * matter only if one began another; Magento's never do. */
static const struct json_node *
placeholder(struct str text, const struct json_node *parameters, size_t *ret_n)
{
	const struct json_node *m = parameters ? parameters->first : NULL;
	char number[24] = { 0 };

	for (uint64_t i = 1; m; m = m->next, i++) {
		struct str name = m->key;

		if (parameters->type == JSON_ARRAY)
			name = (struct str){ number, str_from_u64(number, i) };
		if (name.n && text.n >= name.n &&
		    memcmp(text.at, name.at, name.n) == 0) {
			*ret_n = name.n;
			return m;
		}
	}
	return NULL;
}

static struct str filled(struct str message, const struct json_node *parameters,
			 struct arena *arena)
{
	struct buf out;
	struct str text;

	buf_init(&out, 4096);
	while (message.n) {
		struct str rest = { message.at + 1, message.n - 1 };
		size_t n = 0;
		const struct json_node *value =
			message.at[0] == '%' ? placeholder(rest, parameters, &n)
					     : NULL;

		if (value) {
			struct str is = field_node_text(value, ',', arena);

			buf_add(&out, is.n ? is.at : "", is.n);
		} else {
			buf_addc(&out, message.at[0]);
		}
		message = (struct str){ rest.at + n, rest.n - n };
	}
	text = (struct str){ arena_strndup(arena, buf_str(&out), out.n),
			     out.n };
	buf_done(&out);
	return text;
}

void transcode_error(int status, struct str body, struct buf *out)
{
	struct err ignored = { 0 };
	struct json json;
	struct arena arena;
	struct json_node *root = NULL;
	const struct json_node *message = NULL;
	struct str text = str_of(status_text(status));

	arena_init(&arena);
	/* Not JSON, or an error page: the text by status will do. */
	if (body.n <= TRANSCODE_BODY_MAX &&
	    json_tree_parse(&arena, body, &root, &ignored) == 0)
		message = json_tree_get(root, "message");
	if (message && message->type == JSON_STRING && message->text.n)
		text = filled(message->text, json_tree_get(root, "parameters"),
			      &arena);
	json_init(&json, out, JSON_PLAIN);
	json_begin_object(&json);
	json_key(&json, "error");
	json_strn(&json, text);
	json_end_object(&json);
	arena_done(&arena);
}
