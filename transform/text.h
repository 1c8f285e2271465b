/* Making a source value fit its target column's type.
 *
 * One codec for stream and snapshot. Nothing is allocated unless something has
 * to change; what is made then lives in the arena given. */
#ifndef TRANSFORM_TEXT_H
#define TRANSFORM_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fold.h"
#include "base/str.h"
#include "transform/value.h"

struct arena;
struct loss;

enum text_codec {
	TEXT_PLAIN,  /* taken as it is (bytea) */
	TEXT_NUMBER, /* decimal text; BIT's bytes become it */
	TEXT_UTF8,   /* no NUL, valid UTF-8 */
	TEXT_DATE,   /* a real day of year 1 to 9999, or NULL */
	TEXT_TIME    /* the same, with a time of day */
};

/* By the target's type as format_type() has it. */
enum text_codec text_codec_of(const char *type);

/* loss: counts what could not be kept; may be NULL. */
struct value text_fit(enum text_codec codec, struct value value,
		      struct arena *arena, struct loss *loss);

/* PostgreSQL's text can't hold NUL: dropped; what is not UTF-8 becomes
 * U+FFFD. */
struct value text_clean(struct value value, struct arena *arena,
			struct loss *loss);
/* Its key (base/fold.h), of clean text; NULL, counted, when that is too long
 * for an index. fold is not FOLD_NONE. */
struct value text_key(enum fold fold, struct value value, struct arena *arena,
		      struct loss *loss);
/* Is it a JSON number as it stands? */
bool text_is_number(struct str text);

#endif
