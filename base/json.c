#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

void json_init(struct json *w, struct buf *out, enum json_style style)
{
	*w = (struct json){ .out = out, .style = style };
}

/* What goes before any value: the comma, unless a key stands before. */
static void before_value(struct json *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->comma[w->depth])
		buf_addc(w->out, ',');
	w->comma[w->depth] = true;
}

static void begin(struct json *w, char bracket)
{
	before_value(w);
	buf_addc(w->out, bracket);
	assert(w->depth + 1 < JSON_DEPTH_MAX);
	w->comma[++w->depth] = false;
}

static void end(struct json *w, char bracket)
{
	assert(w->depth > 0 && !w->after_key);
	w->depth--;
	buf_addc(w->out, bracket);
}

void json_begin_object(struct json *w)
{
	begin(w, '{');
}

void json_end_object(struct json *w)
{
	end(w, '}');
}

void json_begin_array(struct json *w)
{
	begin(w, '[');
}

void json_end_array(struct json *w)
{
	end(w, ']');
}

static char short_escape(char c)
{
	switch (c) {
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return c;
	}
}

static void add_unicode_escape(struct buf *out, uint32_t c)
{
	if (c < 0x10000) {
		buf_addf(out, "\\u%04x", c);
		return;
	}
	c -= 0x10000;
	buf_addf(out, "\\u%04x\\u%04x", 0xd800 + (c >> 10),
		 0xdc00 + (c & 0x3ff));
}

static bool needs_escape(const struct json *w, char c)
{
	unsigned char u = (unsigned char)c;

	return u < 0x20 || u >= 0x80 || c == '"' || c == '\\' ||
	       (c == '/' && w->style == JSON_PHP);
}

/* The character at `text`; gives the number of its bytes. Bytes that are no
 * UTF-8 become U+FFFD one by one, so that the output is always valid. */
static size_t add_special(struct json *w, struct str text)
{
	char c = text.at[0];
	uint32_t code;

	if ((unsigned char)c < 0x80) {
		char escape = short_escape(c);

		if (escape == c && (unsigned char)c < 0x20)
			add_unicode_escape(w->out, (unsigned char)c);
		else
			buf_add(w->out, (char[]){ '\\', escape }, 2);
		return 1;
	}

	size_t n = utf8_next(text, &code);
	if (n == 0)
		code = 0xfffd;
	if (w->style == JSON_PHP)
		add_unicode_escape(w->out, code);
	else if (n == 0)
		buf_adds(w->out, "\xef\xbf\xbd");
	else
		buf_add(w->out, text.at, n);
	return n ? n : 1;
}

static void add_quoted(struct json *w, struct str text)
{
	buf_addc(w->out, '"');
	while (text.n) {
		size_t plain = 0;

		while (plain < text.n && !needs_escape(w, text.at[plain]))
			plain++;
		if (plain)
			buf_add(w->out, text.at, plain);
		text = (struct str){ text.at + plain, text.n - plain };
		if (text.n) {
			size_t n = add_special(w, text);

			text = (struct str){ text.at + n, text.n - n };
		}
	}
	buf_addc(w->out, '"');
}

void json_keyn(struct json *w, struct str key)
{
	assert(w->depth > 0 && !w->after_key);
	before_value(w);
	add_quoted(w, key);
	buf_addc(w->out, ':');
	w->after_key = true;
}

void json_key(struct json *w, const char *key)
{
	json_keyn(w, str_of(key));
}

void json_strn(struct json *w, struct str text)
{
	before_value(w);
	add_quoted(w, text);
}

void json_str(struct json *w, const char *text)
{
	if (!text)
		json_null(w);
	else
		json_strn(w, str_of(text));
}

void json_int(struct json *w, int64_t number)
{
	before_value(w);
	buf_addi(w->out, number);
}

void json_uint(struct json *w, uint64_t number)
{
	before_value(w);
	buf_addu(w->out, number);
}

enum { DIGITS_MAX = 17 };

/* The shortest run of digits that reads back as the same number > 0, which is
 * 0.DIGITS * 10^(the value returned). Up to 15 digits survive the way to a
 * normal double and back, so no shorter text than those without their
 * trailing zeros can exist; only beyond that are 16 and 17 to be tried. */
static int shortest_digits(double number, char digits[DIGITS_MAX + 1])
{
	char text[40];
	int precision = fpclassify(number) == FP_SUBNORMAL ? 1 : 15;

	do
		snprintf(text, sizeof(text), "%.*e", precision - 1, number);
	while (strtod(text, NULL) != number && ++precision <= DIGITS_MAX);

	size_t n = 0;
	const char *c = text;
	for (; *c != 'e'; c++) {
		if (*c != '.')
			digits[n++] = *c;
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return (int)strtol(c + 1, NULL, 10) + 1;
}

/* PHP's zend_gcvt with 17 digits: exponents outside -3…17 are written. */
static void add_double(struct buf *out, double number)
{
	char digits[DIGITS_MAX + 1];
	int point = shortest_digits(number, digits);
	int n = (int)strlen(digits);

	if (point < -3 || point > DIGITS_MAX)
		buf_addf(out, "%c.%se%c%d", digits[0], n > 1 ? digits + 1 : "0",
			 point - 1 < 0 ? '-' : '+', abs(point - 1));
	else if (point <= 0)
		buf_addf(out, "0.%.*s%s", -point, "000", digits);
	else if (point >= n)
		buf_addf(out, "%s%.*s", digits, point - n, "00000000000000000");
	else
		buf_addf(out, "%.*s.%s", point, digits, digits + point);
}

void json_double(struct json *w, double number)
{
	if (!isfinite(number)) {
		json_null(w);
		return;
	}
	before_value(w);
	if (signbit(number))
		buf_addc(w->out, '-');
	if (fpclassify(number) == FP_ZERO)
		buf_addc(w->out, '0');
	else
		add_double(w->out, fabs(number));
}

void json_bool(struct json *w, bool value)
{
	before_value(w);
	buf_adds(w->out, value ? "true" : "false");
}

void json_null(struct json *w)
{
	before_value(w);
	buf_adds(w->out, "null");
}

void json_raw(struct json *w, struct str json)
{
	before_value(w);
	buf_add(w->out, json.at, json.n);
}
