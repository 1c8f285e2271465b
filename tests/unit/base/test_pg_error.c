#include "tests/lib/test.h"

#include <string.h>

#include "base/err.h"
#include "base/pg_error.h"

static const char *text_of(const char *sqlstate, const char *message)
{
	static struct err err;

	pg_error_set(&err, &(struct pg_fault){ .sqlstate = sqlstate,
					       .message = message });
	return err.msg;
}

TEST(states_have_the_codes_of_the_header)
{
	static const struct {
		const char *state;
		int code;
	} cases[] = {
		{ "08006", ERR_TARGET_LOST }, { "22001", ERR_DATA },
		{ "23505", ERR_DATA },	      { "25006", ERR_TARGET_LOST },
		{ "25P02", ERR_TARGET },      { "40001", ERR_TARGET_LOST },
		{ "40P01", ERR_TARGET_LOST }, { "53100", ERR_TARGET_LOST },
		{ "54000", ERR_DATA },	      { "55P03", ERR_TARGET_LOST },
		{ "55000", ERR_TARGET },      { "57P01", ERR_TARGET_LOST },
		{ "57014", ERR_TARGET_LOST }, { "42P01", ERR_TARGET },
		{ "28P01", ERR_TARGET },      { "XX000", ERR_TARGET },
		{ "", ERR_TARGET_LOST },
	};

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(pg_error_code(cases[i].state), cases[i].code);
	assert_int_equal(pg_error_code(NULL), ERR_TARGET_LOST);
}

TEST(values_are_cut_out_whatever_the_language)
{
	assert_string_equal(
		text_of("22P02",
			"invalid input syntax for type integer: \"x\"y\""),
		"SQLSTATE 22P02: invalid input syntax for type integer …");
	assert_string_equal(text_of("22P02", "ungültige Eingabesyntax für Typ "
					     "integer: »x«"),
			    "SQLSTATE 22P02: ungültige Eingabesyntax für Typ "
			    "integer …");
	assert_string_equal(text_of("22003", "value \"99999\" is out of range "
					     "for type integer"),
			    "SQLSTATE 22003: value …");
	assert_string_equal(text_of("22012", "division by zero"),
			    "SQLSTATE 22012: division by zero");
	assert_string_equal(text_of("42P01", "relation \"x\" does not exist\n"),
			    "SQLSTATE 42P01: relation \"x\" does not exist");
}

TEST(all_names_are_given)
{
	struct err err = { 0 };

	assert_int_equal(
		pg_error_set(&err, &(struct pg_fault){ .sqlstate = "23502",
						       .message = "null value",
						       .schema = "public",
						       .table = "customers",
						       .column = "email",
						       .constraint = "nn" }),
		ERR_DATA);
	assert_string_equal(err.msg,
			    "SQLSTATE 23502: null value (schema public, table "
			    "customers, column email, constraint nn)");
}

TEST(a_fault_without_fields_is_a_lost_connection)
{
	struct err err = { 0 };

	assert_int_equal(pg_error_set(&err, &(struct pg_fault){ 0 }),
			 ERR_TARGET_LOST);
	assert_string_equal(err.msg, "no message");
}

TEST(a_long_message_is_cut)
{
	char big[4000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_true(strlen(text_of("42601", big)) > 500);
}

TEST(the_state_is_found_in_a_verbose_message)
{
	char found[6];

	assert_true(pg_error_find_state("connection to server at \"::1\", port "
					"5 failed: FATAL:  28P01: password",
					found));
	assert_string_equal(found, "28P01");
	assert_false(pg_error_find_state("FATAL:  password: x", found));
	assert_string_equal(found, "");
	assert_false(pg_error_find_state("", found));
}

RUN(CASE(states_have_the_codes_of_the_header),
    CASE(values_are_cut_out_whatever_the_language), CASE(all_names_are_given),
    CASE(a_fault_without_fields_is_a_lost_connection),
    CASE(a_long_message_is_cut), CASE(the_state_is_found_in_a_verbose_message))
