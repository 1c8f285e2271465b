#include "tests/unit/cdc/group_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cdc/schema.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/transform.h"

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

	def->transactional = strcmp(table, "store") == 0;
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
	const struct value *key = change->values;

	(void)err;
	if (change->op == RECORD_REFETCH) {
		buf_addf(&b->journal, "?%s ", change->source->source);
		return 0;
	}
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

/* ---- Rows that wait ---- */

static struct run *find_run(struct bench *b, const char *name)
{
	for (size_t i = 0; i < RUNS; i++)
		if (b->runs[i].name && strcmp(b->runs[i].name, name) == 0)
			return &b->runs[i];
	return NULL;
}

static void drop_run(struct run *run)
{
	free(run->name);
	buf_done(&run->docs);
	*run = (struct run){ 0 };
}

static struct run *make_run(struct bench *b, const char *name)
{
	struct run *run = find_run(b, name);

	if (run)
		return run;
	for (run = b->runs; run->name; run++)
		assert_true(run < &b->runs[RUNS - 1]);
	run->name = mem_strdup(name);
	buf_init(&run->docs, 64 * 1024);
	return run;
}

static int store_put(void *user, const char *name, struct str doc,
		     struct err *err)
{
	(void)err;
	buf_add(&make_run(user, name)->docs, doc.at, doc.n);
	return 0;
}

static int store_cut(void *user, const char *name, uint64_t size,
		     struct err *err)
{
	(void)err;
	buf_cut(&find_run(user, name)->docs, size);
	return 0;
}

static int store_keep(void *user, const char *name, struct err *err)
{
	(void)err;
	make_run(user, name)->kept = true;
	return 0;
}

static int store_open(void *user, const char *name, bool *ret_found,
		      struct err *err)
{
	struct bench *b = user;
	struct run *run = find_run(b, name);

	(void)err;
	*ret_found = run != NULL;
	b->unread = run ? (struct str){ run->docs.at, run->docs.n }
			: (struct str){ 0 };
	return 0;
}

static int store_next(void *user, struct str *ret_docs, struct err *err)
{
	struct bench *b = user;

	(void)err;
	*ret_docs = b->unread;
	b->unread.n = 0;
	return ret_docs->n > 0;
}

static int store_drop(void *user, const char *name, struct err *err)
{
	struct run *run = find_run(user, name);

	(void)err;
	if (run)
		drop_run(run);
	return 0;
}

static int on_rollback(void *user, struct err *err)
{
	struct bench *b = user;

	(void)err;
	for (size_t i = 0; i < RUNS; i++)
		if (b->runs[i].name && !b->runs[i].kept)
			drop_run(&b->runs[i]);
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

void start(struct bench *b, const char *from)
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

int setup(void **state)
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
				       .ddl = on_ddl,
				       .store = &b->store };
	b->store = (struct group_store){ .user = b,
					 .put = store_put,
					 .cut = store_cut,
					 .keep = store_keep,
					 .open = store_open,
					 .next = store_next,
					 .drop = store_drop };
	b->sums = true;
	*state = b;
	return 0;
}

int teardown(void **state)
{
	struct bench *b = *state;

	group_free(b->group);
	transform_free(b->transform);
	fk_graph_free(b->graph);
	schema_free(b->schema);
	mapping_free(b->mapping);
	buf_done(&b->journal);
	for (size_t i = 0; i < RUNS; i++)
		drop_run(&b->runs[i]);
	free(b);
	return 0;
}

/* ---- Events ---- */

void put(struct buf *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		buf_addc(out, (char)(i < 8 ? value >> 8 * i & 0xff : 0));
}

/* The header in front, the checksum behind; then to the group. */
int send_flagged(struct bench *b, int type, unsigned flags,
		 const struct buf *body)
{
	bool sum = b->sums && !b->into, none = flags & EVENT_ARTIFICIAL;
	size_t n = 19 + body->n + (sum ? 4 : 0);
	struct buf event;
	int fail = 0;

	buf_init(&event, EVENT_MAX);
	none = none || b->into;
	if (!none)
		b->at += (uint32_t)n;
	put(&event, flags & EVENT_ARTIFICIAL ? 0 : STAMP, 4);
	put(&event, (uint64_t)type, 1);
	put(&event, 1, 4);
	put(&event, n, 4);
	put(&event, none || b->no_offset ? 0 : b->at, 4);
	put(&event, flags, 2);
	buf_add(&event, body->at, body->n);
	if (sum)
		put(&event, event_crc(event.at, event.n), 4);
	if (b->into)
		buf_add(b->into, event.at, event.n);
	else
		fail = group_feed(b->group, (const uint8_t *)event.at, event.n,
				  &b->err);
	buf_done(&event);
	return fail;
}

int send_event(struct bench *b, int type, struct buf *body)
{
	int fail = send_flagged(b, type, 0, body);

	buf_done(body);
	return fail;
}

int send_rotate(struct bench *b, const char *file, uint64_t position, bool fake)
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

int send_format(struct bench *b, const char *server)
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

void open_log(struct bench *b, const char *from, const char *server)
{
	start(b, from);
	assert_int_equal(send_rotate(b, "bin.000001", 4, true), 0);
	assert_int_equal(send_format(b, server), 0);
}

void open_mysql(struct bench *b)
{
	open_log(b, "mysql:" U ":1-5", "8.4.2");
}

void open_mariadb(struct bench *b)
{
	open_log(b, "mariadb:0-1-5", "10.11.6-MariaDB-log");
}

int gtid(struct bench *b, uint64_t gno)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, 1, 1);
	buf_add(&body, UUID, sizeof(UUID));
	put(&body, gno, 8);
	return send_event(b, EVENT_GTID, &body);
}

int maria_gtid(struct bench *b, uint64_t seq, uint8_t flags)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, seq, 8);
	put(&body, 0, 4);
	put(&body, flags, 1);
	put(&body, 0, 6);
	return send_event(b, EVENT_MARIADB_GTID, &body);
}

int query_in(struct bench *b, const char *schema, const char *sql)
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

int query(struct bench *b, const char *sql)
{
	return query_in(b, "shop", sql);
}

int xid(struct bench *b)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, 99, 8);
	return send_event(b, EVENT_XID, &body);
}

/* Two columns, SMALLINT and VARCHAR(32) (128 bytes) or SMALLINT. */
int map_of(struct bench *b, uint64_t id, const char *schema, const char *table,
	   bool text)
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

int map(struct bench *b, uint64_t id, const char *table)
{
	return map_of(b, id, "shop", table, id != LINK);
}

void put_row(struct buf *out, uint64_t table, unsigned id)
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

int rows_as(struct bench *b, int type, uint64_t table, unsigned flags,
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

int insert(struct bench *b, uint64_t table, unsigned id)
{
	return rows_as(b, EVENT_WRITE_ROWS, table, 1, &id, 1);
}

int delete (struct bench *b, unsigned id, unsigned flags)
{
	return rows_as(b, EVENT_DELETE_ROWS, STORE, flags, &id, 1);
}

/* The journal so far, which begins anew. */
void wrote(struct bench *b, const char *expected)
{
	assert_string_equal(buf_str(&b->journal), expected);
	buf_reset(&b->journal, 64 * 1024);
}

void good(struct bench *b, int result)
{
	if (result)
		fail_msg("%s", b->err.msg);
}

void refused(struct bench *b, int result, int code, const char *part)
{
	assert_int_equal(result, code);
	if (!strstr(b->err.msg, part))
		fail_msg("%s", b->err.msg);
	assert_non_null(strstr(b->err.msg, "bin.000001:"));
}

int maria_xa_gtid(struct bench *b, uint64_t seq, const char *gtrid)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, seq, 8);
	put(&body, 0, 4);
	put(&body, 4 | 64, 1); /* transactional, prepared XA */
	put(&body, 1, 4);
	put(&body, strlen(gtrid), 1);
	put(&body, 0, 1);
	buf_adds(&body, gtrid);
	put(&body, 0, 4);
	return send_event(b, EVENT_MARIADB_GTID, &body);
}

int xa_prepare(struct bench *b, const char *gtrid, bool one_phase)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, one_phase, 1);
	put(&body, 1, 4);
	put(&body, strlen(gtrid), 4);
	put(&body, 0, 4);
	buf_adds(&body, gtrid);
	return send_event(b, EVENT_XA_PREPARE, &body);
}
