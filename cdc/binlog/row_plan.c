#include "cdc/binlog/row_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/charset.h"
#include "cdc/binlog/column_type.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "transform/table_def.h"

#define METADATA_CURE                                                          \
	"set binlog_row_metadata=FULL on the source, or read its schema again"

struct row_plan {
	size_t count;
	size_t text_max;     /* of all codecs */
	char **names;	     /* owned; "schema.table.column" */
	struct arena labels; /* of ENUM and SET, in UTF-8 */
	struct value_codec codecs[];
};

void row_plan_free(struct row_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->count; i++)
		free(plan->names[i]);
	free(plan->names);
	arena_done(&plan->labels);
	free(plan);
}

void row_plan_freep(struct row_plan **plan)
{
	row_plan_free(*plan);
}

size_t row_plan_count(const struct row_plan *plan)
{
	return plan->count;
}

const struct value_codec *row_plan_codecs(const struct row_plan *plan)
{
	return plan->codecs;
}

size_t row_plan_text_max(const struct row_plan *plan)
{
	return plan->text_max;
}

void row_plan_set_loss(struct row_plan *plan, size_t i, struct loss *loss)
{
	plan->codecs[i].loss = loss;
}

const char *row_plan_column(const struct row_plan *plan, size_t i)
{
	return plan->names[i];
}

int row_plan_check(const struct table_map *map, const struct table_def *def,
		   struct err *err)
{
	if (map->count != def->count)
		return err_set(err, ERR_OPERATOR,
			       "%.*s.%.*s has %zu columns in the log and %zu"
			       " in the schema that was read: " METADATA_CURE,
			       (int)map->schema.n, map->schema.at,
			       (int)map->table.n, map->table.at, map->count,
			       def->count);
	for (size_t i = 0; i < map->count; i++) {
		const struct table_column *column = &map->columns[i];
		const struct column_def *want = &def->columns[i];

		if (want->type && want->type[0] &&
		    !column_type_fits(want->type, column->type))
			return err_set(err, ERR_OPERATOR,
				       "%.*s.%.*s.%s is %s in the schema that"
				       " was read, and of type %u in the log"
				       ": " METADATA_CURE,
				       (int)map->schema.n, map->schema.at,
				       (int)map->table.n, map->table.at,
				       want->name, want->type, column->type);
		if (column->name.n && !str_ieqs(column->name, want->name))
			return err_set(err, ERR_OPERATOR,
				       "%.*s.%.*s: column %zu is %s in the"
				       " schema that was read, and %.*s in"
				       " the log: read the schema again",
				       (int)map->schema.n, map->schema.at,
				       (int)map->table.n, map->table.at, i + 1,
				       want->name, (int)column->name.n,
				       column->name.at);
	}
	return 0;
}

/* One column on its way into the plan. */
struct draft {
	struct row_plan *plan;
	const struct table_map *map;
	const struct table_column *column;
	const struct column_def *def; /* NULL: the map is all there is */
	const char *name;
};

static int missing(const struct draft *d, const char *what, struct err *err)
{
	return err_set(err, ERR_OPERATOR,
		       "%s: the log does not say %s: " METADATA_CURE, d->name,
		       what);
}

/* *ret is NULL for a binary column. */
static int find_charset(const struct draft *d, enum table_map_meta known,
			const struct charset_reader **ret, struct err *err)
{
	const struct charset *charset = NULL;

	if (d->map->has & known) {
		charset = charset_by_collation(d->column->collation);
		if (!charset)
			return err_set(err, ERR_OPERATOR,
				       "%s: collation %u is not known: use a"
				       " newer ficus",
				       d->name, d->column->collation);
	} else if (d->def && d->def->charset && d->def->charset[0]) {
		charset = charset_by_name(str_of(d->def->charset));
		if (!charset)
			return err_set(err, ERR_OPERATOR,
				       "%s: character set %s is not known",
				       d->name, d->def->charset);
	} else if (d->def && d->def->type &&
		   column_type_is_binary(d->def->type)) {
		*ret = NULL;
		return 0;
	} else {
		return missing(d, "its character set", err);
	}
	if (charset->kind == CHARSET_BINARY) {
		*ret = NULL;
		return 0;
	}
	*ret = charset_reader(charset);
	if (*ret)
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "%s: no conversion from character set %s here: convert"
		       " the column to utf8mb4, or exclude it",
		       d->name, charset->name);
}

static int plan_string(const struct draft *d, struct value_codec *codec,
		       struct err *err)
{
	if (d->def && d->def->type)
		codec->address = (uint8_t)column_type_address(d->def->type);
	if (codec->address)
		return 0;
	if (find_charset(d, TABLE_MAP_CHARSET, &codec->charset, err))
		return err->code;
	/* BINARY(n): the log leaves out the zero bytes at the end. */
	if (!codec->charset && codec->type == TYPE_STRING)
		codec->pad_to = d->column->meta;
	return 0;
}

static int map_labels(const struct draft *d, struct value_codec *codec,
		      struct err *err)
{
	const struct table_column *column = d->column;
	struct value_sink sink = { .arena = &d->plan->labels };
	const struct charset_reader *reader;
	struct str *labels;

	if (find_charset(d, TABLE_MAP_LABEL_CHARSET, &reader, err))
		return err->code;
	labels = arena_array(sink.arena, struct str, column->labels);
	for (uint32_t i = 0; i < column->labels; i++) {
		struct str raw = d->map->labels[column->label + i];
		struct value text = { .at = raw.at, .n = (uint32_t)raw.n };

		if (reader && raw.n)
			charset_read(reader, (const uint8_t *)raw.at, raw.n,
				     &sink, &text);
		labels[i].at = arena_strndup(sink.arena, text.at, text.n);
		labels[i].n = text.n;
	}
	codec->labels = labels;
	codec->label_count = column->labels;
	return 0;
}

/* information_schema has '?' for what is beyond U+FFFF. */
static bool is_doubtful(const struct draft *d, const struct value_codec *codec)
{
	const char *name = d->def->charset ? d->def->charset : "";
	const struct charset *charset = charset_by_name(str_of(name));

	if (charset && !charset_has_planes(charset))
		return false;
	for (uint32_t i = 0; i < codec->label_count; i++)
		if (memchr(codec->labels[i].at, '?', codec->labels[i].n))
			return true;
	return false;
}

static int plan_labels(const struct draft *d, struct value_codec *codec,
		       struct err *err)
{
	unsigned known = codec->type == TYPE_ENUM ? TABLE_MAP_ENUM_LABELS
						  : TABLE_MAP_SET_LABELS;

	if (d->map->has & known) {
		if (map_labels(d, codec, err))
			return err->code;
	} else if (d->def && d->def->type) {
		codec->labels = column_type_labels(
			d->def->type, &d->plan->labels, &codec->label_count);
		if (codec->labels && is_doubtful(d, codec))
			return missing(d, "its labels, of which one has a '?'",
				       err);
	}
	if (!codec->labels)
		return missing(d, "its labels", err);
	if (codec->type == TYPE_SET && codec->label_count > 64)
		return err_set(err, ERR_CORRUPT, "%s: a SET of %u", d->name,
			       codec->label_count);
	return 0;
}

static int plan_sign(const struct draft *d, struct value_codec *codec,
		     struct err *err)
{
	if (d->map->has & TABLE_MAP_SIGNEDNESS)
		codec->is_unsigned = d->column->is_unsigned;
	else if (d->def)
		codec->is_unsigned = d->def->is_unsigned;
	else
		return missing(d, "whether it is unsigned", err);
	return 0;
}

/* Only the schema knows them. */
static void plan_places(const struct draft *d, struct value_codec *codec)
{
	int places =
		d->def && d->def->type ? column_type_places(d->def->type) : -1;

	codec->fixed = places >= 0;
	codec->scale = codec->fixed ? (uint8_t)places : 0;
}

static int plan_details(const struct draft *d, struct value_codec *codec,
			struct err *err)
{
	switch (codec->type) {
	case TYPE_TINY:
	case TYPE_SHORT:
	case TYPE_INT24:
	case TYPE_LONG:
	case TYPE_LONGLONG:
		return plan_sign(d, codec, err);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		plan_places(d, codec);
		return 0;
	case TYPE_NEWDECIMAL:
		codec->precision = (uint8_t)d->column->meta;
		codec->scale = (uint8_t)(d->column->meta >> 8);
		return 0;
	case TYPE_TIMESTAMP2:
	case TYPE_DATETIME2:
	case TYPE_TIME2:
		codec->scale = (uint8_t)d->column->meta;
		return 0;
	case TYPE_VECTOR:
		return 0;
	case TYPE_ENUM:
	case TYPE_SET:
		return plan_labels(d, codec, err);
	default:
		return table_map_is_text(codec->type)
			       ? plan_string(d, codec, err)
			       : 0;
	}
}

/* MariaDB's own fractions of a second, of before 10.1: the log says neither
 * their width nor that they are there. */
static bool is_unmeasurable(const struct draft *d)
{
	switch (d->column->type) {
	case TYPE_TIME:
	case TYPE_DATETIME:
	case TYPE_TIMESTAMP:
		return d->def && d->def->type && strchr(d->def->type, '(');
	default:
		return false;
	}
}

static int plan_column(const struct draft *d, bool wanted,
		       struct value_codec *codec, struct err *err)
{
	codec->type = d->column->type;
	if (!value_width(codec->type, d->column->meta, &codec->width))
		return err_set(err, ERR_CORRUPT,
			       "%s: type %u with metadata 0x%04x", d->name,
			       d->column->type, d->column->meta);
	if (is_unmeasurable(d))
		return err_set(err, ERR_OPERATOR,
			       "%s: %s is stored as before MariaDB 10.1, which"
			       " the log does not measure: with"
			       " mysql56_temporal_format=ON, alter the table"
			       " with FORCE and run cdc --bootstrap",
			       d->name, d->def->type);
	if (!wanted)
		return 0;
	if (plan_details(d, codec, err))
		return err->code;
	if (!value_choose(codec))
		return err_set(err, ERR_OPERATOR,
			       "%s: values of type %u are not decoded:"
			       " exclude the column",
			       d->name, codec->type);
	return 0;
}

static char *name_column(const struct table_map *map,
			 const struct table_def *def, size_t i)
{
	struct str name = map->columns[i].name;
	struct str schema = map->schema, table = map->table;

	if (!name.n && def)
		name = str_of(def->columns[i].name);
	if (!name.n)
		return mem_printf("%.*s.%.*s.#%zu", (int)schema.n, schema.at,
				  (int)table.n, table.at, i + 1);
	return mem_printf("%.*s.%.*s.%.*s", (int)schema.n, schema.at,
			  (int)table.n, table.at, (int)name.n, name.at);
}

int row_plan_new(const struct table_map *map, const struct table_def *def,
		 const uint8_t *wanted, struct row_plan **ret, struct err *err)
{
	CLEANUP(row_plan_freep) struct row_plan *plan = NULL;

	if (def && row_plan_check(map, def, err))
		return err->code;
	plan = mem_zalloc(sizeof(*plan) + map->count * sizeof(plan->codecs[0]));
	plan->names = mem_array(map->count, sizeof(char *));
	plan->count = map->count;
	for (size_t i = 0; i < map->count; i++) {
		plan->names[i] = name_column(map, def, i);

		struct draft draft = {
			.plan = plan,
			.map = map,
			.column = &map->columns[i],
			.def = def ? &def->columns[i] : NULL,
			.name = plan->names[i],
		};
		bool want = !wanted || (wanted[i / 8] >> (i % 8) & 1);
		if (plan_column(&draft, want, &plan->codecs[i], err))
			return err->code;
		plan->text_max += plan->codecs[i].text_max;
	}
	*ret = TAKE(plan);
	return 0;
}
