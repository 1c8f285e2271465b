#include "cdc/binlog/charset.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "cdc/binlog/charset_impl.h"

static const struct charset charsets[] = {
#define CHARSET_ROW(name, kind, iconv) { #name, iconv, CHARSET_##kind },
	CHARSETS(CHARSET_ROW)
#undef CHARSET_ROW
};

enum { NO_CHARSET = 255 };

/* Collation ids below 100; the same in both servers. */
static const uint8_t by_id[100] = {
	NO_CHARSET, CS_big5,	CS_latin2,   CS_dec8,	  CS_cp850,
	CS_latin1,  CS_hp8,	CS_koi8r,    CS_latin1,	  CS_latin2,
	CS_swe7,    CS_ascii,	CS_ujis,     CS_sjis,	  CS_cp1251,
	CS_latin1,  CS_hebrew,	NO_CHARSET,  CS_tis620,	  CS_euckr,
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
		return by_id[id] == NO_CHARSET ? NULL : &charsets[by_id[id]];
	for (size_t i = 0; i < LENGTH(runs); i++)
		if (id >= runs[i].first && id <= runs[i].last)
			return &charsets[runs[i].charset];
	return NULL;
}

const char *collation_name(uint32_t id)
{
	static const struct {
		uint32_t id;
		const char *name;
	} names[] = {
		{ 33, "utf8mb3_general_ci" },
		{ 45, "utf8mb4_general_ci" },
		{ 46, "utf8mb4_bin" },
		{ 47, "latin1_bin" },
		{ 65, "ascii_bin" },
		{ 83, "utf8mb3_bin" },
		{ 192, "utf8mb3_unicode_ci" },
		{ 224, "utf8mb4_unicode_ci" },
		{ 255, "utf8mb4_0900_ai_ci" },
		{ 309, "utf8mb4_0900_bin" },
		{ NOPAD + 33, "utf8mb3_general_nopad_ci" },
		{ NOPAD + 45, "utf8mb4_general_nopad_ci" },
		{ NOPAD + 46, "utf8mb4_nopad_bin" },
		{ NOPAD + 83, "utf8mb3_nopad_bin" },
		{ NOPAD + 192, "utf8mb3_unicode_nopad_ci" },
		{ NOPAD + 224, "utf8mb4_unicode_nopad_ci" },
	};

	for (size_t i = 0; i < LENGTH(names); i++)
		if (names[i].id == id)
			return names[i].name;
	return "";
}

const struct charset *charset_by_name(struct str name)
{
	if (str_ieqs(name, "utf8"))
		return &charsets[CS_utf8mb3];
	for (size_t i = 0; i < LENGTH(charsets); i++)
		if (str_ieqs(name, charsets[i].name))
			return &charsets[i];
	return NULL;
}

bool charset_has_planes(const struct charset *charset)
{
	switch (charset - charsets) {
	case CS_gb18030:
	case CS_utf16:
	case CS_utf16le:
	case CS_utf32:
	case CS_utf8mb4:
		return true;
	default:
		return false;
	}
}

/* What a charset is does not change: each is opened once per process, by
 * whoever needs it first, and kept. */
struct charset_reader {
	const struct charset *charset;
	bool ascii; /* text of bytes below 0x80 is as it stands */
	struct charset_table table;
};

static struct charset_reader *_Atomic readers[CS_COUNT];

static struct charset_reader *new_reader(const struct charset *charset)
{
	enum charset_index index = (enum charset_index)(charset - charsets);
	struct charset_reader *reader = mem_zalloc(sizeof(*reader));

	reader->charset = charset;
	reader->ascii = charset->kind == CHARSET_TABLE && index != CS_swe7;
	if (charset->kind != CHARSET_TABLE ||
	    charset_table_fill(&reader->table, index, charset->iconv))
		return reader;
	free(reader);
	return NULL;
}

static void free_reader(struct charset_reader *reader)
{
	charset_table_done(&reader->table);
	free(reader);
}

const struct charset_reader *charset_reader(const struct charset *charset)
{
	struct charset_reader *_Atomic *slot = &readers[charset - charsets];
	struct charset_reader *kept = atomic_load(slot), *made;

	if (kept)
		return kept;
	made = new_reader(charset);
	if (!made || atomic_compare_exchange_strong(slot, &kept, made))
		return made;
	free_reader(made); /* another thread was first */
	return kept;
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

enum { REPLACEMENT = 0xfffd, CHAR_MAX_BYTES = 4 };

static void set_text(struct value *ret, const void *at, size_t n)
{
	*ret = (struct value){ .at = at, .n = (uint32_t)n, .kind = VALUE_TEXT };
}

static size_t put_char(char *out, uint32_t c)
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
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The rare case: a bad byte was found; each becomes a U+FFFD. */
static void repair_utf8(const uint8_t *at, size_t n, struct value_sink *sink,
			struct value *ret)
{
	char *out = arena_alloc(sink->arena, n * 3);
	size_t used = 0;

	for (size_t i = 0; i < n;) {
		size_t length = utf8_char(at + i, n - i);

		if (length) {
			memcpy(out + used, at + i, length);
			used += length;
			i += length;
		} else {
			used += put_char(out + used, REPLACEMENT);
			i++;
		}
	}
	set_text(ret, out, used);
}

static bool read_utf8(const uint8_t *at, size_t n, struct value_sink *sink,
		      struct value *ret)
{
	size_t i = ascii_prefix(at, n);

	while (i < n) {
		size_t length = utf8_char(at + i, n - i);

		if (!length) {
			repair_utf8(at, n, sink, ret);
			return false;
		}
		i += length;
	}
	set_text(ret, at, n);
	return true;
}

static uint32_t quad(const struct charset_table *table, const uint8_t *at)
{
	uint32_t place;

	if (at[2] < 0x81 || at[2] > 0xfe || at[3] < '0' || at[3] > '9')
		return TABLE_WRONG;
	place = ((at[0] - 0x81u) * 10 + (at[1] - '0')) * 1260 +
		(at[2] - 0x81u) * 10 + (at[3] - '0');
	if (place < TABLE_QUADS)
		return table->quads[place];
	if (place < TABLE_PLANES || place - TABLE_PLANES > 0xfffff)
		return TABLE_HOLE;
	return place - TABLE_PLANES + 0x10000;
}

/* A character of more than one byte; *length is not set when it is none. */
static uint32_t wide_char(const struct charset_table *table, const uint8_t *at,
			  size_t n, size_t *length)
{
	uint32_t c = TABLE_WRONG;
	size_t take = 2;

	if (n >= 3 && table->triples && at[0] == 0x8f) {
		take = 3;
		c = table->triples[at[1] << 8 | at[2]];
	} else if (n >= 4 && table->quads && at[1] >= '0' && at[1] <= '9') {
		take = 4;
		c = quad(table, at);
	} else if (n >= 2) {
		c = table->pairs[at[0] << 8 | at[1]];
	}
	if (c != TABLE_WRONG)
		*length = take;
	return c;
}

/* As the servers do when they convert: a byte that begins no character, and a
 * character that Unicode has not, become a question mark each. */
static bool read_table(const struct charset_table *table, const uint8_t *at,
		       size_t n, struct value_sink *sink, struct value *ret)
{
	char *out = arena_alloc(sink->arena, n * 3);
	size_t used = 0;
	bool clean = true;

	for (size_t i = 0; i < n;) {
		size_t length = 1;
		uint32_t c = table->single[at[i]];

		if (c == TABLE_LEAD)
			c = wide_char(table, at + i, n - i, &length);
		if (c == TABLE_WRONG || c == TABLE_HOLE) {
			c = '?';
			clean = false;
		}
		used += put_char(out + used, c);
		i += length;
	}
	set_text(ret, out, used);
	return clean;
}

static uint32_t unit(const uint8_t *at, uint8_t kind)
{
	return kind == CHARSET_UTF16LE ? (uint32_t)(at[0] | at[1] << 8)
				       : (uint32_t)(at[0] << 8 | at[1]);
}

static bool is_surrogate(uint32_t c)
{
	return c >= 0xd800 && c <= 0xdfff;
}

/* REPLACEMENT for what is no character; *length is always set. */
static uint32_t unicode_char(const uint8_t *at, size_t n, uint8_t kind,
			     size_t *length)
{
	size_t width = kind == CHARSET_UTF32 ? 4 : 2;
	uint32_t c, low;

	*length = n < width ? n : width;
	if (n < width)
		return REPLACEMENT;
	c = unit(at, kind);
	if (kind == CHARSET_UTF32) {
		c = c << 16 | unit(at + 2, kind);
		return c > 0x10ffff || is_surrogate(c) ? REPLACEMENT : c;
	}
	if (!is_surrogate(c))
		return c;
	if (kind == CHARSET_UCS2 || c >= 0xdc00 || n < 4)
		return REPLACEMENT;
	low = unit(at + 2, kind);
	if (low < 0xdc00 || low > 0xdfff)
		return REPLACEMENT;
	*length = 4;
	return 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
}

static bool read_unicode(uint8_t kind, const uint8_t *at, size_t n,
			 struct value_sink *sink, struct value *ret)
{
	char *out = arena_alloc(sink->arena, n * 2 + CHAR_MAX_BYTES);
	size_t used = 0;
	bool clean = true;

	for (size_t i = 0, length; i < n; i += length) {
		uint32_t c = unicode_char(at + i, n - i, kind, &length);

		clean &= c != REPLACEMENT;
		used += put_char(out + used, c);
	}
	set_text(ret, out, used);
	return clean;
}

bool charset_read(const struct charset_reader *reader, const uint8_t *at,
		  size_t n, struct value_sink *sink, struct value *ret)
{
	uint8_t kind = reader->charset->kind;

	if (kind == CHARSET_UTF8)
		return read_utf8(at, n, sink, ret);
	if (kind == CHARSET_BINARY) {
		*ret = (struct value){ .at = (const char *)at,
				       .n = (uint32_t)n,
				       .kind = VALUE_BYTES };
		return true;
	}
	if (kind != CHARSET_TABLE)
		return read_unicode(kind, at, n, sink, ret);
	if (reader->ascii && ascii_prefix(at, n) == n) {
		set_text(ret, at, n);
		return true;
	}
	return read_table(&reader->table, at, n, sink, ret);
}
