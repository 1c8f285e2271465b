#include "cdc/binlog/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

/*	X(name, kind, name for iconv) */
#define CHARSETS(X)                                                            \
	X(none, REFUSED, NULL)                                                 \
	X(armscii8, SINGLE, "ARMSCII-8")                                       \
	X(ascii, SINGLE, "ANSI_X3.4-1968")                                     \
	X(big5, REFUSED, NULL)                                                 \
	X(binary, BINARY, NULL)                                                \
	X(cp1250, SINGLE, "CP1250")                                            \
	X(cp1251, SINGLE, "CP1251")                                            \
	X(cp1256, SINGLE, "CP1256")                                            \
	X(cp1257, SINGLE, "CP1257")                                            \
	X(cp850, SINGLE, "CP850")                                              \
	X(cp852, SINGLE, "CP852")                                              \
	X(cp866, SINGLE, "CP866")                                              \
	X(cp932, MULTI, "CP932")                                               \
	X(dec8, SINGLE, "DEC-MCS")                                             \
	X(eucjpms, MULTI, "EUC-JP-MS")                                         \
	X(euckr, MULTI, "UHC")                                                 \
	X(gb18030, MULTI, "GB18030")                                           \
	X(gb2312, MULTI, "EUC-CN")                                             \
	X(gbk, MULTI, "CP936")                                                 \
	X(geostd8, REFUSED, NULL)                                              \
	X(greek, SINGLE, "ISO-8859-7")                                         \
	X(hebrew, SINGLE, "ISO-8859-8")                                        \
	X(hp8, SINGLE, "HP-ROMAN8")                                            \
	X(keybcs2, REFUSED, NULL)                                              \
	X(koi8r, SINGLE, "KOI8-R")                                             \
	X(koi8u, SINGLE, "KOI8-U")                                             \
	X(latin1, SINGLE, "ISO-8859-1")                                        \
	X(latin2, SINGLE, "ISO-8859-2")                                        \
	X(latin5, SINGLE, "ISO-8859-9")                                        \
	X(latin7, SINGLE, "ISO-8859-13")                                       \
	X(macce, SINGLE, "MAC-CENTRALEUROPE")                                  \
	X(macroman, SINGLE, "MACINTOSH")                                       \
	X(sjis, REFUSED, NULL)                                                 \
	X(swe7, REFUSED, NULL)                                                 \
	X(tis620, SINGLE, "TIS-620")                                           \
	X(ucs2, WIDE, "UCS-2BE")                                               \
	X(ujis, REFUSED, NULL)                                                 \
	X(utf16, WIDE, "UTF-16BE")                                             \
	X(utf16le, WIDE, "UTF-16LE")                                           \
	X(utf32, WIDE, "UTF-32BE")                                             \
	X(utf8mb3, UTF8, NULL)                                                 \
	X(utf8mb4, UTF8, NULL)

#define CHARSET_ENUM(name, kind, iconv) CS_##name,
enum charset_index { CHARSETS(CHARSET_ENUM) };
#undef CHARSET_ENUM

static const struct charset charsets[] = {
#define CHARSET_ROW(name, kind, iconv) { #name, iconv, CHARSET_##kind },
	CHARSETS(CHARSET_ROW)
#undef CHARSET_ROW
};

/* Collation ids below 100; the same in both servers. */
static const uint8_t by_id[100] = {
	CS_none,    CS_big5,	CS_latin2,   CS_dec8,	  CS_cp850,
	CS_latin1,  CS_hp8,	CS_koi8r,    CS_latin1,	  CS_latin2,
	CS_swe7,    CS_ascii,	CS_ujis,     CS_sjis,	  CS_cp1251,
	CS_latin1,  CS_hebrew,	CS_none,     CS_tis620,	  CS_euckr,
	CS_latin7,  CS_latin2,	CS_koi8u,    CS_cp1251,	  CS_gb2312,
	CS_greek,   CS_cp1250,	CS_latin2,   CS_gbk,	  CS_cp1257,
	CS_latin5,  CS_latin1,	CS_armscii8, CS_utf8mb3,  CS_cp1250,
	CS_ucs2,    CS_cp866,	CS_keybcs2,  CS_macce,	  CS_macroman,
	CS_cp852,   CS_latin7,	CS_latin7,   CS_macce,	  CS_cp1250,
	CS_utf8mb4, CS_utf8mb4, CS_latin1,   CS_latin1,	  CS_latin1,
	CS_cp1251,  CS_cp1251,	CS_cp1251,   CS_macroman, CS_utf16,
	CS_utf16,   CS_utf16le, CS_cp1256,   CS_cp1257,	  CS_cp1257,
	CS_utf32,   CS_utf32,	CS_utf16le,  CS_binary,	  CS_armscii8,
	CS_ascii,   CS_cp1250,	CS_cp1256,   CS_cp866,	  CS_dec8,
	CS_greek,   CS_hebrew,	CS_hp8,	     CS_keybcs2,  CS_koi8r,
	CS_koi8u,   CS_utf8mb3, CS_latin2,   CS_latin5,	  CS_latin7,
	CS_cp850,   CS_cp852,	CS_swe7,     CS_utf8mb3,  CS_big5,
	CS_euckr,   CS_gb2312,	CS_gbk,	     CS_sjis,	  CS_tis620,
	CS_ucs2,    CS_ujis,	CS_geostd8,  CS_geostd8,  CS_latin1,
	CS_cp932,   CS_cp932,	CS_eucjpms,  CS_eucjpms,  CS_cp1250,
};

/* The rest comes in runs. MySQL's end at 323. */
static const struct {
	uint16_t first, last;
	uint8_t charset;
} runs[] = {
	{ 101, 124, CS_utf16 },	  { 128, 151, CS_ucs2 },
	{ 159, 159, CS_ucs2 },	  { 160, 183, CS_utf32 },
	{ 192, 215, CS_utf8mb3 }, { 223, 223, CS_utf8mb3 },
	{ 224, 247, CS_utf8mb4 }, { 248, 250, CS_gb18030 },
	{ 254, 254, CS_utf8mb3 }, { 255, 323, CS_utf8mb4 },
	{ 576, 607, CS_utf8mb3 }, { 608, 639, CS_utf8mb4 },
	{ 640, 671, CS_ucs2 },	  { 672, 703, CS_utf16 },
	{ 736, 767, CS_utf32 },
};

enum {
	NOPAD = 1024,	/* MariaDB: a collation's id with NO PAD */
	UCA1400 = 2048, /* MariaDB ≥ 10.10: 256 ids for each charset */
	UCA1400_END = UCA1400 + 5 * 256,
};

const struct charset *charset_by_collation(uint32_t id)
{
	static const uint8_t uca1400[] = { CS_utf8mb3, CS_utf8mb4, CS_ucs2,
					   CS_utf16, CS_utf32 };

	if (id >= UCA1400 && id < UCA1400_END)
		return &charsets[uca1400[(id - UCA1400) / 256]];
	if (id >= NOPAD && id < UCA1400)
		id -= NOPAD;
	if (id < LENGTH(by_id))
		return by_id[id] == CS_none ? NULL : &charsets[by_id[id]];
	for (size_t i = 0; i < LENGTH(runs); i++)
		if (id >= runs[i].first && id <= runs[i].last)
			return &charsets[runs[i].charset];
	return NULL;
}

const struct charset *charset_by_name(struct str name)
{
	if (str_ieqs(name, "utf8"))
		return &charsets[CS_utf8mb3];
	for (size_t i = CS_none + 1; i < LENGTH(charsets); i++)
		if (str_ieqs(name, charsets[i].name))
			return &charsets[i];
	return NULL;
}

/* Where the servers and iconv do not agree. */
static const struct {
	uint8_t charset, byte;
	uint16_t character;
} patches[] = {
	{ CS_armscii8, 0xa1, 0x2741 }, { CS_armscii8, 0xa2, 0x00a7 },
	{ CS_armscii8, 0xad, 0x055f }, { CS_armscii8, 0xfe, 0x2019 },
	{ CS_armscii8, 0xff, 0x0027 }, { CS_cp866, 0xfc, 0x207f },
	{ CS_cp866, 0xfd, 0x00b2 },    { CS_dec8, 0xa0, 0x00a0 },
	{ CS_greek, 0xa1, 0x02bd },    { CS_greek, 0xa2, 0x02bc },
	{ CS_hebrew, 0xaf, 0x203e },   { CS_koi8u, 0x95, 0x2022 },
	{ CS_macroman, 0xc6, 0x2206 }, { CS_macroman, 0xf0, 0xf8ff },
};

/* 0x80 to 0x9f of latin1; the rest is Unicode's. */
static const uint16_t cp1252[32] = {
	0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
	0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

enum { HIGH = 0x80, INVALID = 0xfffd };

struct charset_reader {
	const struct charset *charset;
	iconv_t iconv;		   /* MULTI and WIDE; else (iconv_t)-1 */
	uint16_t characters[HIGH]; /* SINGLE: of the bytes from 0x80 */
};

static void patch(struct charset_reader *reader)
{
	const struct charset *charset = reader->charset;

	for (size_t i = 0; i < LENGTH(patches); i++)
		if (charset == &charsets[patches[i].charset])
			reader->characters[patches[i].byte - HIGH] =
				patches[i].character;
	if (charset == &charsets[CS_latin1])
		memcpy(reader->characters, cp1252, sizeof(cp1252));
	for (size_t i = 0; charset == &charsets[CS_tis620] && i < 32; i++)
		reader->characters[i] = (uint16_t)(HIGH + i);
}

static bool fill_characters(struct charset_reader *reader)
{
	iconv_t none = (iconv_t)-1;
	iconv_t converter = iconv_open("UCS-2LE", reader->charset->iconv);

	if (converter == none)
		return false;
	for (size_t i = 0; i < HIGH; i++) {
		char byte = (char)(HIGH + i), *in = &byte;
		unsigned char pair[2];
		char *out = (char *)pair;
		size_t left = 1, room = sizeof(pair);

		iconv(converter, NULL, NULL, NULL, NULL);
		if (iconv(converter, &in, &left, &out, &room) == 0 && !room)
			reader->characters[i] =
				(uint16_t)(pair[0] | pair[1] << 8);
		else
			reader->characters[i] = INVALID;
	}
	iconv_close(converter);
	patch(reader);
	return true;
}

static bool open_iconv(struct charset_reader *reader)
{
	iconv_t none = (iconv_t)-1;

	if (!reader->charset->iconv)
		return true;
	if (reader->charset->kind == CHARSET_SINGLE)
		return fill_characters(reader);
	reader->iconv = iconv_open("UTF-8", reader->charset->iconv);
	return reader->iconv != none;
}

struct charset_reader *charset_reader_new(const struct charset *charset)
{
	struct charset_reader *reader;

	if (charset->kind == CHARSET_REFUSED)
		return NULL;
	reader = mem_zalloc(sizeof(*reader));
	reader->charset = charset;
	reader->iconv = (iconv_t)-1;
	if (open_iconv(reader))
		return reader;
	free(reader);
	return NULL;
}

void charset_reader_free(struct charset_reader *reader)
{
	iconv_t none = (iconv_t)-1;

	if (!reader)
		return;
	if (reader->iconv != none)
		iconv_close(reader->iconv);
	free(reader);
}

const struct charset *
charset_reader_charset(const struct charset_reader *reader)
{
	return reader->charset;
}

static size_t ascii_prefix(const uint8_t *at, size_t n)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t word;

		memcpy(&word, at + i, sizeof(word));
		if (word & high)
			break;
	}
	while (i < n && at[i] < 0x80)
		i++;
	return i;
}

/* Bytes of the UTF-8 character at `at`; 0 if there is none. No overlong
 * forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_char(const uint8_t *at, size_t n)
{
	uint8_t first = at[0], low = 0x80, high = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (n < length || at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (at[i] < 0x80 || at[i] > 0xbf)
			return 0;
	return length;
}

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
enum { REPLACEMENT = sizeof(replacement) - 1 };

static void set_text(struct value *ret, const void *at, size_t n)
{
	*ret = (struct value){ .at = at, .n = (uint32_t)n, .kind = VALUE_TEXT };
}

/* The rare case: a bad byte was found; each becomes a U+FFFD. */
static void repair_utf8(const uint8_t *at, size_t n, struct value_sink *sink,
			struct value *ret)
{
	char *out = arena_alloc(sink->arena, n * REPLACEMENT);
	size_t used = 0;

	for (size_t i = 0; i < n;) {
		size_t length = utf8_char(at + i, n - i);

		if (length) {
			memcpy(out + used, at + i, length);
			used += length;
			i += length;
		} else {
			memcpy(out + used, replacement, REPLACEMENT);
			used += REPLACEMENT;
			i++;
		}
	}
	sink->invalid_text++;
	set_text(ret, out, used);
}

static void read_utf8(const uint8_t *at, size_t n, struct value_sink *sink,
		      struct value *ret)
{
	size_t i = ascii_prefix(at, n);

	while (i < n) {
		size_t length = utf8_char(at + i, n - i);

		if (!length) {
			repair_utf8(at, n, sink, ret);
			return;
		}
		i += length;
	}
	set_text(ret, at, n);
}

static size_t put_char(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

static void read_single(const struct charset_reader *reader, const uint8_t *at,
			size_t n, struct value_sink *sink, struct value *ret)
{
	char *out = arena_alloc(sink->arena, n * REPLACEMENT);
	size_t used = 0;
	bool invalid = false;

	for (size_t i = 0; i < n; i++) {
		unsigned c = at[i];

		if (c >= HIGH)
			c = reader->characters[c - HIGH];
		invalid |= c == INVALID;
		used += put_char(out + used, c);
	}
	sink->invalid_text += invalid;
	set_text(ret, out, used);
}

/* No character of these charsets takes more than 4 bytes of UTF-8 for one of
 * its own, and a bad byte takes 3. */
static void read_iconv(const struct charset_reader *reader, const uint8_t *at,
		       size_t n, struct value_sink *sink, struct value *ret)
{
	size_t step = reader->charset->kind == CHARSET_WIDE ? 2 : 1;
	size_t room = n * 4, left = n;
	char *start = arena_alloc(sink->arena, room), *out = start;
	char *in = (char *)(uintptr_t)at; /* iconv does not write there */
	bool invalid = false;

	iconv(reader->iconv, NULL, NULL, NULL, NULL);
	while (left &&
	       iconv(reader->iconv, &in, &left, &out, &room) == (size_t)-1) {
		if (errno == E2BIG || room < REPLACEMENT)
			break;
		invalid = true;
		memcpy(out, replacement, REPLACEMENT);
		out += REPLACEMENT;
		room -= REPLACEMENT;
		/* EINVAL: a character that the end cuts off. */
		if (errno == EINVAL || left < step)
			break;
		in += step;
		left -= step;
	}
	sink->invalid_text += invalid;
	set_text(ret, start, (size_t)(out - start));
}

void charset_read(const struct charset_reader *reader, const uint8_t *at,
		  size_t n, struct value_sink *sink, struct value *ret)
{
	const struct charset *charset = reader->charset;

	if (charset->kind == CHARSET_UTF8)
		read_utf8(at, n, sink, ret);
	else if (charset->kind == CHARSET_BINARY)
		*ret = (struct value){ .at = (const char *)at,
				       .n = (uint32_t)n,
				       .kind = VALUE_BYTES };
	else if (charset->kind != CHARSET_WIDE && ascii_prefix(at, n) == n)
		set_text(ret, at, n);
	else if (charset->kind == CHARSET_SINGLE)
		read_single(reader, at, n, sink, ret);
	else
		read_iconv(reader, at, n, sink, ret);
}
