/* Dates and times as the binlog packs them, as the text SELECT prints.
 *
 * Zero and impossible dates ("0000-00-00", "2021-02-31") are text like any
 * other: what to make of them is for the reader of the value. Sources: MySQL
 * sql-common/my_time.cc. */
#ifndef CDC_BINLOG_TEMPORAL_H
#define CDC_BINLOG_TEMPORAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TEMPORAL_TEXT_MAX = 40,
	TEMPORAL_DIGITS_MAX = 6, /* of a second's fraction */
};

/* Bytes that the fraction takes: 0 to 3. */
size_t temporal_fraction_width(unsigned digits);

/* `at` has the type's width; `digits` are those of the fraction, 0 to 6. All
 * return the length of the text, 0 when the bytes are no such value. */
size_t temporal_date(const uint8_t *at, char out[TEMPORAL_TEXT_MAX]);
size_t temporal_datetime(const uint8_t *at, unsigned digits,
			 char out[TEMPORAL_TEXT_MAX]);
/* In UTC; second 0 is the zero date. */
size_t temporal_timestamp(const uint8_t *at, unsigned digits,
			  char out[TEMPORAL_TEXT_MAX]);
size_t temporal_time(const uint8_t *at, unsigned digits,
		     char out[TEMPORAL_TEXT_MAX]);
size_t temporal_year(const uint8_t *at, char out[TEMPORAL_TEXT_MAX]);
/* The forms of columns made before MySQL 5.6 or MariaDB 10.1. */
size_t temporal_old_datetime(const uint8_t *at, char out[TEMPORAL_TEXT_MAX]);
size_t temporal_old_timestamp(const uint8_t *at, char out[TEMPORAL_TEXT_MAX]);
size_t temporal_old_time(const uint8_t *at, char out[TEMPORAL_TEXT_MAX]);

/* The 64-bit form inside JSON, always with six digits. */
size_t temporal_packed_date(int64_t packed, char out[TEMPORAL_TEXT_MAX]);
size_t temporal_packed_datetime(int64_t packed, char out[TEMPORAL_TEXT_MAX]);
size_t temporal_packed_time(int64_t packed, char out[TEMPORAL_TEXT_MAX]);

#endif
