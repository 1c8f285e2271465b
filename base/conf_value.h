/* One setting's value, between text and field. */
#ifndef BASE_CONF_VALUE_H
#define BASE_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct arena;
struct buf;
struct conf_row;
struct err;

/* Fill the row's field in the struct at base. The error says what is expected
 * and not where. bare_seconds: a TIME without a unit is in seconds. */
int conf_value_parse(const struct conf_row *row, struct str text,
		     bool bare_seconds, void *base, struct arena *texts,
		     struct err *err) MUST_CHECK;

/* Append the field as YAML that parses to the same. */
void conf_value_print(const struct conf_row *row, const void *base,
		      struct buf *out);
/* Append a number in the row's unit: 90000 of a TIME is "90s". */
void conf_value_number(const struct conf_row *row, int64_t number,
		       struct buf *out);
/* What a CHOICE chooses from: "a|b|c". */
struct str conf_value_choices(const struct conf_row *row);

#endif
