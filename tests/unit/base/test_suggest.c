#include "tests/lib/test.h"

#include <string.h>

#include "base/suggest.h"

static const char *const known[] = { "host", "port", "password", "database",
				     NULL };

TEST(a_slip_of_the_pen_is_recognised)
{
	assert_string_equal(suggest_nearest("hots", known), "host");
	assert_string_equal(suggest_nearest("prot", known), "port");
	assert_string_equal(suggest_nearest("passwd", known), "password");
	assert_string_equal(suggest_nearest("databse", known), "database");
	assert_string_equal(suggest_nearest("hosts", known), "host");
}

TEST(another_word_is_not)
{
	char big[300];

	assert_null(suggest_nearest("elephant", known));
	assert_null(suggest_nearest("x", known));
	assert_null(suggest_nearest("", known));
	memset(big, 'h', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_null(suggest_nearest(big, known));
	assert_null(suggest_nearest("host", (const char *const[]){ NULL }));
}

RUN(CASE(a_slip_of_the_pen_is_recognised), CASE(another_word_is_not))
