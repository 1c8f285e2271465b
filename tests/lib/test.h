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

#include <cmocka.h> /* wants the four above */

#define TEST(name) static void name(__attribute__((unused)) void **state)
#define CASE(name) cmocka_unit_test(name)
#define RUN(...)                                                               \
	int main(void)                                                         \
	{                                                                      \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };             \
                                                                               \
		return cmocka_run_group_tests(tests, NULL, NULL);              \
	}

#endif
