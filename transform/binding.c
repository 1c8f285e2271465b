#include "transform/binding.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fold.h"
#include "base/mem.h"
#include "base/str.h"
#include "transform/losses.h"
#include "transform/mapping.h"
#include "transform/row_change.h"
#include "transform/table_def.h"
#include "transform/transform.h"

enum { NAME_MAX = 64 };

static const char *const eav_columns[] = { "entity_id", "store_id",
					   "attribute_id", "value", NULL };
static const char *const type_columns[] = { "entity_type_id",
					    "entity_type_code", "entity_table",
					    NULL };
static const char *const attribute_columns[] = {
	"attribute_id", "entity_type_id", "attribute_code",
	"backend_type", "backend_table",  NULL
};

static void want(struct binding *b, size_t column)
{
	b->wanted[column / 8] |= (uint8_t)(1U << (column % 8));
}

static enum binding_role role_of(const struct mapping_table *table)
{
	if (table->kind == TABLE_EAV)
		return ROLE_EAV;
	if (strcmp(table->source, "eav_entity_type") == 0)
		return ROLE_ENTITY_TYPE;
	if (strcmp(table->source, "eav_attribute") == 0)
		return ROLE_ATTRIBUTE;
	return ROLE_FLAT;
}

/* Columns the transform itself reads. */
static int bind_special(struct binding *b, const struct table_def *def,
			struct err *err)
{
	const char *const *names = b->role == ROLE_EAV ? eav_columns
				   : b->role == ROLE_ENTITY_TYPE
					   ? type_columns
					   : attribute_columns;

	if (b->role == ROLE_FLAT)
		return 0;
	for (size_t i = 0; names[i]; i++) {
		b->special[i] = table_def_find(def, names[i]);
		if (b->special[i] >= 0)
			want(b, (size_t)b->special[i]);
		else if (b->role != ROLE_EAV || i != EAV_STORE)
			return err_set(err, ERR_CONFIG,
				       "source table %s has no column %s: is "
				       "it mapped as the right kind?",
				       def->name, names[i]);
	}
	return 0;
}

/* Places of "decimal(20,6)" or "numeric(20,4)"; -1 when it says none. */
static int scale_of(const char *type)
{
	const char *comma = strchr(type, ',');

	if (strncmp(type, "decimal(", 8) != 0 &&
	    strncmp(type, "numeric(", 8) != 0)
		return -1;
	return comma ? (int)strtol(comma + 1, NULL, 10) : 0;
}

/* The target would round without a word. */
static int check_scale(const struct binding *b, const struct column_def *from,
		       const struct target_column *to, struct err *err)
{
	int source = from->type ? scale_of(from->type) : -1;
	int target = scale_of(to->type);

	if (source < 0 || target < 0 || source <= target)
		return 0;
	return err_set(err, ERR_CONFIG,
		       "%s.%s is %s, its target %s.%s only %s: alter table %s "
		       "alter column %s type numeric",
		       b->source, from->name, from->type,
		       b->table->target->name, to->name, to->type,
		       b->table->target->name, to->name);
}

static bool begins_with_one_of(const char *type, const char *const *words)
{
	for (; *words; words++)
		if (strncmp(type, *words, strlen(*words)) == 0)
			return true;
	return false;
}

/* A column that was given a type whose values the target's can't hold: better
 * to stop than to set aside each row. */
static int check_family(const struct binding *b, const struct column_def *from,
			const struct target_column *to, struct err *err)
{
	static const char *const texts[] = { "char", "varchar",	   "tinytext",
					     "text", "mediumtext", "longtext",
					     "enum", "set(",	   "json",
					     NULL };
	static const char *const numbers[] = { "smallint", "integer", "bigint",
					       "numeric",  "real",    "double",
					       NULL };

	if (!from->type || !begins_with_one_of(from->type, texts) ||
	    !begins_with_one_of(to->type, numbers))
		return 0;
	return err_set(err, ERR_CONFIG,
		       "%s.%s is %.40s, its target %s.%s is %s: alter table %s "
		       "alter column %s type text",
		       b->source, from->name, from->type,
		       b->table->target->name, to->name, to->type,
		       b->table->target->name, to->name);
}

/* A hash is text, and a row's key must stay what the source says. */
static int check_hash(const struct binding *b, const struct target_column *to,
		      struct err *err)
{
	static const char *const texts[] = { "text", "character varying",
					     NULL };

	if (to->key)
		return err_set(err, ERR_CONFIG,
			       "transform.hash: %s.%s is in the primary key of "
			       "%s: remove it from the list",
			       b->table->source, to->name,
			       b->table->target->name);
	if (begins_with_one_of(to->type, texts))
		return 0;
	return err_set(err, ERR_CONFIG,
		       "transform.hash: %s.%s goes into a column of type %s: "
		       "use transform.exclude, or alter table %s alter column "
		       "%s type text",
		       b->table->source, to->name, to->type,
		       b->table->target->name, to->name);
}

static int refuse_excluded_key(const struct binding *b,
			       const struct target_column *to, struct err *err)
{
	return err_set(err, ERR_CONFIG,
		       "transform.exclude: %s.%s is in the primary key of %s: "
		       "remove it from the list",
		       b->table->source, to->name, b->table->target->name);
}

/* X_key of the target is the key of the source's text X. */
static bool add_key(struct binding *b, const struct table_def *def, size_t to)
{
	const struct target_column *column = &b->table->target->columns[to];
	struct str name = str_of(column->name);
	char base[NAME_MAX];
	int from;

	if (!str_ends(name, "_key") || name.n >= sizeof(base) ||
	    strcmp(column->type, "text") != 0)
		return false;
	memcpy(base, name.at, name.n - 4);
	base[name.n - 4] = '\0';
	from = table_def_find(def, base);
	if (from < 0 || !def->columns[from].charset ||
	    !*def->columns[from].charset || mapping_excludes(b->table, base))
		return false;
	want(b, (size_t)from);
	b->moves[b->move_count++] = (struct move){
		.from = (uint16_t)from,
		.to = (uint16_t)to,
		.codec = TEXT_UTF8,
		.fold = (uint8_t)fold_of(def->columns[from].collation),
		.loss = losses_of(b->losses, b->source,
				  def->columns[from].name),
	};
	return true;
}

static int add_move(struct binding *b, const struct table_def *def, size_t to,
		    struct err *err)
{
	const struct target_column *column = &b->table->target->columns[to];
	int from = table_def_find(def, column->name);

	if (column->generated)
		return 0;
	b->now[to].kind = b->old[to].kind = VALUE_NULL;
	if (from >= 0 && mapping_excludes(b->table, column->name)) {
		if (column->key)
			return refuse_excluded_key(b, column, err);
		from = -1;
	}
	if (from >= 0 && mapping_is_extra(b->table, column->name))
		from = -1;
	if (from < 0 && !column->key && add_key(b, def, to))
		return 0;
	if (from < 0 && column->key)
		return err_set(err, ERR_CONFIG,
			       "source table %s has no column %s, which is in "
			       "the primary key of %s",
			       b->source, column->name, b->table->target->name);
	if (from < 0)
		return 0;
	b->moves[b->move_count++] = (struct move){
		.from = (uint16_t)from,
		.to = (uint16_t)to,
		.codec = (uint8_t)text_codec_of(column->type),
		.loss = losses_of(b->losses, b->source,
				  def->columns[from].name),
	};
	want(b, (size_t)from);
	if (mapping_hashes(b->table, column->name))
		return check_hash(b, column, err);
	return check_family(b, &def->columns[from], column, err)
		       ? err->code
		       : check_scale(b, &def->columns[from], column, err);
}

/* Two source rows must never meet in one record: the target's key has all of
 * the source's. (It is row_id that is missing in Adobe Commerce.) */
static int check_key(const struct binding *b, const struct table_def *def,
		     struct err *err)
{
	const struct target_table *target = b->table->target;

	for (size_t i = 0; i < def->count; i++) {
		bool found = def->columns[i].key == 0;

		for (size_t j = 0; j < b->key_count && !found; j++)
			found = b->moves[j].from == i;
		if (!found)
			return err_set(err, ERR_CONFIG,
				       "%s is in the primary key of source "
				       "table %s but not in that of %s: this "
				       "schema is not supported",
				       def->columns[i].name, b->source,
				       target->name);
	}
	return 0;
}

static int bind_flat(struct binding *b, const struct table_def *def,
		     struct err *err)
{
	const struct target_table *target = b->table->target;

	b->moves = mem_array(target->count, sizeof(*b->moves));
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < target->count; i++) {
			int rc;

			if ((target->columns[i].key == 0) != (pass == 1))
				continue;
			rc = add_move(b, def, i, err);
			if (rc < 0)
				return rc;
		}
		if (pass == 0)
			b->key_count = b->move_count;
	}
	return check_key(b, def, err);
}

static int target_ordinal(const struct target_table *target, const char *name)
{
	for (size_t i = 0; i < target->count; i++)
		if (strcmp(target->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* How the values of this backend's table become JSON. */
static void fit_values(struct binding *b)
{
	const char *backend = b->table->backend;

	b->loss = losses_of(b->losses, b->source, eav_columns[EAV_VALUE]);
	b->json = RECORD_JSON_STRING;
	b->value_codec = TEXT_UTF8;
	if (strcmp(backend, "int") == 0 || strcmp(backend, "decimal") == 0) {
		b->json = RECORD_JSON_NUMBER;
		b->value_codec = TEXT_NUMBER;
	} else if (strcmp(backend, "datetime") == 0) {
		b->value_codec = TEXT_TIME; /* zero dates are NULL here too */
	}
}

/* The source's primary key, if it is one column. */
static void bind_id(struct binding *b, const struct table_def *def)
{
	size_t bytes = def->count / 8 + 1;
	size_t keys = 0, id = 0;

	b->wanted_too = mem_zalloc(bytes);
	memcpy(b->wanted_too, b->wanted, bytes);
	for (size_t i = 0; i < def->count; i++)
		if (def->columns[i].key) {
			keys++;
			id = i;
		}
	if (keys != 1)
		return;
	b->id = (int)id;
	b->id_name = mem_strdup(def->columns[id].name);
	b->wanted_too[id / 8] |= (uint8_t)(1U << (id % 8));
}

static int bind_eav(struct binding *b, const struct table_def *def,
		    struct err *err)
{
	const struct target_table *target = b->table->target;
	int entity = target_ordinal(target, "entity_id");
	int store = target_ordinal(target, "store_id");

	if (entity < 0 || store < 0)
		return err_set(err, ERR_CONFIG,
			       "target table %s must have entity_id, store_id "
			       "and attributes",
			       target->name);
	b->entity_to = (size_t)entity;
	b->store_to = (size_t)store;
	b->now[store] = b->old[store] =
		(struct value){ .at = "0", .n = 1, .kind = VALUE_TEXT };
	fit_values(b);
	bind_id(b, def);
	return 0;
}

/* Which columns must not be shown as they are. */
static void bind_privacy(struct binding *b, const struct mapping *mapping,
			 const struct table_def *def)
{
	b->columns = def->count;
	b->hashed = mem_array(def->count, sizeof(*b->hashed));
	for (size_t i = 0; i < def->count; i++)
		if (mapping_hashes(b->table, def->columns[i].name))
			b->hashed[b->hashed_count++] = (uint16_t)i;
	b->conceals = b->hashed_count > 0 ||
		      (b->role == ROLE_EAV &&
		       privacy_has_type(mapping, b->table->entity_type));
}

int binding_new(const struct mapping *mapping,
		const struct mapping_table *table, const struct table_def *def,
		struct losses *losses, struct binding **ret, struct err *err)
{
	CLEANUP(binding_freep) struct binding *b = mem_zalloc(sizeof(*b));
	size_t count = table->target->count;
	int rc;

	assert(count > 0); /* mapping_target_columns() comes first */
	b->table = table;
	b->id = -1;
	b->losses = losses;
	b->source = mem_strdup(def->name);
	b->role = role_of(table);
	b->wanted = mem_zalloc(def->count / 8 + 1);
	b->now = mem_array(count, sizeof(*b->now));
	b->old = mem_array(count, sizeof(*b->old));
	bind_privacy(b, mapping, def);
	rc = bind_special(b, def, err);
	if (rc == 0)
		rc = extra_bind(&b->extra, table, def, b->wanted, err);
	if (rc == 0)
		rc = row_filter_bind(&table->where, def, b->wanted, &b->where,
				     err);
	if (rc == 0)
		rc = since_bind(&b->since, table, def, b->wanted, err);
	if (rc == 0)
		rc = b->role == ROLE_EAV ? bind_eav(b, def, err)
					 : bind_flat(b, def, err);
	if (rc < 0)
		return rc;
	*ret = TAKE(b);
	return 0;
}

void binding_free(struct binding *binding)
{
	if (!binding)
		return;
	extra_done(&binding->extra);
	free(binding->source);
	free(binding->wanted);
	free(binding->wanted_too);
	free(binding->hashed);
	free(binding->id_name);
	free(binding->moves);
	free(binding->now);
	free(binding->old);
	free(binding);
}

void binding_freep(struct binding **binding)
{
	binding_free(*binding);
}

const uint8_t *binding_wanted(const struct binding *binding)
{
	return binding->wanted;
}

const uint8_t *binding_wanted_too(const struct binding *binding)
{
	return binding->wanted_too;
}

bool binding_drops(const struct binding *binding, struct row_change *change)
{
	return row_filter_judge(&binding->table->where, binding->where,
				change) == ROW_DROP;
}

const char *binding_source(const struct binding *binding)
{
	return binding->source;
}
