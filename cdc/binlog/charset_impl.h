/* What the files of charset.h share; not for others.
 *
 *   charset.c        names, collation ids, reading
 *   charset_table.c  the characters of the charsets that are not Unicode's */
#ifndef CDC_BINLOG_CHARSET_IMPL_H
#define CDC_BINLOG_CHARSET_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/binlog/charset.h"

/*	X(name, kind, iconv's name of it, or of the one it is made from) */
#define CHARSETS(X)                                                            \
	X(armscii8, TABLE, "ARMSCII-8")                                        \
	X(ascii, TABLE, "ANSI_X3.4-1968")                                      \
	X(big5, TABLE, "BIG5")                                                 \
	X(binary, BINARY, NULL)                                                \
	X(cp1250, TABLE, "CP1250")                                             \
	X(cp1251, TABLE, "CP1251")                                             \
	X(cp1256, TABLE, "CP1256")                                             \
	X(cp1257, TABLE, "CP1257")                                             \
	X(cp850, TABLE, "CP850")                                               \
	X(cp852, TABLE, "CP852")                                               \
	X(cp866, TABLE, "CP866")                                               \
	X(cp932, TABLE, "CP932")                                               \
	X(dec8, TABLE, "DEC-MCS")                                              \
	X(eucjpms, TABLE, "EUC-JP-MS")                                         \
	X(euckr, TABLE, "UHC")                                                 \
	X(gb18030, TABLE, "GB18030")                                           \
	X(gb2312, TABLE, "EUC-CN")                                             \
	X(gbk, TABLE, "CP936")                                                 \
	X(geostd8, TABLE, "ISO-8859-1")                                        \
	X(greek, TABLE, "ISO-8859-7")                                          \
	X(hebrew, TABLE, "ISO-8859-8")                                         \
	X(hp8, TABLE, "HP-ROMAN8")                                             \
	X(keybcs2, TABLE, "CP437")                                             \
	X(koi8r, TABLE, "KOI8-R")                                              \
	X(koi8u, TABLE, "KOI8-U")                                              \
	X(latin1, TABLE, "CP1252")                                             \
	X(latin2, TABLE, "ISO-8859-2")                                         \
	X(latin5, TABLE, "ISO-8859-9")                                         \
	X(latin7, TABLE, "ISO-8859-13")                                        \
	X(macce, TABLE, "MAC-CENTRALEUROPE")                                   \
	X(macroman, TABLE, "MACINTOSH")                                        \
	X(sjis, TABLE, "SHIFT_JIS")                                            \
	X(swe7, TABLE, "ANSI_X3.4-1968")                                       \
	X(tis620, TABLE, "TIS-620")                                            \
	X(ucs2, UCS2, NULL)                                                    \
	X(ujis, TABLE, "EUC-JP")                                               \
	X(utf16, UTF16, NULL)                                                  \
	X(utf16le, UTF16LE, NULL)                                              \
	X(utf32, UTF32, NULL)                                                  \
	X(utf8mb3, UTF8, NULL)                                                 \
	X(utf8mb4, UTF8, NULL)

#define CHARSET_ENUM(name, kind, iconv) CS_##name,
enum charset_index { CHARSETS(CHARSET_ENUM) CS_COUNT };
#undef CHARSET_ENUM

/* Characters of the Basic Multilingual Plane, or one of these, which as
 * surrogates are none: */
enum {
	TABLE_LEAD = 0xd800,  /* the first byte of a longer one */
	TABLE_WRONG = 0xd801, /* no character begins so */
	TABLE_HOLE = 0xd802,  /* well-formed, but Unicode has it not */
};

enum {
	TABLE_PAIRS = 65536,
	TABLE_QUADS = 39420,   /* gb18030: what it has in four bytes below… */
	TABLE_PLANES = 189000, /* …this, where U+10000 is */
};

struct charset_table {
	uint16_t single[256];
	/* Owned; by two bytes, big-endian. NULL: has none. */
	uint16_t *pairs;
	uint16_t *triples; /* behind 0x8f */
	uint16_t *quads;
};

/* False: iconv does not know the charset. */
bool charset_table_fill(struct charset_table *table, enum charset_index charset,
			const char *iconv_name);
void charset_table_done(struct charset_table *table);

#endif
