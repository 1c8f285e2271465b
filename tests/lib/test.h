/* cmocka with less ceremony.
 *
 *     TEST(a_name_that_is_a_sentence) { assert_true(1 + 1 == 2); }
 *     RUN(CASE(a_name_that_is_a_sentence)) */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h> /* wants the first four above */

#define TEST(name) static void name(__attribute__((unused)) void **state)
#define CASE(name) cmocka_unit_test(name)
#define RUN(...)                                                               \
	int main(void)                                                         \
	{                                                                      \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };             \
                                                                               \
		return cmocka_run_group_tests(tests, NULL, NULL);              \
	}
/* Tests that need a real server, named in an environment variable; without it
 * the program reports a skip (cmocka's own skip() is a failure in TAP). */
#define RUN_WITH(variable, ...)                                                \
	int main(void)                                                         \
	{                                                                      \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };             \
                                                                               \
		if (!getenv(variable)) {                                       \
			puts("1..0 # SKIP " variable " is not set");           \
			return 0;                                              \
		}                                                              \
		return cmocka_run_group_tests(tests, NULL, NULL);              \
	}

#endif
