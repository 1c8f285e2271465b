#include "cdc/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/array.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

enum {
	LINKS_MAX =
		100000, /* of one table in one commit; then all are judged */
	SQL_MAX = 16 * 1024,
	NONE = -1,
};

/* A target table whose rows hang on another's by one column. */
struct node {
	const struct target_table *table, *parent;
	const struct mapping_table *root;
	int link, key, parent_key; /* ordinals; key NONE: nothing hangs on it */
	int depth;
	int64_t *links; /* owned; to be judged */
	size_t count, size;
	bool all;
};

struct members {
	struct node *nodes; /* owned; parents before their children */
	size_t count;
	struct node **by_target; /* owned; by target index; NULL: none */
	bool *is_parent;	 /* owned; by target index */
	bool pending;
};

/* --- the families --- */

static int column_of(const struct target_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return (int)i;
	return NONE;
}

/* Its key if that is one column. */
static int key_of(const struct target_table *table)
{
	int found = NONE;

	for (size_t i = 0; i < table->count; i++) {
		if (table->columns[i].key == 0)
			continue;
		if (found != NONE)
			return NONE;
		found = (int)i;
	}
	return found;
}

static int depth_of(const struct mapping *mapping,
		    const struct mapping_table *table)
{
	int depth = 1;

	for (; table->via && depth < 16; depth++)
		table = mapping_parent(mapping, table);
	return depth;
}

static void add_node(struct members *m, const struct mapping *mapping,
		     const struct mapping_table *table)
{
	const struct mapping_table *root = mapping_root(mapping, table);
	const struct mapping_table *parent = mapping_parent(mapping, table);
	const struct node node = {
		.table = table->target,
		.parent = parent ? parent->target : NULL,
		.root = root,
		.link = column_of(table->target, table->link),
		.key = key_of(table->target),
		.parent_key = parent ? key_of(parent->target) : NONE,
		.depth = depth_of(mapping, table),
	};

	for (size_t i = 0; i < m->count; i++)
		if (m->nodes[i].table == node.table)
			return; /* value tables of one entity */
	if (node.link != NONE && node.parent_key != NONE)
		m->nodes[m->count++] = node;
}

static int by_depth(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return x->depth - y->depth;
}

static void index_nodes(struct members *m)
{
	qsort(m->nodes, m->count, sizeof(*m->nodes), by_depth);
	for (size_t i = 0; i < m->count; i++) {
		struct node *node = &m->nodes[i];

		m->by_target[node->table->index] = node;
		m->is_parent[node->parent->index] = true;
	}
}

struct members *members_new(const struct mapping *mapping)
{
	struct members *m = mem_zalloc(sizeof(*m));

	m->nodes = mem_array(mapping->table_count, sizeof(*m->nodes));
	m->by_target = mem_array(mapping->target_count, sizeof(struct node *));
	m->is_parent = mem_array(mapping->target_count, sizeof(bool));
	for (size_t i = 0; i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		const struct mapping_table *root = mapping_root(mapping, table);

		if (root && root != table && root->since)
			add_node(m, mapping, table);
	}
	index_nodes(m);
	return m;
}

void members_free(struct members *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++)
		free(m->nodes[i].links);
	free(m->nodes);
	free(m->by_target);
	free(m->is_parent);
	free(m);
}

/* --- what was touched --- */

static void add_link(struct node *node, int64_t link)
{
	if (node->all || (node->count && node->links[node->count - 1] == link))
		return;
	if (node->count == LINKS_MAX) {
		node->all = true;
		return;
	}
	if (node->count == node->size) {
		node->size = node->size ? node->size * 2 : 64;
		node->links = mem_realloc(node->links,
					  node->size * sizeof(*node->links));
	}
	node->links[node->count++] = link;
}

static void add_value(struct node *node, struct value value)
{
	int64_t link;

	if (value.kind == VALUE_NULL)
		return;
	if (value.kind == VALUE_TEXT &&
	    str_to_i64((struct str){ value.at, value.n }, &link))
		add_link(node, link);
	else
		node->all = true;
}

/* The row that their links name is gone, or all of its table are. */
static void note_gone(struct members *m, const struct record_change *change)
{
	for (size_t i = 0; i < m->count; i++) {
		struct node *node = &m->nodes[i];

		if (node->parent != change->table || !*node->root->bound)
			continue;
		if (change->op == RECORD_TRUNCATE)
			node->all = true;
		else
			add_value(node, change->values[node->parent_key]);
		m->pending = true;
	}
}

void members_note(struct members *m, const struct record_change *change)
{
	struct node *node = m->by_target[change->table->index];

	if (change->op == RECORD_DELETE || change->op == RECORD_TRUNCATE) {
		if (m->is_parent[change->table->index])
			note_gone(m, change);
		return;
	}
	if (!node || !*node->root->bound ||
	    (change->op != RECORD_UPSERT && change->op != RECORD_SET))
		return;
	add_value(node, change->values[node->link]);
	m->pending = true;
}

bool members_pending(const struct members *m)
{
	return m->pending;
}

/* --- judging --- */

static void add_name(struct buf *sql, const char *alias,
		     const struct target_table *table, int column)
{
	buf_adds(sql, alias);
	pg_quote_name(sql, table->columns[column].name);
}

static void judge_sql(const struct node *node, struct buf *sql)
{
	buf_adds(sql, "delete from ");
	pg_quote_name(sql, node->table->name);
	buf_adds(sql, " as c where ");
	add_name(sql, "c.", node->table, node->link);
	buf_adds(sql, node->all ? " is not null" : " = any($1::bigint[])");
	buf_adds(sql, " and not exists (select from ");
	pg_quote_name(sql, node->parent->name);
	buf_adds(sql, " as p where ");
	add_name(sql, "p.", node->parent, node->parent_key);
	buf_adds(sql, " = ");
	add_name(sql, "c.", node->table, node->link);
	buf_adds(sql, ")");
	if (node->key == NONE)
		return;
	buf_adds(sql, " returning ");
	add_name(sql, "c.", node->table, node->key);
}

static void pass_on(struct members *m, const struct node *node,
		    const struct pg_result *gone)
{
	for (size_t i = 0; i < m->count; i++)
		for (size_t row = 0;
		     m->nodes[i].parent == node->table && row < pg_rows(gone);
		     row++)
			add_link(&m->nodes[i], pg_int(gone, row, 0));
}

static int judge(struct members *m, struct node *node, struct pg *pg,
		 struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *gone = NULL;
	CLEANUP(array_done) struct array links;
	CLEANUP(buf_done) struct buf sql;
	struct pg_param param;

	array_init(&links);
	array_start(&links, ARRAY_INT8);
	for (size_t i = 0; i < node->count; i++)
		array_add_int(&links, node->links[i]);
	param = array_param(&links);
	buf_init(&sql, SQL_MAX);
	judge_sql(node, &sql);
	if (pg_query(pg, buf_str(&sql), &param, node->all ? 0 : 1, &gone, err) <
	    0)
		return err_wrap(err, "bootstrap.since: rows of %s",
				node->table->name);
	if (m->is_parent[node->table->index])
		pass_on(m, node, gone);
	return 0;
}

static void forget(struct node *node)
{
	free(node->links);
	node->links = NULL;
	node->count = node->size = 0;
	node->all = false;
}

int members_settle(struct members *m, struct pg *pg, struct err *err)
{
	for (size_t i = 0; i < m->count; i++) {
		struct node *node = &m->nodes[i];

		if ((node->count > 0 || node->all) &&
		    judge(m, node, pg, err) < 0)
			return err->code;
		forget(node);
	}
	m->pending = false;
	return 0;
}
