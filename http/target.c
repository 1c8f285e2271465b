#include "http/target.h"

#include <stdint.h>
#include <string.h>

#include "base/defs.h"

static const char *const odd_texts[] = {
#define ODD_TEXT(name, text) [HTTP_ODD_##name] = (text),
	HTTP_ODDS(ODD_TEXT)
#undef ODD_TEXT
};

const char *http_odd_text(enum http_odd odd)
{
	return odd_texts[odd];
}

/* Bytes */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* out has room for text.n bytes. False at a `%` without two hex digits. */
static bool decode(struct str text, bool plus, char *out, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.at[i];

		if (c == '%') {
			int hi =
				i + 2 < text.n ? hex_digit(text.at[i + 1]) : -1;
			int lo = hi >= 0 ? hex_digit(text.at[i + 2]) : -1;

			if (lo < 0)
				return false;
			c = (char)(hi << 4 | lo);
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		out[n++] = c;
	}
	*ret_n = n;
	return true;
}

/* Length of the sequence a lead byte announces; 0: no lead byte. */
static size_t utf8_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead < 0xe0)
		return 2;
	if (lead >= 0xe0 && lead < 0xf0)
		return 3;
	return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/* Second byte: no overlong forms, surrogates, code points over 10ffff. */
static bool second_fits(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

static bool is_utf8(struct str text)
{
	size_t i = 0;

	while (i < text.n) {
		unsigned char lead = (unsigned char)text.at[i];
		size_t n = utf8_length(lead);

		if (n == 0 || n > text.n - i)
			return false;
		for (size_t k = 1; k < n; k++) {
			if (((unsigned char)text.at[i + k] & 0xc0) != 0x80)
				return false;
		}
		if (n > 1 && !second_fits(lead, (unsigned char)text.at[i + 1]))
			return false;
		i += n;
	}
	return true;
}

static bool has_control(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c < ' ' || c == 0x7f)
			return true;
	}
	return false;
}

/* Segments */

static enum http_odd odd_byte(char c)
{
	if (c == '\\')
		return HTTP_ODD_BACKSLASH;
	if (c == ';')
		return HTTP_ODD_PARAM;
	if (c == '#')
		return HTTP_ODD_FRAGMENT;
	if ((unsigned char)c >= 0x80)
		return HTTP_ODD_ASCII;
	if (c <= ' ' || c == 0x7f)
		return HTTP_ODD_CONTROL;
	return HTTP_ODD_NONE;
}

static enum http_odd odd_raw(struct str segment)
{
	for (size_t i = 0; i < segment.n; i++) {
		enum http_odd odd = odd_byte(segment.at[i]);

		if (odd)
			return odd;
	}
	return HTTP_ODD_NONE;
}

static bool is_dots(struct str part)
{
	return str_eqs(part, ".") || str_eqs(part, "..");
}

/* `%2e%2e%2fadmin` climbs in a server that decodes before it splits. */
static bool has_dots(struct str segment)
{
	struct str rest = segment;

	while (rest.at) {
		if (is_dots(str_split(&rest, '/')))
			return true;
	}
	return false;
}

static enum http_odd odd_decoded(struct str segment)
{
	if (has_control(segment))
		return HTTP_ODD_CONTROL;
	if (memchr(segment.at, '\\', segment.n))
		return HTTP_ODD_BACKSLASH;
	if (!is_utf8(segment))
		return HTTP_ODD_UTF8;
	return has_dots(segment) ? HTTP_ODD_DOT : HTTP_ODD_NONE;
}

static enum http_odd read_segment(struct str raw, struct arena *arena,
				  struct str *ret)
{
	enum http_odd odd = odd_raw(raw);
	char *out;
	size_t n;

	if (raw.n == 0)
		return HTTP_ODD_EMPTY;
	if (odd)
		return odd;
	*ret = raw;
	if (!memchr(raw.at, '%', raw.n))
		return is_dots(raw) ? HTTP_ODD_DOT : HTTP_ODD_NONE;
	out = (char *)arena_alloc(arena, raw.n);
	if (!decode(raw, false, out, &n))
		return HTTP_ODD_PERCENT;
	*ret = (struct str){ out, n };
	return odd_decoded(*ret);
}

static enum http_odd read_segments(struct http_target *target,
				   struct arena *arena)
{
	struct str rest = { target->path.at + 1, target->path.n - 1 };

	if (rest.n == 0)
		return HTTP_ODD_NONE;
	while (rest.at) {
		struct str raw = str_split(&rest, '/');

		if (target->n == HTTP_SEGMENTS_MAX)
			return HTTP_ODD_LONG;
		enum http_odd odd =
			read_segment(raw, arena, &target->segments[target->n]);
		if (odd)
			return odd;
		target->n++;
	}
	return HTTP_ODD_NONE;
}

/* A query is not decoded here; only what no client may send is looked for. */
static enum http_odd odd_query(struct str query)
{
	for (size_t i = 0; i < query.n; i++) {
		enum http_odd odd = odd_byte(query.at[i]);

		if (odd && odd != HTTP_ODD_BACKSLASH && odd != HTTP_ODD_PARAM)
			return odd;
	}
	return HTTP_ODD_NONE;
}

void http_target_parse(struct http_target *ret, struct str raw,
		       struct arena *arena)
{
	struct str query = raw;

	ret->raw = raw;
	ret->path = str_split(&query, '?');
	ret->query = query;
	ret->odd = HTTP_ODD_NONE;
	ret->n = 0;
	if (ret->path.n == 0 || ret->path.at[0] != '/') {
		ret->odd = HTTP_ODD_FORM;
		return;
	}
	ret->odd = read_segments(ret, arena);
	if (!ret->odd)
		ret->odd = odd_query(ret->query);
}

/* Query */

struct http_query http_query_of(struct str raw)
{
	return (struct http_query){ .rest = raw };
}

static struct str decode_part(struct http_query *query, struct arena *arena,
			      struct str raw)
{
	size_t n;

	if (raw.n == 0 ||
	    (!memchr(raw.at, '%', raw.n) && !memchr(raw.at, '+', raw.n)))
		return raw;
	char *out = (char *)arena_alloc(arena, raw.n);
	if (!decode(raw, true, out, &n) || memchr(out, '\0', n) ||
	    !is_utf8((struct str){ out, n })) {
		query->bad = true;
		return raw;
	}
	return (struct str){ out, n };
}

bool http_query_next(struct http_query *query, struct arena *arena,
		     struct str *ret_name, struct str *ret_value)
{
	while (query->rest.at) {
		struct str value = str_split(&query->rest, '&');

		if (value.n == 0)
			continue;
		struct str name = str_split(&value, '=');
		*ret_name = decode_part(query, arena, name);
		*ret_value = decode_part(query, arena, value);
		return true;
	}
	return false;
}
