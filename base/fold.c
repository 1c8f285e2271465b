#include "base/fold.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/defs.h"
#include "base/utf8.h"

/* ---- Tables ---- */

enum table_name { TABLE_NONE, TABLE_GENERAL, TABLE_UNICODE, TABLE_UCA900 };

/* What a page's entry is, if not the one weight, or 0 for none. */
enum {
	SELF = 0x7ffb, /* the character itself */
	TANGUT,	       /* weights of UCA's formula for ideographs */
	CORE,	       /* likewise: unified ideographs */
	EXTENSION,     /* likewise: extensions of them */
	OTHER,	       /* likewise: no ideographs */
	SEQUENCE,      /* and above: place in the pool, of count and weights */
};

struct table {
	const uint16_t *index; /* page by the character's upper bits */
	const uint16_t *pool;
	uint32_t index_count; /* what is above has the weight of U+FFFD */
	bool hangul;	      /* a syllable has the weights of its letters */
};

#include "base/fold_table.inc"

enum {
	WEIGHTS_MAX = 32, /* of one character; U+FDFA has 18 */
	HANGUL_FIRST = 0xac00,
	HANGUL_LAST = 0xd7a3,
	LEAD = 0x1100,
	VOWEL = 0x1161,
	TRAIL = 0x11a7,
	TRAILS = 28,
	SYLLABLES = 21 * TRAILS, /* with the same lead */
	PLANE = 0x10000,
	REPLACEMENT = 0xfffd,
};

static size_t two(uint32_t base, uint32_t c, uint16_t *ret)
{
	ret[0] = (uint16_t)(base + (c >> 15));
	ret[1] = (uint16_t)((c & 0x7fff) | 0x8000);
	return 2;
}

static size_t weights_at(const struct table *table, uint32_t c, uint16_t *ret)
{
	uint16_t entry;

	if (c >> 8 >= table->index_count) {
		*ret = REPLACEMENT;
		return 1;
	}
	entry = pages[table->index[c >> 8]][c & 0xff];
	switch (entry) {
	case 0:
		return 0;
	case SELF:
		*ret = (uint16_t)c;
		return 1;
	case TANGUT:
		ret[0] = 0xfb00;
		ret[1] = (uint16_t)((c - 0x17000) | 0x8000);
		return 2;
	case CORE:
		return two(0xfb40, c, ret);
	case EXTENSION:
		return two(0xfb80, c, ret);
	case OTHER:
		return two(0xfbc0, c, ret);
	default:
		break;
	}
	if (entry < SEQUENCE) {
		*ret = entry;
		return 1;
	}

	const uint16_t *sequence = &table->pool[entry - SEQUENCE];
	assert(*sequence <= WEIGHTS_MAX);
	memcpy(ret, sequence + 1, *sequence * sizeof(*ret));
	return *sequence;
}

static size_t weights_of(const struct table *table, uint32_t c, uint16_t *ret)
{
	uint32_t i = c - HANGUL_FIRST;
	size_t n;

	if (!table->hangul || c < HANGUL_FIRST || c > HANGUL_LAST)
		return weights_at(table, c, ret);
	n = weights_at(table, LEAD + i / SYLLABLES, ret);
	n += weights_at(table, VOWEL + i % SYLLABLES / TRAILS, ret + n);
	if (i % TRAILS)
		n += weights_at(table, TRAIL + i % TRAILS, ret + n);
	return n;
}

/* ---- Keys ---- */

static const struct fold_row {
	char letter;
	uint8_t table; /* enum table_name */
	bool pad;
} folds[] = {
#define FOLD_ROW(name, letter, table, pad)                                     \
	[FOLD_##name] = { letter, TABLE_##table, pad },
	FOLDS(FOLD_ROW)
#undef FOLD_ROW
};

/* Weights from 0x8000 on go beyond the BMP, where no surrogates are. */
static size_t put(uint32_t weight, char *to)
{
	if (weight < 0x80) {
		to[0] = (char)weight;
		return 1;
	}
	if (weight < 0x800) {
		to[0] = (char)(0xc0 | weight >> 6);
		to[1] = (char)(0x80 | (weight & 0x3f));
		return 2;
	}
	if (weight < 0x8000) {
		to[0] = (char)(0xe0 | weight >> 12);
		to[1] = (char)(0x80 | (weight >> 6 & 0x3f));
		to[2] = (char)(0x80 | (weight & 0x3f));
		return 3;
	}
	weight += PLANE;
	to[0] = (char)(0xf0 | weight >> 18);
	to[1] = (char)(0x80 | (weight >> 12 & 0x3f));
	to[2] = (char)(0x80 | (weight >> 6 & 0x3f));
	to[3] = (char)(0x80 | (weight & 0x3f));
	return 4;
}

/* A key in the making. */
struct key {
	char *at;
	size_t n, blanks; /* blanks: at the end, not written yet */
	bool too_long;
};

static void add(struct key *key, uint32_t weight)
{
	if (weight == ' ') {
		key->blanks++;
		return;
	}
	if (key->blanks > FOLD_KEY_MAX - 4 ||
	    key->n + key->blanks > FOLD_KEY_MAX - 4) {
		key->too_long = true;
		return;
	}
	memset(key->at + key->n, ' ', key->blanks);
	key->n += key->blanks;
	key->blanks = 0;
	key->n += put(weight, key->at + key->n);
}

static void add_character(struct key *key, const struct table *table,
			  uint32_t c)
{
	uint16_t weights[WEIGHTS_MAX];
	size_t n = weights_of(table, c, weights);

	for (size_t i = 0; i < n; i++)
		add(key, weights[i]);
}

/* The text itself. */
static size_t binary_key(const struct fold_row *row, struct str text, char *out)
{
	while (row->pad && text.n > 0 && text.at[text.n - 1] == ' ')
		text.n--;
	if (text.n > FOLD_KEY_MAX - 2 || !utf8_valid(text))
		return 0;
	if (text.n)
		memcpy(out + 2, text.at, text.n);
	return text.n + 2;
}

size_t fold_key(enum fold fold, struct str text, char *out)
{
	const struct fold_row *row = &folds[fold];
	struct key key = { .at = out, .n = 2 };

	assert(fold != FOLD_NONE);
	out[0] = row->letter;
	out[1] = ':';
	if (row->table == TABLE_NONE)
		return binary_key(row, text, out);
	while (text.n > 0 && !key.too_long) {
		uint32_t c;
		size_t n = utf8_next(text, &c);

		if (n == 0)
			return 0;
		add_character(&key, &tables[row->table], c);
		text.at += n;
		text.n -= n;
	}
	if (row->pad)
		key.blanks = 0;
	if (key.too_long || key.n + key.blanks > FOLD_KEY_MAX)
		return 0;
	memset(out + key.n, ' ', key.blanks);
	return key.n + key.blanks;
}

/* ---- Names ---- */

enum fold fold_of(const char *collation)
{
	static const struct {
		const char *rest;
		enum fold fold;
	} unicode[] = {
		{ "general_ci", FOLD_GENERAL },
		{ "general_nopad_ci", FOLD_GENERAL_NOPAD },
		{ "unicode_ci", FOLD_UNICODE },
		{ "unicode_nopad_ci", FOLD_UNICODE_NOPAD },
		{ "0900_ai_ci", FOLD_UCA900 },
	};
	static const char *const charsets[] = { "utf8", "utf8mb3", "utf8mb4" };
	struct str name = str_of(collation);
	struct str charset = str_split(&name, '_');

	if (str_ends(str_of(collation), "_nopad_bin") ||
	    str_ends(str_of(collation), "_0900_bin"))
		return FOLD_BINARY_NOPAD;
	if (str_ends(str_of(collation), "_bin"))
		return FOLD_BINARY;
	for (size_t i = 0; i < LENGTH(charsets); i++)
		for (size_t j = 0; j < LENGTH(unicode); j++)
			if (str_eqs(charset, charsets[i]) &&
			    str_eqs(name, unicode[j].rest))
				return unicode[j].fold;
	return FOLD_UNKNOWN;
}
