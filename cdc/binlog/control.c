#include "cdc/binlog/control.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/reader.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/types.h"

static int truncated(const struct event *event, struct err *err)
{
	return err_set(err, ERR_CORRUPT,
		       "%s event of %" PRIu32 " bytes: malformed",
		       event_type_name(event->type), event->size);
}

static struct str read_str(struct reader *r, size_t n)
{
	const uint8_t *at = reader_bytes(r, n);

	return (struct str){ (const char *)at, at ? n : 0 };
}

static struct str read_rest(struct reader *r)
{
	return read_str(r, reader_left(r));
}

int rotate_parse(const struct event *event, struct rotate *ret, struct err *err)
{
	struct reader r = event->body;
	struct rotate rotate = { .fake = event_is_fake(event) };

	rotate.position = reader_le(&r, 8);
	rotate.file = read_rest(&r);
	if (r.failed || rotate.file.n == 0)
		return truncated(event, err);
	*ret = rotate;
	return 0;
}

/* Codes and layouts: MySQL statement_events.h, MariaDB log_event.h. */
enum status_var {
	VAR_FLAGS2 = 0,
	VAR_SQL_MODE = 1,
	VAR_CATALOG = 2,
	VAR_AUTO_INCREMENT = 3,
	VAR_CHARSET = 4,
	VAR_TIME_ZONE = 5,
	VAR_CATALOG_NZ = 6,
	VAR_LC_TIME = 7,
	VAR_CHARSET_DATABASE = 8,
	VAR_TABLE_MAP_FOR_UPDATE = 9,
	VAR_MASTER_DATA_WRITTEN = 10,
	VAR_INVOKER = 11,
	VAR_UPDATED_DBS = 12,
	VAR_MICROSECONDS = 13,
	VAR_EXPLICIT_DEFAULTS = 16,
	VAR_DDL_XID = 17,
	VAR_UTF8MB4_COLLATION = 18,
	VAR_REQUIRE_PK = 19,
	VAR_TABLE_ENCRYPTION = 20,
	VAR_HRNOW = 128,
	VAR_XID = 129,
	VAR_GTID_FLAGS3 = 130,
	VAR_COLLATIONS = 131,
};

enum {
	UPDATED_DBS_TOO_MANY = 254,
	LOAD_FILE = 4 + 4 + 4 + 1, /* id, where its name is, duplicates */
};

static void skip_names(struct reader *r)
{
	uint64_t n = reader_le(r, 1);

	if (n == UPDATED_DBS_TOO_MANY)
		return;
	for (uint64_t i = 0; i < n && !r->failed; i++) {
		const void *nul = memchr(r->at, 0, reader_left(r));

		if (!nul)
			r->failed = true;
		else
			r->at = (const uint8_t *)nul + 1;
	}
}

/* How many bytes a variable has that we have no use for; -1: not known. */
static int unused_width(struct reader *r, uint8_t code)
{
	switch (code) {
	case VAR_CATALOG:
		return (int)reader_le(r, 1) + 1;
	case VAR_CATALOG_NZ:
		return (int)reader_le(r, 1);
	case VAR_AUTO_INCREMENT:
	case VAR_MASTER_DATA_WRITTEN:
		return 4;
	case VAR_LC_TIME:
		return 2;
	case VAR_TABLE_MAP_FOR_UPDATE:
	case VAR_XID:
		return 8;
	case VAR_EXPLICIT_DEFAULTS:
	case VAR_REQUIRE_PK:
	case VAR_TABLE_ENCRYPTION:
		return 1;
	case VAR_COLLATIONS:
		return (int)reader_le(r, 1) * 4;
	default:
		return -1; /* GTID_FLAGS3 among them: its length varies */
	}
}

static void read_charset(struct reader *r, struct query *query)
{
	query->charset_client = (uint16_t)reader_le(r, 2);
	query->collation_connection = (uint16_t)reader_le(r, 2);
	query->collation_server = (uint16_t)reader_le(r, 2);
	query->has |= QUERY_CHARSET;
}

static void skip_var(struct reader *r, uint8_t code, struct query *query)
{
	int n;

	if (code == VAR_UPDATED_DBS) {
		skip_names(r);
		return;
	}
	if (code == VAR_INVOKER) {
		reader_bytes(r, reader_le(r, 1));
		reader_bytes(r, reader_le(r, 1));
		return;
	}
	n = unused_width(r, code);
	query->cut = n < 0;
	if (n > 0)
		reader_bytes(r, (size_t)n);
}

static void read_var(struct reader *r, uint8_t code, struct query *query)
{
	switch (code) {
	case VAR_FLAGS2:
		query->flags2 = (uint32_t)reader_le(r, 4);
		query->has |= QUERY_FLAGS2;
		break;
	case VAR_SQL_MODE:
		query->sql_mode = reader_le(r, 8);
		query->has |= QUERY_SQL_MODE;
		break;
	case VAR_CHARSET:
		read_charset(r, query);
		break;
	case VAR_TIME_ZONE:
		query->time_zone = read_str(r, reader_le(r, 1));
		query->has |= QUERY_TIME_ZONE;
		break;
	case VAR_CHARSET_DATABASE:
		query->charset_database = (uint16_t)reader_le(r, 2);
		query->has |= QUERY_CHARSET_DATABASE;
		break;
	case VAR_MICROSECONDS:
	case VAR_HRNOW:
		query->microseconds = (uint32_t)reader_le(r, 3);
		query->has |= QUERY_MICROSECONDS;
		break;
	case VAR_DDL_XID:
		query->ddl_xid = reader_le(r, 8);
		query->has |= QUERY_DDL_XID;
		break;
	case VAR_UTF8MB4_COLLATION:
		query->utf8mb4_collation = (uint16_t)reader_le(r, 2);
		query->has |= QUERY_UTF8MB4_COLLATION;
		break;
	default:
		skip_var(r, code, query);
	}
}

static bool read_vars(struct reader vars, struct query *query)
{
	while (!vars.failed && !query->cut && reader_left(&vars))
		read_var(&vars, (uint8_t)reader_le(&vars, 1), query);
	return !vars.failed;
}

int query_parse(const struct event *event, struct query *ret, struct err *err)
{
	struct reader r = event->body;
	struct query query = {
		.thread_id = (uint32_t)reader_le(&r, 4),
		.seconds = (uint32_t)reader_le(&r, 4),
	};

	uint64_t schema = reader_le(&r, 1);
	query.error = (uint16_t)reader_le(&r, 2);
	uint64_t vars_n = reader_le(&r, 2);
	if (event->type == EVENT_EXECUTE_LOAD_QUERY)
		reader_bytes(&r, LOAD_FILE);
	struct reader vars = reader_sub(&r, vars_n);
	query.schema = read_str(&r, schema);
	uint64_t nul = reader_le(&r, 1);
	query.sql = read_rest(&r);
	if (r.failed || nul != 0 || !read_vars(vars, &query))
		return truncated(event, err);
	while (query.sql.n && query.sql.at[query.sql.n - 1] == '\0')
		query.sql.n--;
	*ret = query;
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Take `word` off the front if it stands there as a whole word. */
static bool take_word(struct str *sql, const char *word)
{
	struct str s = *sql;
	size_t n = strlen(word);

	while (s.n && is_space(s.at[0])) {
		s.at++;
		s.n--;
	}
	if (s.n < n || strncasecmp(s.at, word, n) != 0)
		return false;
	if (s.n > n && !is_space(s.at[n]) && s.at[n] != ';' &&
	    s.at[n] != '\'' && s.at[n] != '`')
		return false;
	*sql = (struct str){ s.at + n, s.n - n };
	return true;
}

static enum query_kind xa_kind(struct str rest)
{
	if (take_word(&rest, "START") || take_word(&rest, "BEGIN"))
		return QUERY_XA_START;
	if (take_word(&rest, "END"))
		return QUERY_XA_END;
	if (take_word(&rest, "COMMIT"))
		return QUERY_XA_COMMIT;
	if (take_word(&rest, "ROLLBACK"))
		return QUERY_XA_ROLLBACK;
	return QUERY_OTHER;
}

enum query_kind query_kind(struct str sql)
{
	struct str rest = sql;

	if (str_starts(sql, "# Dummy event"))
		return QUERY_DUMMY;
	if (take_word(&rest, "BEGIN"))
		return QUERY_BEGIN;
	if (take_word(&rest, "COMMIT"))
		return QUERY_COMMIT;
	if (take_word(&rest, "ROLLBACK"))
		return take_word(&rest, "TO") ? QUERY_ROLLBACK_TO
					      : QUERY_ROLLBACK;
	if (take_word(&rest, "SAVEPOINT"))
		return QUERY_SAVEPOINT;
	if (take_word(&rest, "XA"))
		return xa_kind(rest);
	return QUERY_OTHER;
}

bool query_starts_transaction(struct str sql)
{
	struct str rest = sql;

	return take_word(&rest, "CREATE") &&
	       str_ends(str_trim(rest), "START TRANSACTION");
}

int xid_parse(const struct event *event, uint64_t *ret, struct err *err)
{
	struct reader r = event->body;
	uint64_t xid = reader_le(&r, 8);

	if (r.failed)
		return truncated(event, err);
	*ret = xid;
	return 0;
}

/* TLVs: type u8, length, value. */
enum { BEAT_END = 0, BEAT_FILE = 1, BEAT_POSITION = 2 };

static void read_beat_v2(struct reader *r, struct heartbeat *beat)
{
	while (!r->failed && reader_left(r)) {
		uint64_t type = reader_le(r, 1);

		if (type == BEAT_END)
			return;
		struct reader value = reader_sub(r, reader_lenenc(r));
		if (type == BEAT_FILE)
			beat->file = read_rest(&value);
		else if (type == BEAT_POSITION)
			beat->position = reader_lenenc(&value);
		r->failed |= value.failed;
	}
}

/* A log's name never starts with a byte below a blank. The position of a
 * MariaDB sub-header (u64) sits in front of the name when it needs more than
 * the header's 32 bits; its high bytes are 0, which no name has. */
static bool has_sub_header(const struct reader *r)
{
	return reader_left(r) > 8 && r->at[7] == 0;
}

int heartbeat_parse(const struct event *event, struct heartbeat *ret,
		    struct err *err)
{
	struct reader r = event->body;
	struct heartbeat beat = { .position = event->log_pos };

	if (event->type == EVENT_HEARTBEAT_V2) {
		read_beat_v2(&r, &beat);
	} else {
		if (has_sub_header(&r))
			beat.position = reader_le(&r, 8);
		beat.file = read_rest(&r);
	}
	if (r.failed || beat.file.n == 0)
		return truncated(event, err);
	*ret = beat;
	return 0;
}

int incident_parse(const struct event *event, struct incident *ret,
		   struct err *err)
{
	struct reader r = event->body;
	struct incident incident = { .number = (uint16_t)reader_le(&r, 2) };

	incident.message = read_str(&r, reader_le(&r, 1));
	if (r.failed)
		return truncated(event, err);
	*ret = incident;
	return 0;
}

int xa_prepare_parse(const struct event *event, struct xa_prepare *ret,
		     struct err *err)
{
	struct reader r = event->body;
	struct xa_prepare prepare = {
		.one_phase = reader_le(&r, 1) != 0,
		.xid.format = (uint32_t)reader_le(&r, 4),
	};
	uint64_t gtrid = reader_le(&r, 4);
	uint64_t bqual = reader_le(&r, 4);

	prepare.xid.gtrid = read_str(&r, gtrid);
	prepare.xid.bqual = read_str(&r, bqual);
	if (r.failed || gtrid > XID_PART_MAX || bqual > XID_PART_MAX)
		return truncated(event, err);
	*ret = prepare;
	return 0;
}
