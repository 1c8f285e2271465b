#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/mem.h"

TEST(what_comes_first_and_where_is_put_before)
{
	struct err err = { 0 };

	assert_int_equal(err_set(&err, ERR_CORRUPT, "%d columns", 0),
			 ERR_CORRUPT);
	assert_int_equal(err_wrap(&err, "table map"), ERR_CORRUPT);
	assert_int_equal(err_wrap(&err, "%s:%d", "mysql-bin.000007", 4),
			 ERR_CORRUPT);
	assert_string_equal(err.msg,
			    "mysql-bin.000007:4: table map: 0 columns");
	assert_int_equal(err.code, ERR_CORRUPT);
}

TEST(long_texts_are_cut_at_the_end)
{
	struct err err = { 0 };
	char big[2000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&err, ERR_IO, "%s", big);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	err_wrap(&err, "where");
	assert_int_equal(strncmp(err.msg, "where: xxx", 10), 0);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	err_wrap(&err, "%s", big);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

TEST(every_code_has_a_name_and_an_exit_code)
{
	assert_int_equal(err_exit_code(0), 0);
	assert_int_equal(err_exit_code(ERR_CONFIG), 2);
	assert_int_equal(err_exit_code(ERR_OPERATOR), 3);
	assert_int_equal(err_exit_code(ERR_SOURCE), 4);
	assert_int_equal(err_exit_code(ERR_SOURCE_LOST), 4);
	assert_int_equal(err_exit_code(ERR_TARGET_LOST), 5);
	assert_int_equal(err_exit_code(ERR_DATA), 5);
	assert_int_equal(err_exit_code(ERR_STOPPED), 0);
	assert_int_equal(err_exit_code(-999), 1);
	assert_string_equal(err_code_name(ERR_DATA), "DATA");
	assert_string_equal(err_code_name(-999), "unknown");
}

TEST(memory_is_zeroed_copied_and_moved)
{
	CLEANUP(mem_freep) char *zero = mem_zalloc(100);
	CLEANUP(mem_freep) char *none = mem_zalloc(0);
	CLEANUP(mem_freep) uint64_t *array = mem_array(10, sizeof(*array));
	CLEANUP(mem_freep) char *text = mem_strdup("text");
	CLEANUP(mem_freep) char *part = mem_strndup("text", 2);
	CLEANUP(mem_freep) char *empty = mem_strndup(NULL, 0);
	CLEANUP(mem_freep) char *made = mem_printf("%d%s", 1, "a");

	for (int i = 0; i < 100; i++)
		assert_int_equal(zero[i], 0);
	assert_int_equal(array[9], 0);
	assert_non_null(none);
	assert_string_equal(text, "text");
	assert_string_equal(part, "te");
	assert_string_equal(empty, "");
	assert_string_equal(made, "1a");
	zero = mem_realloc(zero, 1000);
	zero[999] = 'x';

	char *moved = TAKE(text);
	assert_null(text);
	free(moved);
}

RUN(CASE(what_comes_first_and_where_is_put_before),
    CASE(long_texts_are_cut_at_the_end),
    CASE(every_code_has_a_name_and_an_exit_code),
    CASE(memory_is_zeroed_copied_and_moved))
