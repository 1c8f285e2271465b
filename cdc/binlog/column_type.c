#include "cdc/binlog/column_type.h"

#include <string.h>

#include "base/arena.h"
#include "base/defs.h"
#include "cdc/binlog/floating.h"
#include "cdc/binlog/types.h"

enum { CODES_MAX = 5, LABELS_MAX = 65535 };

#define BLOBS                                                                  \
	TYPE_BLOB, TYPE_TINY_BLOB, TYPE_MEDIUM_BLOB, TYPE_LONG_BLOB,           \
		TYPE_BLOB_COMPRESSED

static const struct {
	const char *word;
	uint8_t codes[CODES_MAX];
} families[] = {
	{ "tinyint", { TYPE_TINY } },
	{ "smallint", { TYPE_SHORT } },
	{ "mediumint", { TYPE_INT24 } },
	{ "int", { TYPE_LONG } },
	{ "bigint", { TYPE_LONGLONG } },
	{ "float", { TYPE_FLOAT } },
	{ "double", { TYPE_DOUBLE } },
	{ "decimal", { TYPE_NEWDECIMAL } },
	{ "date", { TYPE_DATE, TYPE_NEWDATE } },
	{ "datetime", { TYPE_DATETIME2, TYPE_DATETIME } },
	{ "timestamp", { TYPE_TIMESTAMP2, TYPE_TIMESTAMP } },
	{ "time", { TYPE_TIME2, TYPE_TIME } },
	{ "year", { TYPE_YEAR } },
	{ "char", { TYPE_STRING } },
	{ "binary", { TYPE_STRING } },
	{ "varchar",
	  { TYPE_VARCHAR, TYPE_VAR_STRING, TYPE_VARCHAR_COMPRESSED } },
	{ "varbinary",
	  { TYPE_VARCHAR, TYPE_VAR_STRING, TYPE_VARCHAR_COMPRESSED } },
	{ "tinytext", { BLOBS } },
	{ "text", { BLOBS } },
	{ "mediumtext", { BLOBS } },
	{ "longtext", { BLOBS } },
	{ "tinyblob", { BLOBS } },
	{ "blob", { BLOBS } },
	{ "mediumblob", { BLOBS } },
	{ "longblob", { BLOBS } },
	{ "json", { TYPE_JSON, TYPE_BLOB, TYPE_LONG_BLOB } },
	{ "enum", { TYPE_ENUM } },
	{ "set", { TYPE_SET } },
	{ "bit", { TYPE_BIT } },
};

struct str column_type_word(const char *type)
{
	return (struct str){ type, strcspn(type, " (/") };
}

bool column_type_fits(const char *type, uint8_t code)
{
	struct str word = column_type_word(type);

	for (size_t i = 0; i < LENGTH(families); i++) {
		if (!str_ieqs(word, families[i].word))
			continue;
		for (size_t j = 0; j < CODES_MAX; j++)
			if (families[i].codes[j] == code && code)
				return true;
		return false;
	}
	return true;
}

bool column_type_is_binary(const char *type)
{
	struct str word = column_type_word(type);

	return str_ends(word, "binary") || str_ends(word, "blob") ||
	       str_ieqs(word, "vector"); /* of MariaDB */
}

enum address_kind column_type_address(const char *type)
{
	struct str word = column_type_word(type);

	if (str_ieqs(word, "uuid"))
		return ADDRESS_UUID;
	if (str_ieqs(word, "inet4"))
		return ADDRESS_INET4;
	return str_ieqs(word, "inet6") ? ADDRESS_INET6 : ADDRESS_NONE;
}

int column_type_places(const char *type)
{
	struct str word = column_type_word(type);
	const char *comma = strchr(type, ',');
	uint64_t places;

	if (!str_ieqs(word, "float") && !str_ieqs(word, "double"))
		return -1;
	if (!comma ||
	    !str_to_u64(
		    (struct str){ comma + 1, strspn(comma + 1, "0123456789") },
		    &places))
		return -1;
	return places <= FLOATING_PLACES_MAX ? (int)places : -1;
}

static char unescape(char c)
{
	switch (c) {
	case '0':
		return '\0';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 'Z':
		return '\032';
	default:
		return c;
	}
}

/* 'it''s' and 'a\\b', as the servers print labels. *at is behind it then. */
static bool take_label(const char **at, char *out, size_t *ret_n)
{
	const char *in = *at;
	size_t n = 0;

	if (*in++ != '\'')
		return false;
	for (; *in; in++) {
		if (*in == '\'' && in[1] != '\'') {
			*at = in + 1;
			*ret_n = n;
			return true;
		}
		if (*in == '\'')
			in++;
		if (*in == '\\' && in[1])
			out[n++] = unescape(*++in);
		else
			out[n++] = *in;
	}
	return false;
}

struct str *column_type_labels(const char *type, struct arena *arena,
			       uint32_t *ret_count)
{
	struct str word = column_type_word(type);
	const char *at = type + word.n;
	struct str *labels;
	uint32_t count = 0, room = 1;
	char *out;

	if ((!str_ieqs(word, "enum") && !str_ieqs(word, "set")) || *at++ != '(')
		return NULL;
	for (const char *c = at; *c; c++)
		room += *c == ',';
	labels = arena_array(arena, struct str, room);
	out = arena_alloc(arena, strlen(at));
	while (count < LABELS_MAX) {
		size_t n;

		if (!take_label(&at, out, &n))
			return NULL;
		labels[count++] = (struct str){ out, n };
		out += n;
		if (*at == ')') {
			*ret_count = count;
			return labels;
		}
		if (*at++ != ',')
			return NULL;
	}
	return NULL;
}
