#include "transform/fk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "transform/fk_watch.h"
#include "transform/mapping.h"

struct actions {
	struct fk_action *at; /* owned, and their backends */
	size_t count;
};

struct node { /* a parent */
	struct actions deletes, updates;
};

struct fk_graph {
	struct fk_watch watch;
	size_t count;
	struct node nodes[]; /* by target index */
};

/* One constraint: its rows, and the tables both sides are mapped to. */
struct constraint {
	const struct fk_row *const *rows;
	size_t count;
	const struct mapping_table *child, *parent;
};

static int by_constraint(const void *a, const void *b)
{
	const struct fk_row *x = *(const struct fk_row *const *)a;
	const struct fk_row *y = *(const struct fk_row *const *)b;
	int order = strcmp(x->child_table, y->child_table);

	if (order == 0)
		order = strcmp(x->constraint, y->constraint);
	return order ? order : strcmp(x->child_column, y->child_column);
}

static bool acts(const char *rule)
{
	return strcasecmp(rule, "CASCADE") == 0 ||
	       strcasecmp(rule, "SET NULL") == 0;
}

static int column_of(const struct target_table *target, const char *name)
{
	for (size_t i = 0; i < target->count; i++)
		if (strcasecmp(target->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int refuse(const struct constraint *c, struct err *err, const char *why)
{
	const struct fk_row *row = c->rows[0];

	return err_set(err, ERR_CONFIG, "foreign key %s (%s.%s → %s.%s): %s",
		       row->constraint, row->child_table, row->child_column,
		       row->parent_table, row->parent_column, why);
}

/* What is excluded or hashed can't be followed. */
static bool is_hidden(const struct mapping_table *table, const char *column)
{
	return mapping_excludes(table, column) || mapping_hashes(table, column);
}

/* Texts are compared by the source's collation: by their columns X_key, if
 * both sides have them. */
static int key_of(const struct target_table *target, const char *name)
{
	CLEANUP(mem_freep) char *key = mem_printf("%s_key", name);

	return column_of(target, key);
}

static void use_keys(const struct constraint *c, struct fk_action *action,
		     size_t i, size_t to)
{
	int child = key_of(action->child, c->rows[i]->child_column);
	int parent = key_of(c->parent->target, c->rows[i]->parent_column);

	action->null_column[action->nulls++] = action->child_column[to];
	if (child < 0)
		return;
	action->null_column[action->nulls++] = (size_t)child;
	/* An update may change a text, but not its key. */
	if (parent < 0 || action->kind == ACTION_READ)
		return;
	action->child_column[to] = (size_t)child;
	action->parent_column[to] = (size_t)parent;
}

/* The pairs of columns by ordinal. `known` is how many child columns the
 * target has; parent columns must all be there. */
static int pair_columns(const struct constraint *c, struct fk_action *action,
			size_t *known, struct err *err)
{
	*known = 0;
	if (c->count > FK_COLUMNS_MAX)
		return refuse(c, err, "has too many columns to be followed");
	action->columns = c->count;
	for (size_t i = 0; i < c->count; i++) {
		int child = column_of(action->child, c->rows[i]->child_column);
		int parent =
			column_of(c->parent->target, c->rows[i]->parent_column);

		if (child < 0 || is_hidden(c->child, c->rows[i]->child_column))
			continue;
		if (parent < 0 ||
		    is_hidden(c->parent, c->rows[i]->parent_column))
			return refuse(c, err,
				      "the parent's column is not in the "
				      "target: add it by a migration, and "
				      "don't exclude it");
		action->child_column[*known] = (size_t)child;
		action->parent_column[*known] = (size_t)parent;
		use_keys(c, action, i, *known);
		++*known;
	}
	return 0;
}

static struct fk_action *append(struct actions *actions)
{
	struct fk_action *action;

	actions->at = mem_realloc(actions->at,
				  (actions->count + 1) * sizeof(*action));
	action = &actions->at[actions->count++];
	*action = (struct fk_action){ 0 };
	return action;
}

static struct node *node_of(struct fk_graph *graph,
			    const struct mapping_table *table)
{
	return &graph->nodes[table->target->index];
}

/* False: it is there already. */
static bool read_again(struct fk_graph *graph, const struct mapping_table *root,
		       const struct target_table *child)
{
	struct actions *actions = &node_of(graph, root)->deletes;

	for (size_t i = 0; i < actions->count; i++)
		if (actions->at[i].kind == ACTION_READ &&
		    actions->at[i].child == child)
			return false;
	*append(actions) = (struct fk_action){
		.kind = ACTION_READ,
		.child = child,
	};
	return true;
}

static int add_flat(struct fk_graph *graph, const struct constraint *c,
		    struct err *err)
{
	bool deletes = strcasecmp(c->rows[0]->on_delete, "CASCADE") == 0;
	struct fk_action action = {
		.kind = deletes ? ACTION_DELETE : ACTION_SET_NULL,
		.child = c->child->target,
	};
	size_t known;
	int rc = pair_columns(c, &action, &known, err);

	if (rc < 0)
		return rc;
	/* A column that the records lack need not become NULL in them. */
	if (known == 0 && !deletes) {
		if (c->child->extra)
			read_again(graph, c->parent, c->child->target);
		return 0;
	}
	if (known < c->count)
		return refuse(c, err,
			      "the child's column is not in the target: add "
			      "it by a migration, and don't exclude it");
	*append(&node_of(graph, c->parent)->deletes) = action;
	return 0;
}

static void add_backend(struct fk_action *action, const char *backend)
{
	size_t n = 0;

	while (action->backends && action->backends[n])
		n++;
	action->backends =
		mem_realloc(action->backends, (n + 2) * sizeof(char *));
	action->backends[n] = mem_strdup(backend);
	action->backends[n + 1] = NULL;
}

/* The value tables of one target act as one table: one action for all of
 * their constraints of the same meaning. */
static struct fk_action *eav_action(struct actions *actions,
				    const struct fk_action *like)
{
	for (size_t i = 0; i < actions->count; i++) {
		struct fk_action *a = &actions->at[i];

		if (a->kind == like->kind && a->child == like->child &&
		    a->child_column[0] == like->child_column[0] &&
		    a->parent_column[0] == like->parent_column[0])
			return a;
	}

	struct fk_action *added = append(actions);
	*added = *like;
	return added;
}

static int add_eav(struct actions *actions, const struct constraint *c,
		   struct err *err)
{
	const char *column = c->rows[0]->child_column;
	bool by_attribute = strcasecmp(column, "attribute_id") == 0;
	const char *to = by_attribute ? "attributes" : column;
	int child = column_of(c->child->target, to);
	int parent = column_of(c->parent->target, c->rows[0]->parent_column);
	bool key = strcasecmp(column, "entity_id") == 0 ||
		   strcasecmp(column, "store_id") == 0;

	if (c->count != 1 || !(key || by_attribute) || child < 0 || parent < 0)
		return refuse(c, err, "a value table can't follow such a key");
	if (strcasecmp(c->rows[0]->on_delete, "SET NULL") == 0)
		return refuse(c, err, "a value table can't have SET NULL");
	if (by_attribute && strcmp(c->parent->source, "eav_attribute") != 0)
		return refuse(c, err, "attribute_id must be of eav_attribute");

	const struct fk_action like = {
		.kind = by_attribute ? ACTION_ATTRIBUTE : ACTION_VALUES,
		.child = c->child->target,
		.columns = 1,
		.child_column = { (size_t)child },
		.parent_column = { (size_t)parent },
		.entity_type = c->child->entity_type,
	};
	add_backend(eav_action(actions, &like), c->child->backend);
	return 0;
}

/* A column that the records lack need not follow. */
static int add_update(struct fk_graph *graph, const struct constraint *c,
		      struct err *err)
{
	struct actions *actions = &node_of(graph, c->parent)->updates;
	struct fk_action action = {
		.kind = ACTION_READ,
		.child = c->child->target,
	};
	size_t known;
	int rc;

	if (c->child->kind == TABLE_EAV)
		return add_eav(actions, c, err);
	rc = pair_columns(c, &action, &known, err);
	action.columns = known;
	if (rc == 0 && known > 0)
		*append(actions) = action;
	return rc;
}

/* --- through tables that are not mapped */

/* SET NULL, or a key that is followed, of a column that no record has is no
 * loss; a column that goes into `extra` is one. */
static bool no_loss(const struct constraint *c)
{
	return c->child->kind != TABLE_EAV && !c->child->extra &&
	       strcasecmp(c->rows[0]->on_delete, "CASCADE") != 0 &&
	       column_of(c->child->target, c->rows[0]->child_column) < 0;
}

/* What the watched child brings, its parent brings as well. */
static bool hand_up(struct fk_graph *graph, const struct constraint *c)
{
	struct str name = str_of(c->rows[0]->child_table);
	bool more = false;

	if (!fk_watch_find(&graph->watch, name))
		return false;
	if (!c->parent) /* which may move the entries */
		fk_watch_take(&graph->watch, c->rows[0]->parent_table);

	const struct fk_watched *from = fk_watch_find(&graph->watch, name);
	for (size_t i = 0; i < from->count; i++)
		more |= c->parent ? read_again(graph, c->parent,
					       from->children[i])
				  : fk_watched_add(
					    fk_watch_take(
						    &graph->watch,
						    c->rows[0]->parent_table),
					    from->children[i]);
	return more;
}

static int add_constraint(struct fk_graph *graph, const struct constraint *c,
			  struct err *err)
{
	bool deletes = acts(c->rows[0]->on_delete);
	bool updates = acts(c->rows[0]->on_update);
	int rc = 0;

	if (!c->child || (!deletes && !updates))
		return 0;
	if (!c->parent) {
		struct fk_watched *w;

		if (no_loss(c))
			return 0;
		w = fk_watch_take(&graph->watch, c->rows[0]->parent_table);
		w->updates |= updates;
		fk_watched_add(w, c->child->target);
		return 0;
	}
	if (updates)
		rc = add_update(graph, c, err);
	if (rc < 0 || !deletes)
		return rc;
	return c->child->kind == TABLE_EAV
		       ? add_eav(&node_of(graph, c->parent)->deletes, c, err)
		       : add_flat(graph, c, err);
}

static bool has_backend(const struct fk_action *action, const char *backend)
{
	for (char **name = action->backends; *name; name++)
		if (strcmp(*name, backend) == 0)
			return true;
	return false;
}

static void free_backends(struct fk_action *action)
{
	for (char **name = action->backends; name && *name; name++)
		free(*name);
	free(action->backends);
	action->backends = NULL;
}

/* Where every value table of the target has the key, the whole row goes. */
static void widen(const struct mapping *mapping, struct fk_action *action)
{
	if (action->kind != ACTION_VALUES)
		return;
	for (size_t i = 0; i < mapping->table_count; i++) {
		const struct mapping_table *t = &mapping->tables[i];

		if (t->target == action->child &&
		    !has_backend(action, t->backend))
			return;
	}
	free_backends(action);
}

static size_t take_constraint(const struct mapping *mapping,
			      const struct fk_row *const *rows, size_t left,
			      struct constraint *ret)
{
	size_t n = 1;

	while (n < left &&
	       strcmp(rows[0]->child_table, rows[n]->child_table) == 0 &&
	       strcmp(rows[0]->constraint, rows[n]->constraint) == 0)
		n++;
	*ret = (struct constraint){
		.rows = rows,
		.count = n,
		.child = mapping_find(mapping, rows[0]->child_table),
		.parent = mapping_find(mapping, rows[0]->parent_table),
	};
	return n;
}

static int add_all(struct fk_graph *graph, const struct mapping *mapping,
		   const struct fk_row *const *rows, size_t count,
		   struct err *err)
{
	bool more = true;
	struct constraint c;

	for (size_t i = 0; i < count;) {
		i += take_constraint(mapping, rows + i, count - i, &c);
		if (add_constraint(graph, &c, err) < 0)
			return err->code;
	}
	while (more) { /* up the chains of unmapped tables */
		more = false;
		for (size_t i = 0; i < count;) {
			i += take_constraint(mapping, rows + i, count - i, &c);
			if (!c.child && acts(c.rows[0]->on_delete))
				more |= hand_up(graph, &c);
		}
	}
	for (size_t i = 0; i < graph->count; i++)
		for (size_t j = 0; j < graph->nodes[i].deletes.count; j++)
			widen(mapping, &graph->nodes[i].deletes.at[j]);
	return 0;
}

int fk_graph_new(const struct mapping *mapping, const struct fk_row *rows,
		 size_t count, struct fk_graph **ret, struct err *err)
{
	size_t targets = mapping->target_count;
	struct fk_graph *graph =
		mem_zalloc(sizeof(*graph) + targets * sizeof(graph->nodes[0]));
	const struct fk_row **sorted =
		mem_array(count ? count : 1, sizeof(const struct fk_row *));
	int rc;

	graph->count = targets;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &rows[i];
	qsort(sorted, count, sizeof(const struct fk_row *), by_constraint);
	rc = add_all(graph, mapping, sorted, count, err);
	free(sorted);
	if (rc < 0)
		fk_graph_free(graph);
	else
		*ret = graph;
	return rc;
}

static void free_actions(struct actions *actions)
{
	for (size_t i = 0; i < actions->count; i++)
		free_backends(&actions->at[i]);
	free(actions->at);
}

void fk_graph_free(struct fk_graph *graph)
{
	if (!graph)
		return;
	for (size_t i = 0; i < graph->count; i++) {
		free_actions(&graph->nodes[i].deletes);
		free_actions(&graph->nodes[i].updates);
	}
	fk_watch_done(&graph->watch);
	free(graph);
}

const struct fk_action *fk_actions(const struct fk_graph *graph,
				   const struct target_table *parent,
				   size_t *count)
{
	const struct node *node = &graph->nodes[parent->index];

	*count = node->deletes.count;
	return node->deletes.at;
}

const struct fk_action *fk_updates(const struct fk_graph *graph,
				   const struct target_table *parent,
				   size_t *count)
{
	const struct node *node = &graph->nodes[parent->index];

	*count = node->updates.count;
	return node->updates.at;
}

const struct fk_watched *fk_watched(const struct fk_graph *graph,
				    struct str source)
{
	return fk_watch_find(&graph->watch, source);
}
