/* Table maps, plans and rows from bytes made by hand: what the recorded logs
 * of test_types.c do not have. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "tests/unit/binlog/event.h"
#include "transform/table_def.h"

enum { COLUMNS = 16 };

static struct format format;
static struct table_map *map;
static struct row_plan *plan;
static struct arena arena;
static struct err err;

/* Table 42, s.t. */
#define MAP "\x2a\0\0\0\0\0\1\0\1s\0\1t\0"
#define PARSE_MAP(text) parse_map(text, sizeof(text) - 1)

static int parse_map(const char *body, size_t n)
{
	table_map_free(TAKE(map));
	format_init(&format, CHECKSUM_NONE);
	return table_map_parse(reader_of(body, n), &format, &map, &err);
}

static int make_plan(const struct table_def *def, const uint8_t *wanted)
{
	row_plan_free(TAKE(plan));
	return row_plan_new(map, def, wanted, &plan, &err);
}

static int clean(void **state)
{
	(void)state;
	table_map_free(TAKE(map));
	row_plan_free(TAKE(plan));
	arena_done(&arena);
	err = (struct err){ 0 };
	return 0;
}

/* Rows as "a,b|c,d": NULL is N, what is absent is -, bytes are hexadecimal.
 * UPDATE: before and after in turn. An error ends it with "!". */
static void rows_are(uint8_t type, const char *body, size_t n, const char *want)
{
	struct event event = bare_event(type, body, n);
	struct value_sink sink = { .arena = &arena };
	struct value before[COLUMNS], after[COLUMNS];
	CLEANUP(buf_done) struct buf out;
	struct rows rows;
	int more;

	buf_init(&out, 10000);
	if (rows_parse(&event, &format, &rows, &err))
		fail_msg("%s", err.msg);
	while ((more = rows_next(&rows, plan, &sink, before, after, &err)) >
	       0) {
		const struct value *images[] = { before, after };

		for (int i = 0; i < 2; i++) {
			if (i == (rows.op == ROW_INSERT	  ? 0
				  : rows.op == ROW_DELETE ? 1
							  : 2))
				continue;
			if (out.n)
				buf_addc(&out, '|');
			for (size_t j = 0; j < rows.count; j++) {
				struct value v = images[i][j];

				if (j)
					buf_addc(&out, ',');
				if (v.kind == VALUE_ABSENT)
					buf_addc(&out, '-');
				else if (v.kind == VALUE_NULL)
					buf_addc(&out, 'N');
				else if (v.kind == VALUE_TEXT)
					buf_add(&out, v.at, v.n);
				for (size_t k = 0;
				     v.kind == VALUE_BYTES && k < v.n; k++)
					buf_addf(&out, "%02x",
						 (uint8_t)v.at[k]);
			}
		}
	}
	if (more < 0)
		buf_addc(&out, '!');
	assert_string_equal(buf_str(&out), want);
}

#define ROWS_ARE(type, text, want)                                             \
	rows_are(EVENT_##type, text, sizeof(text) - 1, want)
#define HEAD "\x2a\0\0\0\0\0\1\0"
#define HEAD_V2 HEAD "\2\0"

static struct table_def *def_of(size_t count, const char *const types[],
				const char *charset)
{
	struct table_def *def = table_def_new("t", count);

	for (size_t i = 0; i < count; i++) {
		def->columns[i].name = mem_printf("c%zu", i);
		def->columns[i].type = mem_strdup(types[i]);
		def->columns[i].charset = mem_strdup(charset);
		def->columns[i].is_unsigned =
			strstr(types[i], "unsigned") != NULL;
	}
	return def;
}

/* Ten nullable INTs, signed and unsigned in turn. */
#define TEN_INTS                                                               \
	MAP "\x0a\3\3\3\3\3\3\3\3\3\3\0\xff\3"                                 \
	    "\1\2\x55\x40"

TEST(case_76_96_164_the_null_bitmap_counts_present_columns)
{
	assert_int_equal(PARSE_MAP(TEN_INTS), 0);
	assert_int_equal(make_plan(NULL, NULL), 0);
	/* Columns 1, 8 and 9 are there, column 8 is NULL. */
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\x0a\2\3\2\xff\xff\xff\xff\7\0\0\0",
		 "-,4294967295,-,-,-,-,-,-,N,7");
	/* Case 74: only the key before, only what changed after. */
	ROWS_ARE(UPDATE_ROWS,
		 HEAD_V2 "\x0a\1\0\0\2\0\xfe\xff\xff\xff\0\x09\0\0\0",
		 "-2,-,-,-,-,-,-,-,-,-|-,-,-,-,-,-,-,-,-,9");
	ROWS_ARE(DELETE_ROWS_V1, HEAD "\x0a\1\0\0\5\0\0\0\0\6\0\0\0",
		 "5,-,-,-,-,-,-,-,-,-|6,-,-,-,-,-,-,-,-,-");
	/* Case 96: a header alone. */
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\x0a\2\3", "");
}

TEST(what_an_update_left_alone_is_decoded_once)
{
	static const char *const types[] = { "int(11)", "varchar(20)",
					     "int(11)", "int(11)" };
	static const char body[] = HEAD_V2 "\4\x0f\x0f"
					   "\4\5\0\0\0\2ab\6\0\0\0"
					   "\4\5\0\0\0\3abx\6\0\0\0"
					   "\4\5\0\0\0\0\6\0\0\0"
					   "\1\0\6\0\0\0\7\0\0\0";
	CLEANUP(table_def_freep)
	struct table_def *def = def_of(4, types, "utf8mb4");
	struct event event =
		bare_event(EVENT_UPDATE_ROWS, body, sizeof(body) - 1);
	struct value before[COLUMNS], after[COLUMNS];
	struct value_sink sink = { .arena = &arena };
	struct rows rows;

	assert_int_equal(PARSE_MAP(MAP "\4\3\x0f\3\3\2\x14\0\x0f"), 0);
	assert_int_equal(make_plan(def, NULL), 0);
	/* The third is NULL; the second grows. Then others are NULL. */
	rows_are(EVENT_UPDATE_ROWS, body, sizeof(body) - 1,
		 "5,ab,N,6|5,abx,N,6|5,,N,6|N,,6,7");
	assert_int_equal(rows_parse(&event, &format, &rows, &err), 0);
	assert_int_equal(rows_next(&rows, plan, &sink, before, after, &err), 1);
	assert_ptr_equal(after[0].at, before[0].at);
	assert_ptr_equal(after[3].at, before[3].at);
	assert_ptr_not_equal(after[1].at, before[1].at);
	/* What ends in the middle of the image after. */
	for (size_t cut = 1; cut < 20; cut++)
		rows_are(EVENT_UPDATE_ROWS, body, sizeof(body) - 1 - cut,
			 "5,ab,N,6|5,abx,N,6!");
}

TEST(case_97_extra_information_is_passed_by_length)
{
	struct event event;
	struct rows rows;

	assert_int_equal(PARSE_MAP(MAP "\1\3\0\0\1\1\0"), 0);
	assert_int_equal(make_plan(NULL, NULL), 0);
	ROWS_ARE(WRITE_ROWS, HEAD "\x05\0\1\7\0\1\1\0\5\0\0\0", "5");
	event = bare_event(EVENT_WRITE_ROWS, HEAD "\1\0\1\1", 12);
	assert_int_equal(rows_parse(&event, &format, &rows, &err), ERR_CORRUPT);
	event = bare_event(EVENT_WRITE_ROWS,
			   "\xff\xff\xff\xff\xff\xff\1\0\2\0\0", 11);
	assert_int_equal(rows_parse(&event, &format, &rows, &err), 0);
	assert_true(rows_is_dummy(&rows));
	assert_int_equal(rows.flags, ROWS_STMT_END);
}

TEST(case_85_rows_that_end_too_early)
{
	static const char row[] = HEAD_V2 "\1\1\0\5\0\0\0\0\6\0\0";
	struct event event;
	struct rows rows;

	assert_int_equal(PARSE_MAP(MAP "\1\3\0\0\1\1\0"), 0);
	assert_int_equal(make_plan(NULL, NULL), 0);
	rows_are(EVENT_WRITE_ROWS, row, sizeof(row) - 1, "5!");
	assert_non_null(strstr(err.msg, "row 2"));
	assert_non_null(strstr(err.msg, "s.t.#1"));
	for (size_t n = 0; n < 12; n++) {
		event = bare_event(EVENT_WRITE_ROWS, row, n);
		assert_int_equal(rows_parse(&event, &format, &rows, &err),
				 ERR_CORRUPT);
	}
	/* Rows of another number of columns than the map. */
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\2\3\0\5\0\0\0\5\0\0\0", "!");
	/* Images of nothing would never end. */
	ROWS_ARE(UPDATE_ROWS, HEAD_V2 "\1\0\0\0\0\0", "!");
}

TEST(unwanted_columns_are_never_looked_at)
{
	static const uint8_t last = 4;

	/* VARCHAR of no known charset, ENUM without labels, INT. */
	assert_int_equal(PARSE_MAP(MAP "\3\x0f\xfe\3\4\x14\0\xf7\1\0\1\1\0"),
			 0);
	assert_int_equal(make_plan(NULL, &last), 0);
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\3\7\0\3\xff\xfe\xfd\x63\5\0\0\0",
		 "-,-,5");
	/* NULL or not is no business of ours either. */
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\3\7\1\x63\5\0\0\0", "-,-,5");
	assert_int_equal(make_plan(NULL, NULL), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "s.t.#1"));
	assert_non_null(strstr(err.msg, "binlog_row_metadata"));
}

TEST(what_the_log_does_not_say_the_schema_does)
{
	static const char *const types[] = {
		"int(10) unsigned",	   "bigint(20)",   "varchar(20)",
		"enum('a','b''c','\\\\')", "set('x','y')", "char(10)",
	};
	CLEANUP(table_def_freep)
	struct table_def *def = def_of(6, types, "latin1");

	assert_int_equal(PARSE_MAP(MAP "\6\3\x08\x0f\xfe\xfe\xfe\x08\x14\0"
				       "\xf7\1\xf8\1\xfe\x0a\0"),
			 0);
	assert_int_equal(make_plan(def, NULL), 0);
	ROWS_ARE(WRITE_ROWS,
		 HEAD_V2 "\6\x3f\0\xff\xff\xff\xff"
			 "\xff\xff\xff\xff\xff\xff\xff\xff"
			 "\2\xe4\x80\2\3\1z",
		 "4294967295,-1,ä€,b'c,x,y,z");
	/* Case 94: 0 is what was no label, beyond the list is no value. */
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\6\x08\0\0", "-,-,-,,-,-");
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\6\x08\0\3", "-,-,-,\\,-,-");
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\6\x08\0\4", "!");
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\6\x10\0\4", "!");
}

TEST(a_schema_that_does_not_fit_is_an_error_with_names)
{
	static const char *const types[] = { "int(11)", "varchar(20)" };
	static const char *const other[] = { "int(11)", "text" };
	CLEANUP(table_def_freep)
	struct table_def *def = def_of(2, types, "utf8mb4");
	CLEANUP(table_def_freep)
	struct table_def *blob = def_of(2, other, "utf8mb4");
	CLEANUP(table_def_freep)
	struct table_def *one = def_of(1, types, "utf8mb4");

	assert_int_equal(PARSE_MAP(MAP "\2\3\x0f\2\x14\0\0"), 0);
	assert_int_equal(make_plan(def, NULL), 0);
	assert_int_equal(make_plan(blob, NULL), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "s.t.c1 is text"));
	assert_int_equal(make_plan(one, NULL), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "2 columns in the log and 1"));
	/* The log's own names are c0 and zz. */
	assert_int_equal(PARSE_MAP(MAP "\2\3\x0f\2\x14\0\0\4\6\2C0\2zz"), 0);
	assert_int_equal(make_plan(def, NULL), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "zz"));
}

TEST(case_93_what_hides_in_the_metadata_of_a_string)
{
	assert_int_equal(PARSE_MAP(MAP "\4\xfe\xfe\xfe\xfe\x08"
				       "\xf7\2\xf8\x08\xee\xfc\xfe\x0a\0"),
			 0);
	assert_int_equal(map->columns[0].type, TYPE_ENUM);
	assert_int_equal(map->columns[0].meta, 2);
	assert_int_equal(map->columns[1].type, TYPE_SET);
	assert_int_equal(map->columns[1].meta, 8);
	/* CHAR(255) of utf8mb4: 1020 bytes = 0x3fc; 0xfe with the bits 0x30
	 * turned over by 0x30 is 0xce. */
	assert_int_equal(PARSE_MAP(MAP "\1\xfe\2\xce\xfc\0"), 0);
	assert_int_equal(map->columns[0].type, TYPE_STRING);
	assert_int_equal(map->columns[0].meta, 1020);
}

TEST(case_91_collations_above_250_and_the_default_form)
{
	/* VARCHAR, INT, TEXT, VARCHAR: default 255, the third text column
	 * (here the last) 63. */
	assert_int_equal(PARSE_MAP(MAP "\4\x0f\3\xfc\x0f\5\x14\0\2\x14\0\0"
				       "\1\1\x80\2\5\xfc\xff\0\2\x3f"),
			 0);
	assert_int_equal(map->columns[0].collation, 255);
	assert_int_equal(map->columns[2].collation, 255);
	assert_int_equal(map->columns[3].collation, 63);
	assert_true(map->columns[1].is_unsigned);
	assert_int_equal(make_plan(NULL, NULL), 0);
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\4\x0d\0\1a\1\0b\1c", "a,-,b,63");
	/* A pair for a column that is not there. */
	assert_int_equal(PARSE_MAP(MAP "\1\x0f\2\x14\0\0\2\5\xfc\xff\0\2\x3f"),
			 ERR_CORRUPT);
}

TEST(case_90_metadata_of_tomorrow_are_passed)
{
	assert_int_equal(PARSE_MAP(MAP "\1\3\0\0\x7f\3abc\1\1\x80"), 0);
	assert_true(map->columns[0].is_unsigned);
	assert_int_equal(PARSE_MAP(MAP "\1\3\0\0\x7f\4abc"), ERR_CORRUPT);
}

TEST(case_92_signs_are_counted_over_numeric_columns)
{
	/* VARCHAR TINY DATE YEAR FLOAT DOUBLE NEWDECIMAL LONGLONG SHORT */
	assert_int_equal(PARSE_MAP(MAP "\x09\x0f\1\x0a\x0d\4\5\xf6\x08\2"
				       "\6\x14\0\4\x08\x0a\2\0\0\1\1\xc2"),
			 0);
	assert_true(map->columns[1].is_unsigned);  /* 1 */
	assert_true(map->columns[3].is_unsigned);  /* 1 */
	assert_false(map->columns[4].is_unsigned); /* 0 */
	assert_true(map->columns[8].is_unsigned);  /* the seventh bit */
	assert_false(map->columns[7].is_unsigned);
}

TEST(case_85_table_maps_that_cannot_be)
{
	static const char good[] = MAP "\2\3\x0f\2\x14\0\0";
	uint64_t id;
	struct str schema, table;

	for (size_t n = 0; n < sizeof(good) - 1; n++)
		assert_int_equal(parse_map(good, n), ERR_CORRUPT);
	assert_int_equal(PARSE_MAP(MAP "\0\0"), ERR_CORRUPT);
	assert_int_equal(PARSE_MAP(MAP "\xfc\1\x10"), ERR_CORRUPT);
	assert_int_equal(PARSE_MAP(MAP "\1\x96\0\0"), ERR_CORRUPT);
	/* A byte of metadata too many. */
	assert_int_equal(PARSE_MAP(MAP "\1\x0f\3\x14\0\0\0"), ERR_CORRUPT);
	assert_int_equal(table_map_peek(reader_of(good, sizeof(good) - 1),
					&format, &id, &schema, &table, &err),
			 0);
	assert_int_equal(id, 42);
	assert_true(str_eqs(table, "t"));
}

TEST(case_83_values_of_compressed_columns)
{
	static const char *const types[] = { "varchar(20)", "blob" };
	CLEANUP(table_def_freep)
	struct table_def *def = def_of(2, types, "utf8mb4");
	static const uint8_t none = 0;

	/* zlib of "aaaaaaaaaa", in its wrapping and bare. */
	assert_int_equal(PARSE_MAP(MAP "\2\x8d\x8c\3\x14\0\2\3"), 0);
	free(def->columns[1].charset);
	def->columns[1].charset = mem_strdup("binary");
	assert_int_equal(make_plan(def, NULL), 0);
	ROWS_ARE(WRITE_ROWS,
		 HEAD_V2 "\2\3\0"
			 "\x0d\x81\x0a\x78\x9c\x4b\x4c\x84\1\0\x14\xe1"
			 "\3\xcb\7\0\x89\x0a\x4b\x4c\x84\1\0",
		 "aaaaaaaaaa,61616161616161616161");
	/* As they were, and empty. */
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\2\3\0\4\0abc\2\0\0x", "abc,78");
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\2\3\0\0\0\0", ",");
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\2\3\0\4\xf1xyz\0\0", "!");
	/* What is not wanted is not expanded. */
	assert_int_equal(make_plan(def, &none), 0);
	ROWS_ARE(WRITE_ROWS, HEAD_V2 "\2\3\0\4\xf1xyz\0\0", "-,-");
}

TEST(case_83_a_value_that_expands_too_far)
{
	static const char row[] = HEAD_V2 "\1\1\0\x0d\x81\x0a\x78\x9c\x4b\x4c"
					  "\x84\1\0\x14\xe1\3\xcb";
	static const char *const types[] = { "varchar(20)" };
	CLEANUP(table_def_freep)
	struct table_def *def = def_of(1, types, "utf8mb4");
	struct value_sink sink = { .arena = &arena, .max = 9 };
	struct event event = bare_event(EVENT_WRITE_ROWS, row, sizeof(row) - 1);
	struct value after[COLUMNS];
	struct rows rows;

	assert_int_equal(PARSE_MAP(MAP "\1\x8d\2\x14\0\0"), 0);
	assert_int_equal(make_plan(def, NULL), 0);
	assert_int_equal(rows_parse(&event, &format, &rows, &err), 0);
	assert_int_equal(rows_next(&rows, plan, &sink, NULL, after, &err),
			 ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "10 bytes when expanded"));
	assert_non_null(strstr(err.msg, "max_value_size"));
}

#define CLEAN(name) cmocka_unit_test_teardown(name, clean)
RUN(CLEAN(what_an_update_left_alone_is_decoded_once),
    CLEAN(case_76_96_164_the_null_bitmap_counts_present_columns),
    CLEAN(case_97_extra_information_is_passed_by_length),
    CLEAN(case_85_rows_that_end_too_early),
    CLEAN(unwanted_columns_are_never_looked_at),
    CLEAN(what_the_log_does_not_say_the_schema_does),
    CLEAN(a_schema_that_does_not_fit_is_an_error_with_names),
    CLEAN(case_93_what_hides_in_the_metadata_of_a_string),
    CLEAN(case_91_collations_above_250_and_the_default_form),
    CLEAN(case_90_metadata_of_tomorrow_are_passed),
    CLEAN(case_92_signs_are_counted_over_numeric_columns),
    CLEAN(case_85_table_maps_that_cannot_be),
    CLEAN(case_83_values_of_compressed_columns),
    CLEAN(case_83_a_value_that_expands_too_far))
