#include "cdc/binlog/xa_name.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/buf.h"
#include "cdc/binlog/control.h"

enum { DEFAULT_FORMAT = 1 };

/* One of the two parts, as its bytes. */
struct part {
	char at[XID_PART_MAX];
	size_t n;
};

static void skip(struct str *text, size_t n)
{
	text->at += n;
	text->n -= n;
}

static void skip_blank(struct str *text)
{
	while (text->n > 0 && isspace((unsigned char)*text->at))
		skip(text, 1);
}

static bool take(struct str *text, char c)
{
	skip_blank(text);
	if (text->n == 0 || *text->at != c)
		return false;
	skip(text, 1);
	return true;
}

static bool add(struct part *part, char c)
{
	if (part->n == XID_PART_MAX)
		return false;
	part->at[part->n++] = c;
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits as far as they go. */
static bool take_digits(struct str *text, struct part *part)
{
	while (text->n > 1 && digit(text->at[0]) >= 0 &&
	       digit(text->at[1]) >= 0) {
		if (!add(part,
			 (char)(digit(text->at[0]) << 4 | digit(text->at[1]))))
			return false;
		skip(text, 2);
	}
	return true;
}

/* Backslashes are kept as they stand: no server writes this form. */
static bool take_quoted(struct str *text, struct part *part)
{
	char quote = *text->at;

	for (skip(text, 1); text->n > 0; skip(text, 1)) {
		if (*text->at == quote) {
			skip(text, 1);
			if (text->n == 0 || *text->at != quote)
				return true;
		}
		if (!add(part, *text->at))
			return false;
	}
	return false;
}

static bool take_part(struct str *text, struct part *part)
{
	part->n = 0;
	skip_blank(text);
	if (str_starts(*text, "X'") || str_starts(*text, "x'")) {
		skip(text, 2);
		return take_digits(text, part) && take(text, '\'');
	}
	if (str_starts(*text, "0x")) {
		skip(text, 2);
		return take_digits(text, part) && part->n > 0;
	}
	return text->n > 0 && (*text->at == '\'' || *text->at == '"') &&
	       take_quoted(text, part);
}

static bool take_number(struct str *text, uint32_t *ret)
{
	struct str digits;
	uint64_t number;

	skip_blank(text);
	digits = (struct str){ text->at, 0 };
	while (text->n > 0 && isdigit((unsigned char)*text->at)) {
		skip(text, 1);
		digits.n++;
	}
	if (!str_to_u64(digits, &number) || number > UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

static void format_part(struct str part, struct buf *out)
{
	char hex[2 * XID_PART_MAX];

	str_hex(hex, part.at, part.n);
	buf_adds(out, "X'");
	buf_add(out, hex, 2 * part.n);
	buf_addc(out, '\'');
}

void xa_name_format(const struct xid *xid, struct buf *out)
{
	format_part(xid->gtrid, out);
	buf_addc(out, ',');
	format_part(xid->bqual, out);
	buf_addf(out, ",%" PRIu32, xid->format);
}

bool xa_name_parse(struct str text, struct buf *out)
{
	struct part gtrid, bqual = { .n = 0 };
	uint32_t format = DEFAULT_FORMAT;

	if (!take_part(&text, &gtrid) || gtrid.n == 0)
		return false;
	if (take(&text, ',')) {
		if (!take_part(&text, &bqual))
			return false;
		if (take(&text, ',') && !take_number(&text, &format))
			return false;
	}
	xa_name_format(&(struct xid){ .format = format,
				      .gtrid = { gtrid.at, gtrid.n },
				      .bqual = { bqual.at, bqual.n } },
		       out);
	return true;
}
