#include "tests/lib/test.h"

#include "base/defs.h"
#include "base/utf8.h"

TEST(characters_of_each_length_are_decoded)
{
	static const struct {
		const char *text;
		size_t n;
		uint32_t code;
	} cases[] = { { "a", 1, 'a' },
		      { "\xc2\x80", 2, 0x80 },
		      { "\xdf\xbf", 2, 0x7ff },
		      { "\xe0\xa0\x80", 3, 0x800 },
		      { "\xed\x9f\xbf", 3, 0xd7ff },
		      { "\xee\x80\x80", 3, 0xe000 },
		      { "\xf0\x90\x80\x80", 4, 0x10000 },
		      { "\xf4\x8f\xbf\xbf", 4, 0x10ffff } };

	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint32_t code = 0;

		assert_int_equal(utf8_next(str_of(cases[i].text), &code),
				 cases[i].n);
		assert_int_equal(code, cases[i].code);
		for (size_t n = 0; n < cases[i].n; n++)
			assert_int_equal(
				utf8_next((struct str){ cases[i].text, n },
					  &code),
				0);
	}
}

TEST(what_is_no_character_is_refused)
{
	static const char *const wrong[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xc3(",
		"\xe2\x82(",
	};
	uint32_t code = 7;

	for (size_t i = 0; i < LENGTH(wrong); i++) {
		assert_int_equal(utf8_next(str_of(wrong[i]), &code), 0);
		assert_false(utf8_valid(str_of(wrong[i])));
	}
	assert_int_equal(code, 7);
}

TEST(a_text_is_valid_when_all_of_it_is)
{
	assert_true(utf8_valid(STR("Zoë 😀\0x")));
	assert_true(utf8_valid((struct str){ 0 }));
	assert_false(utf8_valid(STR("abc\xc3")));
}

RUN(CASE(characters_of_each_length_are_decoded),
    CASE(what_is_no_character_is_refused),
    CASE(a_text_is_valid_when_all_of_it_is))
