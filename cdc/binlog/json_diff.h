/* A partial update of a JSON column (PARTIAL_UPDATE_ROWS): what was changed in
 * the document of the image before, as a sequence of differences.
 *
 * Each is u8 operation (0 replace, 1 insert, 2 remove), a path with its
 * length, and but for remove a binary JSON value with its length. They apply
 * one after the other. Sources: MySQL sql/json_diff.h, sql/json_dom.cc
 * (apply_json_diff). */
#ifndef CDC_BINLOG_JSON_DIFF_H
#define CDC_BINLOG_JSON_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/reader.h"

struct arena;
struct buf;

enum json_diff_result {
	JSON_DIFF_APPLIED,
	/* The document has no such place, or none that is understood: the
	 * server would refuse it, too. The value is unknown. */
	JSON_DIFF_UNFIT,
	JSON_DIFF_CORRUPT, /* the bytes cannot be right */
};

/* The text of the document `base` after the differences, as of SELECT, is
 * appended to *out, whose max must be json_diff_text_max(). Scratch goes to
 * the arena. */
enum json_diff_result json_diff_format(struct reader base, struct reader diffs,
				       struct arena *arena,
				       struct buf *out) MUST_CHECK;

size_t json_diff_text_max(struct reader base, struct reader diffs);

#endif
