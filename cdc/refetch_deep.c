#include "cdc/refetch_deep.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/chunk.h"
#include "cdc/plan.h"
#include "cdc/refetch_compare.h"
#include "cdc/refetch_read.h"
#include "cdc/schema.h"
#include "cdc/selection.h"
#include "transform/mapping.h"
#include "transform/value.h"

enum { KEYS_MAX = 512 * 1024, SQL_MAX = 1024 * 1024 };

/* What others of the family hang on: a table and its keys. */
struct middle {
	const struct mapping_table *table;
	struct buf keys; /* "5,7" */
	int ordinal;	 /* of the key column in the source */
};

struct family {
	struct refetch_round *round;
	const struct mapping_table *root;
	size_t bytes_max;	/* the batch's */
	struct middle *middles; /* owned; the root first */
	size_t count;
};

static bool is_member(const struct mapping_table *table,
		      const struct mapping_table *root)
{
	return table->family && strcmp(table->family, root->family) == 0;
}

static struct middle *find_middle(const struct family *family, const char *name)
{
	for (size_t i = 0; i < family->count; i++)
		if (strcmp(family->middles[i].table->source, name) == 0)
			return &family->middles[i];
	return NULL;
}

static struct middle *add_middle(struct family *family,
				 const struct mapping_table *table)
{
	struct middle *middle;

	family->middles =
		mem_realloc(family->middles,
			    (family->count + 1) * sizeof(*family->middles));
	middle = &family->middles[family->count++];
	*middle = (struct middle){ .table = table, .ordinal = -1 };
	buf_init(&middle->keys, KEYS_MAX);
	return middle;
}

static bool has_children(const struct family *family,
			 const struct mapping_table *table)
{
	const struct mapping *mapping = family->round->mapping;

	for (size_t i = 0; i < mapping->table_count; i++) {
		const struct mapping_table *child = &mapping->tables[i];

		if (child->via && is_member(child, table) &&
		    strcmp(child->via, table->source) == 0)
			return true;
	}
	return false;
}

static void keep_key(void *user, const struct value *row)
{
	struct middle *middle = user;
	struct value v = row[middle->ordinal];
	int64_t key;

	if (v.kind != VALUE_TEXT ||
	    !str_to_i64((struct str){ v.at, v.n }, &key))
		return;
	if (middle->keys.n > 0)
		buf_addc(&middle->keys, ',');
	buf_add(&middle->keys, v.at, v.n);
}

/* " where t.`link` in (5,7)" */
static void where_link(struct buf *sql, const struct dialect *d,
		       const char *link, const struct buf *keys)
{
	buf_adds(sql, " where ");
	selection_add_name(sql, d, str_of(link));
	buf_addf(sql, " in (%s)", buf_str(keys));
}

static int know_key(struct family *family, struct middle *middle,
		    struct err *err)
{
	const struct refetch_round *round = family->round;
	CLEANUP(mem_freep)
	char *name = mem_printf("%s%s", round->mapping->prefix,
				middle->table->source);
	const char *key = NULL;
	int rc = plan_key_column(round->schema, name, &key, err);

	if (rc == 0)
		middle->ordinal =
			chunk_ordinal(round->reader, middle->table, key);
	return rc;
}

/* By its link, on both sides, now. */
static bool is_readable(const struct refetch_round *round,
			const struct mapping_table *table)
{
	const struct target_table *target = table->target;
	CLEANUP(mem_freep)
	char *name = mem_printf("%s%s", round->mapping->prefix, table->source);
	bool has_link = false;

	for (size_t i = 0; i < target->count; i++)
		has_link |= strcmp(target->columns[i].name, table->link) == 0;
	return has_link && !schema_is_unknown(round->schema, str_of(name));
}

static int read_member(struct family *family, const struct mapping_table *table,
		       bool *ret_cut, struct err *err)
{
	struct refetch_round *round = family->round;
	const struct middle *parent = find_middle(
		family, table->via ? table->via : family->root->source);
	struct chunk_select select = { .table = table,
				       .bytes_max = family->bytes_max };
	CLEANUP(buf_done) struct buf there, here;
	int rc = 0;

	buf_init(&there, SQL_MAX);
	buf_init(&here, SQL_MAX);
	if (!parent || parent->keys.n == 0)
		return 0;
	if (!is_readable(round, table)) {
		refetch_ask_for(round, table, NULL);
		return 0;
	}
	where_link(&there, &selection_source, table->link, &parent->keys);
	where_link(&here, &selection_target, table->link, &parent->keys);
	if (has_children(family, table) &&
	    chunk_ordinal(round->reader, table, table->link) >= 0) {
		struct middle *middle = add_middle(family, table);

		select.row = keep_key;
		rc = know_key(family, middle, err);
		select.user = middle;
	}
	select.tail = buf_str(&there);
	if (rc == 0)
		rc = chunk_select(round->reader, &select, err);
	if (rc == 0 && !select.cut)
		rc = refetch_compare(round, table, buf_str(&here), false, err);
	*ret_cut = select.cut;
	return rc;
}

static void family_done(struct family *family)
{
	for (size_t i = 0; i < family->count; i++)
		buf_done(&family->middles[i].keys);
	free(family->middles);
}

static bool is_full(const struct family *family)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->middles[i].keys.failed)
			return true;
	return false;
}

int refetch_deep(struct refetch_round *round, const struct mapping_table *root,
		 const char *keys, size_t bytes_max, bool *ret_cut,
		 struct err *err)
{
	const struct mapping *mapping = round->mapping;
	CLEANUP(family_done)
	struct family family = { .round = round,
				 .root = root,
				 .bytes_max = bytes_max };
	int rc = 0;

	*ret_cut = false;
	buf_adds(&add_middle(&family, root)->keys, keys);
	for (size_t i = 0; rc == 0 && !*ret_cut && i < mapping->table_count;
	     i++) {
		const struct mapping_table *table = &mapping->tables[i];

		if (table == root || !is_member(table, root))
			continue;
		rc = read_member(&family, table, ret_cut, err);
		*ret_cut = *ret_cut || is_full(&family);
	}
	return rc;
}

void refetch_ask_children(struct refetch_round *round,
			  const struct mapping_table *root)
{
	const struct mapping *mapping = round->mapping;

	for (size_t i = 0; i < mapping->table_count; i++)
		if (is_member(&mapping->tables[i], root) &&
		    &mapping->tables[i] != root)
			refetch_ask_for(round, &mapping->tables[i], NULL);
}

void refetch_ask_family(struct refetch_round *round,
			const struct mapping_table *root)
{
	refetch_ask_for(round, root, NULL);
	refetch_ask_children(round, root);
}
