#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/types.h"
#include "cdc/group.h"
#include "cdc/schema.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/transform.h"

/* Events are put together byte by byte, as a server would, and fed to a group
 * over a mapping of two tables. What comes out is a journal: "+3" and "-3"
 * for a store's row (with "!" when foreign-key actions ran unlogged), "<" for
 * a rollback, "D:…" for DDL, "[position transaction rows]" for an end. */

enum {
	EVENT_MAX = 4096,
	STORE = 70, /* table ids */
	OTHER = 71,
	LINK = 72,
	POST_HEADERS = 200,
	STAMP = 1700000000,
};

static const char MAPPING[] = "tables:\n"
			      "  - source: store\n"
			      "    kind: metadata\n"
			      "    target: stores\n"
			      "    domain: metadata\n"
			      "  - source: store_link\n"
			      "    kind: metadata\n"
			      "    target: store_links\n"
			      "    domain: metadata\n";

static const uint8_t UUID[16] = { 0x3e, 0x11, 0xfa, 0x47, 0x71, 0xca,
				  0x11, 0xe1, 0x9e, 0x33, 0xc8, 0x0a,
				  0xa9, 0x42, 0x95, 0x62 };
#define U "3e11fa47-71ca-11e1-9e33-c80aa9429562"

struct bench {
	struct mapping *mapping;
	struct schema *schema;
	struct fk_graph *graph;
	struct transform *transform;
	struct group *group;
	struct group_sink sink;
	struct buf journal;
	struct err err;
	uint32_t at; /* end of the last event in its file */
	bool sums;   /* events have a checksum */
};

/* ---- What a group needs around it ---- */

static struct mapping *make_mapping(void)
{
	const struct target_column store[] = {
		{ .name = (char[]){ "store_id" },
		  .type = (char[]){ "integer" },
		  .key = 1 },
		{ .name = (char[]){ "code" }, .type = (char[]){ "text" } },
	};
	const struct target_column link[] = {
		{ .name = (char[]){ "link_id" },
		  .type = (char[]){ "integer" },
		  .key = 1 },
		{ .name = (char[]){ "store_id" },
		  .type = (char[]){ "integer" } },
	};
	char path[] = "/tmp/test_group.XXXXXX";
	struct mapping *mapping = NULL;
	struct err err = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, MAPPING, sizeof(MAPPING) - 1),
			 sizeof(MAPPING) - 1);
	close(fd);
	assert_int_equal(mapping_load(path, "", &mapping, &err), 0);
	unlink(path);
	mapping_target_columns(mapping_target(mapping, "stores"), store,
			       LENGTH(store));
	mapping_target_columns(mapping_target(mapping, "store_links"), link,
			       LENGTH(link));
	return mapping;
}

static struct table_def *make_def(const char *table, const char *const *names,
				  const char *const *types)
{
	struct table_def *def = table_def_new(table, 2);

	for (size_t i = 0; i < 2; i++)
		def->columns[i] = (struct column_def){
			.name = mem_strdup(names[i]),
			.type = mem_strdup(types[i]),
			.charset = mem_strdup(
				strstr(types[i], "char") ? "utf8mb4" : ""),
			.is_unsigned = strstr(types[i], "unsigned") != NULL,
			.key = i == 0,
		};
	return def;
}

static const struct fk_row KEY = {
	.constraint = "link_store",
	.child_table = "store_link",
	.child_column = "store_id",
	.parent_table = "store",
	.parent_column = "store_id",
	.on_delete = "CASCADE",
	.on_update = "RESTRICT",
};

static struct schema *make_schema(void)
{
	static const char *const store[] = { "store_id", "code" };
	static const char *const store_types[] = { "smallint(5) unsigned",
						   "varchar(32)" };
	static const char *const link[] = { "link_id", "store_id" };
	static const char *const link_types[] = { "smallint(5) unsigned",
						  "smallint(5) unsigned" };
	struct schema *schema = schema_new();

	schema_add_table(schema, make_def("store", store, store_types));
	schema_add_table(schema, make_def("store_link", link, link_types));
	schema_add_foreign_key(schema, &KEY);
	return schema;
}

static int on_change(void *user, const struct record_change *change,
		     struct err *err)
{
	struct bench *b = user;
	const struct value *key = &change->values[0];

	(void)err;
	buf_addf(&b->journal, "%c%.*s%s ",
		 change->op == RECORD_DELETE ? '-' : '+', (int)key->n, key->at,
		 change->actions ? "!" : "");
	return 0;
}

static int on_end(void *user, const struct group_end *end, struct err *err)
{
	struct bench *b = user;

	(void)err;
	buf_addf(&b->journal, "[%s %s %d] ", end->position_text,
		 end->transaction ? end->transaction : "-", (int)end->rows);
	return 0;
}

static int on_rollback(void *user, struct err *err)
{
	struct bench *b = user;

	(void)err;
	buf_adds(&b->journal, "< ");
	return 0;
}

static int on_ddl(void *user, struct str schema, struct str sql,
		  struct err *err)
{
	struct bench *b = user;

	(void)schema;
	(void)err;
	buf_addf(&b->journal, "D:%.*s ", (int)sql.n, sql.at);
	return 0;
}

static void start(struct bench *b, const char *from)
{
	struct group_options options = { .database = "shop",
					 .mapping = b->mapping,
					 .schema = b->schema,
					 .transform = b->transform,
					 .sink = &b->sink };
	struct position position;

	assert_int_equal(position_parse(str_of(from), &position, &b->err), 0);
	group_free(b->group);
	b->group = group_new(&options, &position);
	position_done(&position);
}

static int setup(void **state)
{
	struct bench *b = mem_zalloc(sizeof(*b));
	const struct fk_row *rows;
	size_t count;

	b->mapping = make_mapping();
	b->schema = make_schema();
	rows = schema_foreign_keys(b->schema, &count);
	assert_int_equal(
		fk_graph_new(b->mapping, rows, count, &b->graph, &b->err), 0);
	b->transform = transform_new(b->mapping);
	transform_set_foreign_keys(b->transform, b->graph);
	buf_init(&b->journal, 64 * 1024);
	b->sink = (struct group_sink){ .user = b,
				       .change = on_change,
				       .change_user = b,
				       .end = on_end,
				       .rollback = on_rollback,
				       .ddl = on_ddl };
	b->sums = true;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	group_free(b->group);
	transform_free(b->transform);
	fk_graph_free(b->graph);
	schema_free(b->schema);
	mapping_free(b->mapping);
	buf_done(&b->journal);
	free(b);
	return 0;
}

/* ---- Events ---- */

static void put(struct buf *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		buf_addc(out, (char)(value >> 8 * i));
}

/* The header in front, the checksum behind; then to the group. */
static int send_flagged(struct bench *b, int type, unsigned flags,
			const struct buf *body)
{
	size_t n = 19 + body->n + (b->sums ? 4 : 0);
	struct buf event;
	int fail;

	buf_init(&event, EVENT_MAX);
	if (!(flags & EVENT_ARTIFICIAL))
		b->at += (uint32_t)n;
	put(&event, flags & EVENT_ARTIFICIAL ? 0 : STAMP, 4);
	put(&event, (uint64_t)type, 1);
	put(&event, 1, 4);
	put(&event, n, 4);
	put(&event, flags & EVENT_ARTIFICIAL ? 0 : b->at, 4);
	put(&event, flags, 2);
	buf_add(&event, body->at, body->n);
	if (b->sums)
		put(&event, event_crc(event.at, event.n), 4);
	fail = group_feed(b->group, (const uint8_t *)event.at, event.n,
			  &b->err);
	buf_done(&event);
	return fail;
}

static int send_event(struct bench *b, int type, struct buf *body)
{
	int fail = send_flagged(b, type, 0, body);

	buf_done(body);
	return fail;
}

static int send_rotate(struct bench *b, const char *file, uint64_t position,
		       bool fake)
{
	struct buf body;
	int fail;

	buf_init(&body, EVENT_MAX);
	put(&body, position, 8);
	buf_adds(&body, file);
	fail = send_flagged(b, EVENT_ROTATE, fake ? EVENT_ARTIFICIAL : 0,
			    &body);
	buf_done(&body);
	b->at = (uint32_t)position;
	return fail;
}

static int send_format(struct bench *b, const char *server)
{
	char name[50] = "";
	struct buf body;

	snprintf(name, sizeof(name), "%s", server);
	buf_init(&body, EVENT_MAX);
	put(&body, 4, 2);
	buf_add(&body, name, sizeof(name));
	put(&body, 0, 4);
	put(&body, 19, 1);
	for (int type = 1; type <= POST_HEADERS; type++)
		put(&body, type >= 30 && type <= 32 ? 10 : 8, 1);
	put(&body, 1, 1); /* CRC32 */
	return send_event(b, EVENT_FORMAT_DESCRIPTION, &body);
}

static void open_log(struct bench *b, const char *from, const char *server)
{
	start(b, from);
	assert_int_equal(send_rotate(b, "bin.000001", 4, true), 0);
	assert_int_equal(send_format(b, server), 0);
}

static void open_mysql(struct bench *b)
{
	open_log(b, "mysql:" U ":1-5", "8.4.2");
}

static void open_mariadb(struct bench *b)
{
	open_log(b, "mariadb:0-1-5", "10.11.6-MariaDB-log");
}

static int gtid(struct bench *b, uint64_t gno)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, 1, 1);
	buf_add(&body, UUID, sizeof(UUID));
	put(&body, gno, 8);
	return send_event(b, EVENT_GTID, &body);
}

static int maria_gtid(struct bench *b, uint64_t seq, uint8_t flags)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, seq, 8);
	put(&body, 0, 4);
	put(&body, flags, 1);
	put(&body, 0, 6);
	return send_event(b, EVENT_MARIADB_GTID, &body);
}

static int query_in(struct bench *b, const char *schema, const char *sql)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, 7, 4);
	put(&body, 0, 4);
	put(&body, strlen(schema), 1);
	put(&body, 0, 2);
	put(&body, 0, 2);
	buf_add(&body, schema, strlen(schema) + 1);
	buf_adds(&body, sql);
	return send_event(b, EVENT_QUERY, &body);
}

static int query(struct bench *b, const char *sql)
{
	return query_in(b, "shop", sql);
}

static int xid(struct bench *b)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, 99, 8);
	return send_event(b, EVENT_XID, &body);
}

/* Two columns, SMALLINT and VARCHAR(32) (128 bytes) or SMALLINT. */
static int map_of(struct bench *b, uint64_t id, const char *schema,
		  const char *table, bool text)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, id, 6);
	put(&body, 1, 2);
	put(&body, strlen(schema), 1);
	buf_add(&body, schema, strlen(schema) + 1);
	put(&body, strlen(table), 1);
	buf_add(&body, table, strlen(table) + 1);
	put(&body, 2, 1);
	put(&body, TYPE_SHORT, 1);
	put(&body, text ? TYPE_VARCHAR : TYPE_SHORT, 1);
	put(&body, text ? 2 : 0, 1);
	if (text)
		put(&body, 128, 2);
	put(&body, 0, 1);
	return send_event(b, EVENT_TABLE_MAP, &body);
}

static int map(struct bench *b, uint64_t id, const char *table)
{
	return map_of(b, id, "shop", table, id != LINK);
}

static void put_row(struct buf *out, uint64_t table, unsigned id)
{
	put(out, 0, 1); /* no NULL */
	put(out, id, 2);
	if (table == LINK) {
		put(out, 1, 2);
	} else {
		put(out, 2, 1);
		buf_adds(out, "de");
	}
}

static int rows_as(struct bench *b, int type, uint64_t table, unsigned flags,
		   const unsigned *ids, size_t count)
{
	bool update = type == EVENT_UPDATE_ROWS_V1 || type == EVENT_UPDATE_ROWS;
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, table, 6);
	put(&body, flags, 2);
	if (type >= EVENT_WRITE_ROWS)
		put(&body, 2, 2); /* no extra data */
	put(&body, 2, 1);
	put(&body, 3, 1);
	if (update)
		put(&body, 3, 1);
	for (size_t i = 0; i < count; i++) {
		put_row(&body, table, ids[i]);
		if (update)
			put_row(&body, table, ids[i]);
	}
	return send_event(b, type, &body);
}

static int insert(struct bench *b, uint64_t table, unsigned id)
{
	return rows_as(b, EVENT_WRITE_ROWS, table, 1, &id, 1);
}

static int delete (struct bench *b, unsigned id, unsigned flags)
{
	return rows_as(b, EVENT_DELETE_ROWS, STORE, flags, &id, 1);
}

/* The journal so far, which begins anew. */
static void wrote(struct bench *b, const char *expected)
{
	assert_string_equal(buf_str(&b->journal), expected);
	buf_reset(&b->journal, 64 * 1024);
}

static void good(struct bench *b, int result)
{
	if (result)
		fail_msg("%s", b->err.msg);
}

static void refused(struct bench *b, int result, int code, const char *part)
{
	assert_int_equal(result, code);
	if (!strstr(b->err.msg, part))
		fail_msg("%s", b->err.msg);
	assert_non_null(strstr(b->err.msg, "bin.000001:"));
}

/* ---- Groups and their ends ---- */

TEST(a_transaction_ends_with_its_xid)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	assert_true(group_is_open(b->group));
	wrote(b, "+3 ");
	good(b, xid(b));
	assert_false(group_is_open(b->group));
	wrote(b, "[mysql:" U ":1-6 " U ":6 1] ");
}

TEST(a_query_commit_ends_one_too)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, query(b, "COMMIT"));
	wrote(b, "+3 [mysql:" U ":1-6 " U ":6 1] ");
}

TEST(ddl_is_a_group_of_its_own)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "ALTER TABLE store ADD x int"));
	wrote(b, "D:ALTER TABLE store ADD x int [mysql:" U ":1-6 " U ":6 0] ");
	open_mariadb(b);
	good(b, maria_gtid(b, 6, 1));
	good(b, query(b, "DROP TABLE x"));
	wrote(b, "D:DROP TABLE x [mariadb:0-1-6 0-1-6 0] ");
}

TEST(a_mariadb_transaction_has_no_begin)
{
	struct bench *b = *state;

	open_mariadb(b);
	good(b, maria_gtid(b, 6, 0));
	good(b, map(b, STORE, "store"));
	good(b, rows_as(b, EVENT_WRITE_ROWS_V1, STORE, 1,
			(const unsigned[]){ 3, 4 }, 2));
	good(b, xid(b));
	wrote(b, "+3 +4 [mariadb:0-1-6 0-1-6 2] ");
}

TEST(a_rollback_takes_the_rows_back)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, query(b, "ROLLBACK"));
	wrote(b, "+3 < [mysql:" U ":1-6 - 0] ");
	assert_int_equal(group_counts(b->group)->rollbacks, 1);
}

TEST(a_crash_in_a_transaction_takes_it_back)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, send_rotate(b, "bin.000002", 4, true));
	wrote(b, "+3 ");
	good(b, send_format(b, "8.4.2"));
	wrote(b, "< ");
	assert_int_equal(group_counts(b->group)->incomplete, 1);
	/* Its number comes again, with other content. */
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, xid(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
}

TEST(create_table_select_stays_open_until_its_xid)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, query(b, "CREATE TABLE store (a int) START TRANSACTION"));
	assert_true(group_is_open(b->group));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "D:CREATE TABLE store (a int) START TRANSACTION +3 [mysql:" U
		 ":1-6 " U ":6 1] ");
}

TEST(a_temporary_table_in_a_transaction_does_not_end_it)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, query(b, "SAVEPOINT `a`"));
	good(b, query(b, "DROP TEMPORARY TABLE IF EXISTS tmp"));
	assert_true(group_is_open(b->group));
	good(b, xid(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
}

TEST(known_gtids_are_passed_over)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 5));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "");
	assert_int_equal(group_counts(b->group)->groups_known, 1);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 4));
	good(b, xid(b));
	wrote(b, "+4 [mysql:" U ":1-6 " U ":6 1] ");
}

TEST(file_positions_move_between_groups_too)
{
	struct bench *b = *state;

	open_log(b, "file:bin.000001:4", "8.4.2");
	wrote(b, "[file:bin.000001:285 - 0] ");
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	wrote(b, "+3 ");
	good(b, xid(b));
	wrote(b, "[file:bin.000001:454 bin.000001:454 1] ");
	good(b, send_rotate(b, "bin.000002", 4, false));
	wrote(b, "[file:bin.000002:4 - 0] ");
}

TEST(offsets_go_beyond_four_gigabytes)
{
	struct bench *b = *state;

	open_log(b, "file:bin.000001:4", "8.4.2");
	good(b, query(b, "BEGIN"));
	b->at = UINT32_MAX - 60; /* a long transaction went by */
	good(b, map(b, STORE, "store"));
	buf_reset(&b->journal, 64 * 1024);
	good(b, xid(b));
	wrote(b, "[file:bin.000001:4294967317 bin.000001:4294967317 0] ");
}

/* Beyond 4 GiB a dump can't start: it begins at the file's first event. */
TEST(what_lies_before_the_offset_is_passed_over)
{
	struct bench *b = *state;

	open_log(b, "file:bin.000001:454", "8.4.2");
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "");
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 4));
	good(b, xid(b));
	wrote(b, "+4 [file:bin.000001:623 bin.000001:623 1] ");
}

/* ---- Tables ---- */

TEST(rows_of_other_tables_are_counted_only)
{
	struct bench *b = *state;
	const struct group_skipped *skipped;
	size_t count;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, OTHER, "quote"));
	good(b, map_of(b, STORE, "other", "store", true));
	good(b, insert(b, OTHER, 3));
	good(b, insert(b, OTHER, 4));
	good(b, insert(b, STORE, 5));
	good(b, xid(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
	skipped = group_skipped(b->group, &count);
	assert_int_equal(count, 2);
	assert_string_equal(skipped[0].table, "quote");
	assert_int_equal(skipped[0].events, 2);
	assert_string_equal(skipped[1].schema, "other");
	assert_int_equal(skipped[1].events, 1);
	assert_int_equal(group_counts(b->group)->row_events_skipped, 3);
}

TEST(several_maps_may_come_before_the_rows)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, LINK, "store_link"));
	good(b, map(b, STORE, "store"));
	good(b, rows_as(b, EVENT_WRITE_ROWS, STORE, 0, (const unsigned[]){ 3 },
			1));
	good(b, insert(b, LINK, 9));
	good(b, xid(b));
	wrote(b, "+3 +9 [mysql:" U ":1-6 " U ":6 2] ");
}

TEST(a_table_id_can_come_to_mean_another_table)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, map(b, STORE, "quote"));
	good(b, insert(b, STORE, 4));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 5));
	good(b, xid(b));
	wrote(b, "+3 +5 [mysql:" U ":1-6 " U ":6 2] ");
}

TEST(maps_do_not_outlive_their_file)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, map(b, STORE, "store"));
	good(b, send_rotate(b, "bin.000001", 4, false));
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	refused(b, insert(b, STORE, 3), ERR_CORRUPT, "without its map");
}

TEST(a_fake_rotate_drops_nothing)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, send_rotate(b, "bin.000001", b->at, true));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "+3 [mysql:" U ":1-6 " U ":6 1] ");
}

TEST(many_tables_are_kept_apart)
{
	enum { MANY = 500 };
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	for (unsigned i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "t%u", i);
		good(b,
		     map_of(b, 1000 + i, "shop", i % 7 ? name : "store", true));
	}
	for (unsigned i = 0; i < MANY; i++)
		good(b, insert(b, 1000 + i, i));
	assert_int_equal(group_counts(b->group)->row_events_skipped,
			 MANY - (MANY + 6) / 7);
	assert_true(strncmp(buf_str(&b->journal), "+0 +7 +14 ", 10) == 0);
	good(b, xid(b));
}

TEST(a_map_that_the_schema_contradicts_is_refused_when_used)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	/* VARCHAR where the schema has SMALLINT */
	good(b, map_of(b, LINK, "shop", "store_link", true));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	refused(b, insert(b, LINK, 9), ERR_OPERATOR, "store_id");
}

TEST(a_table_the_schema_lacks_is_refused)
{
	struct bench *b = *state;
	struct schema *empty = schema_new();

	open_mysql(b);
	group_set_schema(b->group, empty);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	refused(b, insert(b, STORE, 3), ERR_OPERATOR,
		"binlog_row_metadata=FULL");
	schema_free(empty);
}

/* ---- Foreign keys ---- */

TEST(the_flags_say_whether_actions_ran)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, delete (b, 1, 0x01));	     /* ran, unlogged */
	good(b, delete (b, 2, 0x01 | 0x02)); /* checks were off */
	good(b, delete (b, 3, 0x01 | 0x10)); /* children are logged */
	good(b, delete (b, 4, 0x01 | 0x12));
	good(b, xid(b));
	wrote(b, "-1! -2 -3 -4 [mysql:" U ":1-6 " U ":6 4] ");
}

/* ---- What is not understood ---- */

TEST(statements_on_our_tables_are_refused)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, query(b, "DELETE FROM quote"));
	good(b, query_in(b, "other", "DELETE FROM store"));
	refused(b, query(b, "DELETE FROM store"), ERR_OPERATOR,
		"binlog_format=ROW");
}

TEST(an_incident_stops)
{
	struct bench *b = *state;
	struct buf body;

	open_mysql(b);
	buf_init(&body, EVENT_MAX);
	put(&body, 1, 2);
	put(&body, 4, 1);
	buf_adds(&body, "lost");
	refused(b, send_event(b, EVENT_INCIDENT, &body), ERR_OPERATOR,
		"cdc --bootstrap");
}

TEST(a_flipped_bit_is_found)
{
	struct bench *b = *state;
	uint8_t event[19 + 8 + 4] = { 0, 0, 0, 0, EVENT_XID, 1, 0, 0, 0, 31 };
	uint32_t sum = event_crc(event, 27);

	open_mysql(b);
	memcpy(event + 27, &sum, 4);
	good(b, group_feed(b->group, event, sizeof(event), &b->err));
	event[20] ^= 4;
	refused(b, group_feed(b->group, event, sizeof(event), &b->err),
		ERR_CORRUPT, "checksum");
}

TEST(an_unknown_event_stops_unless_it_may_be_ignored)
{
	struct bench *b = *state;
	struct buf body;

	open_mysql(b);
	buf_init(&body, EVENT_MAX);
	good(b, send_flagged(b, 150, EVENT_IGNORABLE_F, &body));
	assert_int_equal(group_counts(b->group)->ignored_events, 1);
	refused(b, send_flagged(b, 150, 0, &body), ERR_OPERATOR, "150");
	buf_done(&body);
}

TEST(an_incomplete_row_image_is_refused)
{
	struct bench *b = *state;
	struct buf body;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	buf_init(&body, EVENT_MAX);
	put(&body, STORE, 6);
	put(&body, 1, 2);
	put(&body, 2, 2);
	put(&body, 2, 1);
	put(&body, 1, 1); /* the first column only */
	put(&body, 0, 1);
	put(&body, 3, 2);
	refused(b, send_event(b, EVENT_DELETE_ROWS, &body), ERR_OPERATOR,
		"binlog_row_image=FULL");
}

static int xa_prepare(struct bench *b)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, 0, 1);
	put(&body, 1, 4);
	put(&body, 1, 4);
	put(&body, 0, 4);
	buf_adds(&body, "a");
	return send_event(b, EVENT_XA_PREPARE, &body);
}

TEST(xa_elsewhere_passes_by)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "XA START X'61',X'',1"));
	good(b, map(b, OTHER, "quote"));
	good(b, insert(b, OTHER, 3));
	good(b, query(b, "XA END X'61',X'',1"));
	good(b, xa_prepare(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
	good(b, gtid(b, 7));
	good(b, query(b, "XA COMMIT X'61',X'',1"));
	wrote(b, "[mysql:" U ":1-7 " U ":7 0] ");
	good(b, gtid(b, 8));
	good(b, query(b, "XA ROLLBACK X'62',X'',1"));
	wrote(b, "[mysql:" U ":1-8 " U ":8 0] ");
}

TEST(xa_on_our_tables_is_refused)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "XA START X'61',X'',1"));
	good(b, map(b, STORE, "store"));
	refused(b, insert(b, STORE, 3), ERR_OPERATOR, "not supported yet");
	wrote(b, "");
}

TEST(xa_prepared_before_our_time_is_refused)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	refused(b, query(b, "XA COMMIT X'63',X'',1"), ERR_OPERATOR,
		"not supported yet");
}

/* No end of a group may be reported before its last event was fed. */
TEST(a_position_never_runs_ahead)
{
	struct bench *b = *state;

	open_mysql(b);
	for (unsigned gno = 6; gno < 9; gno++) {
		good(b, gtid(b, gno));
		good(b, query(b, "BEGIN"));
		good(b, map(b, STORE, "store"));
		good(b, insert(b, STORE, gno));
		assert_null(strchr(buf_str(&b->journal), '['));
		good(b, xid(b));
		assert_non_null(strchr(buf_str(&b->journal), '['));
		buf_reset(&b->journal, 64 * 1024);
	}
}

TEST(a_log_without_checksums_is_read_too)
{
	struct bench *b = *state;
	struct buf body;
	char name[50] = "8.4.2";

	b->sums = false;
	start(b, "mysql:" U ":1-5");
	good(b, send_rotate(b, "bin.000001", 4, true));
	buf_init(&body, EVENT_MAX);
	put(&body, 4, 2);
	buf_add(&body, name, sizeof(name));
	put(&body, 0, 4);
	put(&body, 19, 1);
	for (int type = 1; type <= POST_HEADERS; type++)
		put(&body, type >= 30 && type <= 32 ? 10 : 8, 1);
	put(&body, 0, 1); /* none; but this event has one */
	put(&body, 0, 4);
	put(&body, 0, 0);
	/* A format description's own checksum stands in any case. */
	struct buf event;
	size_t n = 19 + body.n;

	buf_init(&event, EVENT_MAX);
	put(&event, STAMP, 4);
	put(&event, EVENT_FORMAT_DESCRIPTION, 1);
	put(&event, 1, 4);
	put(&event, n, 4);
	put(&event, b->at += (uint32_t)n, 4);
	put(&event, 0, 2);
	buf_add(&event, body.at, body.n - 4);
	put(&event, event_crc(event.at, event.n), 4);
	good(b,
	     group_feed(b->group, (const uint8_t *)event.at, event.n, &b->err));
	buf_done(&event);
	buf_done(&body);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "+3 [mysql:" U ":1-6 " U ":6 1] ");
}

#define GROUP(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

RUN(GROUP(a_transaction_ends_with_its_xid), GROUP(a_query_commit_ends_one_too),
    GROUP(ddl_is_a_group_of_its_own), GROUP(a_mariadb_transaction_has_no_begin),
    GROUP(a_rollback_takes_the_rows_back),
    GROUP(a_crash_in_a_transaction_takes_it_back),
    GROUP(create_table_select_stays_open_until_its_xid),
    GROUP(a_temporary_table_in_a_transaction_does_not_end_it),
    GROUP(known_gtids_are_passed_over),
    GROUP(file_positions_move_between_groups_too),
    GROUP(offsets_go_beyond_four_gigabytes),
    GROUP(what_lies_before_the_offset_is_passed_over),
    GROUP(rows_of_other_tables_are_counted_only),
    GROUP(several_maps_may_come_before_the_rows),
    GROUP(a_table_id_can_come_to_mean_another_table),
    GROUP(maps_do_not_outlive_their_file), GROUP(a_fake_rotate_drops_nothing),
    GROUP(many_tables_are_kept_apart),
    GROUP(a_map_that_the_schema_contradicts_is_refused_when_used),
    GROUP(a_table_the_schema_lacks_is_refused),
    GROUP(the_flags_say_whether_actions_ran),
    GROUP(statements_on_our_tables_are_refused), GROUP(an_incident_stops),
    GROUP(a_flipped_bit_is_found),
    GROUP(an_unknown_event_stops_unless_it_may_be_ignored),
    GROUP(an_incomplete_row_image_is_refused), GROUP(xa_elsewhere_passes_by),
    GROUP(xa_on_our_tables_is_refused),
    GROUP(xa_prepared_before_our_time_is_refused),
    GROUP(a_position_never_runs_ahead),
    GROUP(a_log_without_checksums_is_read_too))
