#include "router/read/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "base/fold.h"
#include "base/str.h"
#include "router/read/plan.h"

static struct pg_param text_param(const char *text)
{
	return (struct pg_param){ .at = text, .n = strlen(text) };
}

/* An element of a text[]; false: no room. */
static bool add_element(char *text, size_t *n, struct str element)
{
	size_t end = *n;

	if (element.n * 2 + 4 > QUERY_SKU_KEYS_MAX - end)
		return false;
	if (end > 1)
		text[end++] = ',';
	text[end++] = '"';
	for (size_t i = 0; i < element.n; i++) {
		if (element.at[i] == '"' || element.at[i] == '\\')
			text[end++] = '\\';
		text[end++] = element.at[i];
	}
	text[end++] = '"';
	*n = end;
	return true;
}

/* What the SKU's column can hold for it, whatever its collation. None when a
 * charset it can have lacks one of its characters: how the source compares
 * then is not ours to guess, and a miss is asked of Magento. */
static size_t sku_keys(const char *sku, char *text)
{
	size_t n = 0;
	bool beyond = false;

	for (const char *at = sku; *at; at++)
		beyond |= (unsigned char)*at >= 0xf0;
	text[n++] = '{';
	for (int fold = FOLD_UNKNOWN + 1; fold < FOLD_COUNT && !beyond;
	     fold++) {
		char key[FOLD_KEY_MAX];
		struct str element = { key, fold_key((enum fold)fold,
						     str_of(sku), key) };

		if (element.n && !add_element(text, &n, element))
			break;
	}
	text[n++] = '}';
	return n;
}

static struct pg_param sku_param(struct query *query, const char *sku)
{
	return (struct pg_param){ .at = query->sku_keys,
				  .n = sku_keys(sku, query->sku_keys) };
}

static void init_keys(struct query *query, const struct read_request *request)
{
	bool list = read_kind_is_list(request->kind);
	int64_t offset = (request->page - 1) * request->limit;

	snprintf(query->number[0], sizeof(query->number[0]), "%" PRId64,
		 list ? request->limit : request->id);
	snprintf(query->number[1], sizeof(query->number[1]), "%" PRId64,
		 list ? offset : 0);
	query->keys[0] = request->kind == READ_PRODUCT_BY_SKU
				 ? sku_param(query, request->sku)
				 : text_param(query->number[0]);
	query->keys[1] = text_param(query->number[1]);
	query->steps[PLAN_KEYS].params = query->keys;
	query->steps[PLAN_KEYS].count = list ? 2 : 1;
}

static void init_proof(struct query *query, const struct read_request *request)
{
	query->proof[0] =
		text_param(read_domain_name(read_kind_domain(request->kind)));
	query->proof[1] = (struct pg_param){ 0 };
	if (request->needs.client_n)
		query->proof[1] =
			(struct pg_param){ .at = request->needs.client,
					   .n = request->needs.client_n,
					   .binary = true };
	query->steps[PLAN_PROOF].params = query->proof;
	query->steps[PLAN_PROOF].count = LENGTH(query->proof);
}

void query_init(struct query *query, const struct read_request *request,
		const struct plan_kind *plan)
{
	*query = (struct query){ .count = plan->count };
	for (size_t i = 0; i < plan->count; i++)
		query->steps[i].statement = plan->statements[i];
	init_keys(query, request);
	init_proof(query, request);
	query->records = text_param(plan->records);
	query->steps[PLAN_UNHEALTHY].params = &query->records;
	query->steps[PLAN_UNHEALTHY].count = 1;
}
