#include "transform/text.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/utf8.h"
#include "transform/losses.h"

static const struct value null_value = { .kind = VALUE_NULL };

enum text_codec text_codec_of(const char *type)
{
	static const struct {
		const char *prefix;
		enum text_codec codec;
	} codecs[] = {
		{ "timestamp", TEXT_TIME }, { "date", TEXT_DATE },
		{ "bytea", TEXT_PLAIN },    { "bigint", TEXT_NUMBER },
		{ "integer", TEXT_NUMBER }, { "smallint", TEXT_NUMBER },
		{ "numeric", TEXT_NUMBER }, { "double", TEXT_NUMBER },
		{ "real", TEXT_NUMBER },    { "boolean", TEXT_NUMBER },
	};

	for (size_t i = 0; i < LENGTH(codecs); i++)
		if (strncmp(type, codecs[i].prefix, strlen(codecs[i].prefix)) ==
		    0)
			return codecs[i].codec;
	return TEXT_UTF8;
}

/* Eight bytes at a time: none is NUL, none above 0x7f. Borrows of a zero byte
 * spread upwards only, so that no bad byte is missed. */
static bool is_plain_ascii(const char *at, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t bad = 0, word;

	for (; n >= sizeof(word); at += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		bad |= word | (word - ones);
	}
	if (bad & (ones << 7))
		return false;
	for (; n; at++, n--)
		if ((signed char)*at <= 0)
			return false;
	return true;
}

static size_t put_replacement(char *to)
{
	static const char replacement[] = { '\xef', '\xbf', '\xbd' };

	memcpy(to, replacement, sizeof(replacement));
	return sizeof(replacement);
}

/* At most three times as long as before: no source has values over 1 GiB. */
static struct value rewrite(struct value value, struct arena *arena,
			    struct loss *loss)
{
	struct str rest = { value.at, value.n };
	size_t room = (size_t)value.n * 3, n = 0;
	char *to = arena_alloc(arena, room);
	bool nul = false, invalid = false;

	while (rest.n) {
		uint32_t character;
		size_t bytes = utf8_next(rest, &character);

		if (bytes == 0) {
			n += put_replacement(to + n);
			invalid = true;
			bytes = 1;
		} else if (character == 0) {
			nul = true;
		} else {
			memcpy(to + n, rest.at, bytes);
			n += bytes;
		}
		rest.at += bytes;
		rest.n -= bytes;
	}
	if (nul)
		loss_add(loss, LOSS_NUL);
	if (invalid)
		loss_add(loss, LOSS_INVALID_TEXT);
	assert(n <= UINT32_MAX);
	return (struct value){ to, (uint32_t)n, VALUE_TEXT };
}

struct value text_clean(struct value value, struct arena *arena,
			struct loss *loss)
{
	struct str text = { value.at, value.n };

	if (!value_has(value))
		return value;
	value.kind = VALUE_TEXT;
	if (is_plain_ascii(value.at, value.n))
		return value;
	if (!memchr(value.at, 0, value.n) && utf8_valid(text))
		return value;
	return rewrite(value, arena, loss);
}

struct value text_key(enum fold fold, struct value value, struct arena *arena,
		      struct loss *loss)
{
	char key[FOLD_KEY_MAX];
	size_t n;

	value = text_clean(value, arena, NULL); /* counted beside it */
	if (!value_has(value))
		return value;
	n = fold_key(fold, (struct str){ value.at, value.n }, key);
	if (n == 0) {
		loss_add(loss, LOSS_LONG_KEY);
		return null_value;
	}
	return (struct value){ arena_memdup(arena, key, n), (uint32_t)n,
			       VALUE_TEXT };
}

/* n digits as a number, or -1. */
static int digits(const char *at, size_t n)
{
	int number = 0;

	for (size_t i = 0; i < n; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		number = number * 10 + (at[i] - '0');
	}
	return number;
}

static bool is_day(const char *at)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	int year = digits(at, 4), month = digits(at + 5, 2);
	int day = digits(at + 8, 2);
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (at[4] != '-' || at[7] != '-')
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (month == 2 && leap);
}

static bool is_time(struct str text)
{
	if (text.n < 9 || text.at[0] != ' ' || text.at[3] != ':' ||
	    text.at[6] != ':')
		return false;
	if ((unsigned)digits(text.at + 1, 2) > 23 ||
	    (unsigned)digits(text.at + 4, 2) > 59 ||
	    (unsigned)digits(text.at + 7, 2) > 59)
		return false;
	if (text.n == 9)
		return true;
	return text.at[9] == '.' && text.n > 10 && text.n <= 16 &&
	       digits(text.at + 10, text.n - 10) >= 0;
}

/* "YYYY-MM-DD", alone or with " hh:mm:ss" and up to 6 places of a second. */
static bool is_date(struct str text, bool with_time)
{
	if (text.n < 10 || !is_day(text.at))
		return false;
	if (text.n == 10)
		return true;
	return with_time && is_time((struct str){ text.at + 10, text.n - 10 });
}

static size_t skip_digits(struct str text, size_t i)
{
	while (i < text.n && text.at[i] >= '0' && text.at[i] <= '9')
		i++;
	return i;
}

bool text_is_number(struct str text)
{
	size_t start = text.n && text.at[0] == '-';
	size_t i = skip_digits(text, start);

	if (i == start || (text.at[start] == '0' && i > start + 1))
		return false;
	if (i < text.n && text.at[i] == '.') {
		size_t places = i + 1;

		i = skip_digits(text, places);
		if (i == places)
			return false;
	}
	if (i < text.n && (text.at[i] == 'e' || text.at[i] == 'E')) {
		size_t power = i + 1;

		if (power < text.n &&
		    (text.at[power] == '-' || text.at[power] == '+'))
			power++;
		i = skip_digits(text, power);
		if (i == power)
			return false;
	}
	return i == text.n;
}

/* BIT(1) to BIT(64), big-endian. Longer ones are refused by the target. */
static struct value bit_number(struct value value, struct arena *arena)
{
	uint64_t number = 0;
	char *text;

	if (value.n == 0 || value.n > sizeof(number))
		return value;
	for (uint32_t i = 0; i < value.n; i++)
		number = number << 8 | (unsigned char)value.at[i];
	text = arena_alloc(arena, STR_U64_MAX);
	return (struct value){ text, (uint32_t)str_from_u64(text, number),
			       VALUE_TEXT };
}

struct value text_fit(enum text_codec codec, struct value value,
		      struct arena *arena, struct loss *loss)
{
	if (!value_has(value))
		return value;
	switch (codec) {
	case TEXT_PLAIN:
		return value;
	case TEXT_NUMBER:
		return value.kind == VALUE_BYTES ? bit_number(value, arena)
						 : value;
	case TEXT_DATE:
	case TEXT_TIME:
		/* A DATETIME for a date column loses its time there, as the
		 * cast does. */
		if (is_date((struct str){ value.at, value.n }, true)) {
			value.kind = VALUE_TEXT;
			return value;
		}
		loss_add(loss, LOSS_ZERO_DATE);
		return null_value;
	case TEXT_UTF8:
	default:
		return text_clean(value, arena, loss);
	}
}
