/* The characters of the charsets that are not Unicode's.
 *
 * iconv has the tables; `fixes` says where the servers' differ. Those are
 * MySQL's strings/ctype-*.cc and MariaDB's strings/ctype-*.c, which agree; the
 * list was made, and is tested, by asking both servers for every byte, every
 * pair and every triple (tests/integration/test_charsets.py). */
#include "cdc/binlog/charset_impl.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/mem.h"

/* How characters of more than one byte are made: ranges of bytes, from and
 * to. What iconv has besides is no character to the servers. */
struct layout {
	uint8_t charset;
	bool triples, quads;
	const char *lead, *trail;
};

static const struct layout layouts[] = {
	{ CS_big5, false, false, "\xa1\xf9", "\x40\x7e\xa1\xfe" },
	{ CS_cp932, false, false, "\x81\x9f\xe0\xfc", "\x40\x7e\x80\xfc" },
	{ CS_sjis, false, false, "\x81\x9f\xe0\xfc", "\x40\x7e\x80\xfc" },
	{ CS_eucjpms, true, false, "\x8e\x8e\xa1\xfe", "\xa1\xfe" },
	{ CS_ujis, true, false, "\x8e\x8e\xa1\xfe", "\xa1\xfe" },
	{ CS_euckr, false, false, "\x81\xfe", "\x41\x5a\x61\x7a\x81\xfe" },
	{ CS_gb2312, false, false, "\xa1\xf7", "\xa1\xfe" },
	{ CS_gbk, false, false, "\x81\xfe", "\x40\x7e\x80\xfe" },
	{ CS_gb18030, false, true, "\x81\xfe", "\x40\x7e\x80\xfe" },
};

enum {
	HOLE = TABLE_HOLE,
	TRIPLE = 0x8f, /* the first byte of three */
};

/* From `code` on, `count` characters that follow each other are those from
 * `character` on, or all of them holes. Codes of four bytes: by their place
 * among those. */
static const struct fix {
	uint8_t charset;
	uint32_t code;
	uint16_t character;
	uint16_t count;
} fixes[] = {
	{ CS_armscii8, 0xa1, 0x2741, 1 },  { CS_armscii8, 0xa2, 0x00a7, 1 },
	{ CS_armscii8, 0xad, 0x055f, 1 },  { CS_armscii8, 0xfe, 0x2019, 1 },
	{ CS_armscii8, 0xff, 0x0027, 1 },  { CS_big5, 0xa145, 0x2022, 1 },
	{ CS_big5, 0xa14e, 0xff64, 1 },	   { CS_big5, 0xa15a, 0xfffd, 1 },
	{ CS_big5, 0xa1c2, 0x203e, 1 },	   { CS_big5, 0xa1c3, 0xfffd, 1 },
	{ CS_big5, 0xa1c5, 0xfffd, 1 },	   { CS_big5, 0xa1e3, 0x223c, 1 },
	{ CS_big5, 0xa1f2, 0x2641, 1 },	   { CS_big5, 0xa1f3, 0x2609, 1 },
	{ CS_big5, 0xa1fe, 0xfffd, 1 },	   { CS_big5, 0xa240, 0xfffd, 1 },
	{ CS_big5, 0xa241, 0xff0f, 1 },	   { CS_big5, 0xa242, 0xff3c, 1 },
	{ CS_big5, 0xa244, 0x00a5, 1 },	   { CS_big5, 0xa246, 0x00a2, 2 },
	{ CS_big5, 0xa2cc, 0xfffd, 1 },	   { CS_big5, 0xa2ce, 0xfffd, 1 },
	{ CS_big5, 0xa3e1, HOLE, 1 },	   { CS_big5, 0xc6a1, 0x30fe, 1 },
	{ CS_big5, 0xc6a2, 0x309d, 2 },	   { CS_big5, 0xc6a4, 0x3005, 1 },
	{ CS_big5, 0xc6a5, 0x3041, 83 },   { CS_big5, 0xc6f8, 0x30a1, 86 },
	{ CS_big5, 0xc7b1, 0x0414, 2 },	   { CS_big5, 0xc7b3, 0x0401, 1 },
	{ CS_big5, 0xc7b4, 0x0416, 7 },	   { CS_big5, 0xc7bb, 0x0423, 19 },
	{ CS_big5, 0xc7ce, 0x0451, 1 },	   { CS_big5, 0xc7cf, 0x0436, 26 },
	{ CS_big5, 0xc7e9, 0x2460, 10 },   { CS_big5, 0xc7f3, 0x2474, 10 },
	{ CS_big5, 0xc7fd, HOLE, 159 },	   { CS_big5, 0xf9dd, HOLE, 34 },
	{ CS_cp1256, 0x8a, HOLE, 1 },	   { CS_cp1256, 0x8f, HOLE, 1 },
	{ CS_cp1256, 0x98, HOLE, 1 },	   { CS_cp1256, 0x9a, HOLE, 1 },
	{ CS_cp1256, 0x9f, HOLE, 1 },	   { CS_cp1256, 0xaa, HOLE, 1 },
	{ CS_cp1256, 0xc0, HOLE, 1 },	   { CS_cp1256, 0xff, HOLE, 1 },
	{ CS_cp866, 0xfc, 0x207f, 1 },	   { CS_cp866, 0xfd, 0x00b2, 1 },
	{ CS_dec8, 0xa0, 0x00a0, 1 },	   { CS_gb18030, 0xa6d9, 0xe78d, 7 },
	{ CS_gb18030, 0xa6ec, 0xe794, 2 }, { CS_gb18030, 0xa6f3, 0xe796, 1 },
	{ CS_gb18030, 0xfe51, 0xe816, 3 }, { CS_gb18030, 0xfe59, 0xe81e, 1 },
	{ CS_gb18030, 0xfe61, 0xe826, 1 }, { CS_gb18030, 0xfe66, 0xe82b, 2 },
	{ CS_gb18030, 0xfe6c, 0xe831, 2 }, { CS_gb18030, 0xfe76, 0xe83b, 1 },
	{ CS_gb18030, 0xfe7e, 0xe843, 1 }, { CS_gb18030, 0xfe90, 0xe854, 2 },
	{ CS_gb18030, 0xfea0, 0xe864, 1 }, { CS_geostd8, 0x80, 0x20ac, 1 },
	{ CS_geostd8, 0x81, HOLE, 1 },	   { CS_geostd8, 0x82, 0x201a, 1 },
	{ CS_geostd8, 0x83, HOLE, 1 },	   { CS_geostd8, 0x84, 0x201e, 1 },
	{ CS_geostd8, 0x85, 0x2026, 1 },   { CS_geostd8, 0x86, 0x2020, 2 },
	{ CS_geostd8, 0x88, HOLE, 1 },	   { CS_geostd8, 0x89, 0x2030, 1 },
	{ CS_geostd8, 0x8a, HOLE, 1 },	   { CS_geostd8, 0x8b, 0x2039, 1 },
	{ CS_geostd8, 0x8c, HOLE, 5 },	   { CS_geostd8, 0x91, 0x2018, 2 },
	{ CS_geostd8, 0x93, 0x201c, 2 },   { CS_geostd8, 0x95, 0x2022, 1 },
	{ CS_geostd8, 0x96, 0x2013, 2 },   { CS_geostd8, 0x98, HOLE, 3 },
	{ CS_geostd8, 0x9b, 0x203a, 1 },   { CS_geostd8, 0x9c, HOLE, 4 },
	{ CS_geostd8, 0xc0, 0x10d0, 7 },   { CS_geostd8, 0xc7, 0x10f1, 1 },
	{ CS_geostd8, 0xc8, 0x10d7, 6 },   { CS_geostd8, 0xce, 0x10f2, 1 },
	{ CS_geostd8, 0xcf, 0x10dd, 6 },   { CS_geostd8, 0xd5, 0x10f3, 1 },
	{ CS_geostd8, 0xd6, 0x10e3, 12 },  { CS_geostd8, 0xe2, 0x10f4, 1 },
	{ CS_geostd8, 0xe3, 0x10ef, 2 },   { CS_geostd8, 0xe5, 0x10f5, 1 },
	{ CS_geostd8, 0xe6, HOLE, 23 },	   { CS_geostd8, 0xfd, 0x2116, 1 },
	{ CS_geostd8, 0xfe, HOLE, 2 },	   { CS_greek, 0xa1, 0x02bd, 1 },
	{ CS_greek, 0xa2, 0x02bc, 1 },	   { CS_greek, 0xa4, HOLE, 2 },
	{ CS_greek, 0xaa, HOLE, 1 },	   { CS_hebrew, 0xaf, 0x203e, 1 },
	{ CS_keybcs2, 0x80, 0x010c, 1 },   { CS_keybcs2, 0x83, 0x010f, 1 },
	{ CS_keybcs2, 0x85, 0x010e, 1 },   { CS_keybcs2, 0x86, 0x0164, 1 },
	{ CS_keybcs2, 0x87, 0x010d, 1 },   { CS_keybcs2, 0x88, 0x011b, 1 },
	{ CS_keybcs2, 0x89, 0x011a, 1 },   { CS_keybcs2, 0x8a, 0x0139, 1 },
	{ CS_keybcs2, 0x8b, 0x00cd, 1 },   { CS_keybcs2, 0x8c, 0x013e, 1 },
	{ CS_keybcs2, 0x8d, 0x013a, 1 },   { CS_keybcs2, 0x8f, 0x00c1, 1 },
	{ CS_keybcs2, 0x91, 0x017e, 1 },   { CS_keybcs2, 0x92, 0x017d, 1 },
	{ CS_keybcs2, 0x95, 0x00d3, 1 },   { CS_keybcs2, 0x96, 0x016f, 1 },
	{ CS_keybcs2, 0x97, 0x00da, 1 },   { CS_keybcs2, 0x98, 0x00fd, 1 },
	{ CS_keybcs2, 0x9b, 0x0160, 1 },   { CS_keybcs2, 0x9c, 0x013d, 1 },
	{ CS_keybcs2, 0x9d, 0x00dd, 1 },   { CS_keybcs2, 0x9e, 0x0158, 1 },
	{ CS_keybcs2, 0x9f, 0x0165, 1 },   { CS_keybcs2, 0xa4, 0x0148, 1 },
	{ CS_keybcs2, 0xa5, 0x0147, 1 },   { CS_keybcs2, 0xa6, 0x016e, 1 },
	{ CS_keybcs2, 0xa7, 0x00d4, 1 },   { CS_keybcs2, 0xa8, 0x0161, 1 },
	{ CS_keybcs2, 0xa9, 0x0159, 1 },   { CS_keybcs2, 0xaa, 0x0155, 1 },
	{ CS_keybcs2, 0xab, 0x0154, 1 },   { CS_koi8u, 0x95, 0x2022, 1 },
	{ CS_latin1, 0x81, 0x0081, 1 },	   { CS_latin1, 0x8d, 0x008d, 1 },
	{ CS_latin1, 0x8f, 0x008f, 2 },	   { CS_latin1, 0x9d, 0x009d, 1 },
	{ CS_macroman, 0xc6, 0x2206, 1 },  { CS_macroman, 0xf0, 0xf8ff, 1 },
	{ CS_sjis, 0x815f, 0x005c, 1 },	   { CS_swe7, 0x40, 0x00c9, 1 },
	{ CS_swe7, 0x5b, 0x00c4, 1 },	   { CS_swe7, 0x5c, 0x00d6, 1 },
	{ CS_swe7, 0x5d, 0x00c5, 1 },	   { CS_swe7, 0x5e, 0x00dc, 1 },
	{ CS_swe7, 0x60, 0x00e9, 1 },	   { CS_swe7, 0x7b, 0x00e4, 1 },
	{ CS_swe7, 0x7c, 0x00f6, 1 },	   { CS_swe7, 0x7d, 0x00e5, 1 },
	{ CS_swe7, 0x7e, 0x00fc, 1 },	   { CS_swe7, 0x7f, HOLE, 1 },
	{ CS_tis620, 0x80, 0x0080, 32 },   { CS_tis620, 0xa0, 0xfffd, 1 },
	{ CS_tis620, 0xdb, 0xfffd, 1 },	   { CS_tis620, 0xdc, 0xfffd, 1 },
	{ CS_tis620, 0xdd, 0xfffd, 1 },	   { CS_tis620, 0xde, 0xfffd, 1 },
	{ CS_tis620, 0xfc, 0xfffd, 1 },	   { CS_tis620, 0xfd, 0xfffd, 1 },
	{ CS_tis620, 0xfe, 0xfffd, 1 },	   { CS_tis620, 0xff, 0xfffd, 1 },
	{ CS_ujis, 0xa1c0, 0x005c, 1 },	   { CS_ujis, 0xf5a1, 0xe000, 940 },
	{ CS_ujis, 0x8fa2b7, 0x007e, 1 },  { CS_ujis, 0x8ff5a1, 0xe3ac, 940 },
};

/* In order of their codes: the fixes of four-byte ones. */
static const struct fix quad_fixes[] = {
	{ CS_gb18030, 19057, 0x9fb4, 8 },
	{ CS_gb18030, 39076, 0xfe10, 10 },
};

/* One character of `n` bytes, as iconv has it. */
static uint16_t convert(iconv_t converter, const uint8_t *at, size_t n)
{
	char bytes[4], pair[2], *in = bytes, *out = pair;
	size_t room = sizeof(pair);

	memcpy(bytes, at, n);
	iconv(converter, NULL, NULL, NULL, NULL);
	if (iconv(converter, &in, &n, &out, &room) != 0 || n || room)
		return HOLE;
	return (uint16_t)((uint8_t)pair[0] | (uint8_t)pair[1] << 8);
}

static uint16_t *new_cells(size_t count)
{
	uint16_t *cells = mem_array(count, sizeof(*cells));

	for (size_t i = 0; i < count; i++)
		cells[i] = TABLE_WRONG;
	return cells;
}

static bool in_ranges(const char *ranges, unsigned byte)
{
	for (; *ranges; ranges += 2)
		if (byte >= (uint8_t)ranges[0] && byte <= (uint8_t)ranges[1])
			return true;
	return false;
}

static bool is_pair(const struct layout *layout, unsigned code)
{
	return in_ranges(layout->lead, code >> 8) &&
	       in_ranges(layout->trail, code & 0xff);
}

static void fill_single(struct charset_table *table, iconv_t converter)
{
	for (unsigned i = 0; i < LENGTH(table->single); i++) {
		uint8_t byte = (uint8_t)i;

		table->single[i] =
			i < 0x80 ? (uint16_t)i : convert(converter, &byte, 1);
	}
}

static void fill_pairs(struct charset_table *table, const struct layout *layout,
		       iconv_t converter)
{
	table->pairs = new_cells(TABLE_PAIRS);
	for (unsigned code = 0; code < TABLE_PAIRS; code++) {
		const uint8_t bytes[] = { (uint8_t)(code >> 8), (uint8_t)code };

		if (!is_pair(layout, code))
			continue;
		table->pairs[code] = convert(converter, bytes, sizeof(bytes));
		table->single[bytes[0]] = TABLE_LEAD;
	}
	for (unsigned i = 0x80; i < LENGTH(table->single); i++)
		if (table->single[i] == HOLE)
			table->single[i] = TABLE_WRONG;
}

/* Both bytes behind 0x8f are as in a pair without 0x8e. */
static void fill_triples(struct charset_table *table,
			 const struct layout *layout, iconv_t converter)
{
	table->triples = new_cells(TABLE_PAIRS);
	for (unsigned code = 0; code < TABLE_PAIRS; code++) {
		const uint8_t bytes[] = { TRIPLE, (uint8_t)(code >> 8),
					  (uint8_t)code };

		if (in_ranges(layout->trail, bytes[1]) &&
		    in_ranges(layout->trail, bytes[2]))
			table->triples[code] =
				convert(converter, bytes, sizeof(bytes));
	}
	table->single[TRIPLE] = TABLE_LEAD;
}

static void fill_quads(struct charset_table *table, iconv_t converter)
{
	table->quads = new_cells(TABLE_QUADS);
	for (unsigned i = 0; i < TABLE_QUADS; i++) {
		const uint8_t bytes[] = { (uint8_t)(0x81 + i / 12600),
					  (uint8_t)('0' + i / 1260 % 10),
					  (uint8_t)(0x81 + i / 10 % 126),
					  (uint8_t)('0' + i % 10) };

		table->quads[i] = convert(converter, bytes, sizeof(bytes));
	}
}

/* The cell of a code, and *code's successor. */
static uint16_t *next_cell(struct charset_table *table, uint32_t *code)
{
	uint16_t *cells = *code > UINT16_MAX ? table->triples : table->pairs;
	uint32_t at = *code & UINT16_MAX;

	if (*code < LENGTH(table->single))
		return &table->single[(*code)++];
	for (++*code; cells[*code & UINT16_MAX] == TABLE_WRONG;)
		++*code;
	return &cells[at];
}

static void fix(struct charset_table *table, enum charset_index charset)
{
	for (size_t i = 0; i < LENGTH(fixes); i++) {
		uint32_t code = fixes[i].code;

		for (unsigned j = 0;
		     fixes[i].charset == charset && j < fixes[i].count; j++)
			*next_cell(table, &code) =
				fixes[i].character == HOLE
					? HOLE
					: (uint16_t)(fixes[i].character + j);
	}
	for (size_t i = 0; table->quads && i < LENGTH(quad_fixes); i++)
		for (unsigned j = 0; j < quad_fixes[i].count; j++)
			table->quads[quad_fixes[i].code + j] =
				(uint16_t)(quad_fixes[i].character + j);
}

bool charset_table_fill(struct charset_table *table, enum charset_index charset,
			const char *iconv_name)
{
	iconv_t none = (iconv_t)-1;
	iconv_t converter = iconv_open("UCS-2LE", iconv_name);

	if (converter == none)
		return false;
	fill_single(table, converter);
	for (size_t i = 0; i < LENGTH(layouts); i++) {
		if (layouts[i].charset != charset)
			continue;
		fill_pairs(table, &layouts[i], converter);
		if (layouts[i].triples)
			fill_triples(table, &layouts[i], converter);
		if (layouts[i].quads)
			fill_quads(table, converter);
	}
	iconv_close(converter);
	fix(table, charset);
	return true;
}

void charset_table_done(struct charset_table *table)
{
	free(table->pairs);
	free(table->triples);
	free(table->quads);
}
