#include "cdc/binlog/temporal.h"

#include "base/reader.h"
#include "cdc/binlog/digits.h"

struct moment {
	uint64_t year;
	unsigned month, day, hour, minute, second, micro;
};

struct text {
	char *out;
	size_t n;
};

static void put_char(struct text *t, char c)
{
	t->out[t->n++] = c;
}

static void put_two(struct text *t, unsigned number)
{
	digits_two(t->out + t->n, number);
	t->n += 2;
}

static void put_date(struct text *t, const struct moment *m)
{
	digits_fixed(t->out + t->n, 4, (uint32_t)m->year);
	t->n += 4;
	put_char(t, '-');
	put_two(t, m->month);
	put_char(t, '-');
	put_two(t, m->day);
}

static void put_time(struct text *t, const struct moment *m, unsigned digits)
{
	if (m->hour >= 100)
		put_char(t, (char)('0' + m->hour / 100));
	put_two(t, m->hour % 100);
	put_char(t, ':');
	put_two(t, m->minute);
	put_char(t, ':');
	put_two(t, m->second);
	if (digits == 0)
		return;
	put_char(t, '.');
	digits_fixed(t->out + t->n, TEMPORAL_DIGITS_MAX, m->micro);
	t->n += digits;
}

static bool is_clock(const struct moment *m)
{
	return m->minute < 60 && m->second < 60 && m->micro < 1000000;
}

static size_t put_datetime(const struct moment *m, unsigned digits, char *out)
{
	struct text t = { out, 0 };

	if (!is_clock(m) || m->year > 9999 || m->month > 12 || m->day > 31 ||
	    m->hour > 23)
		return 0;
	put_date(&t, m);
	put_char(&t, ' ');
	put_time(&t, m, digits);
	return t.n;
}

static size_t put_signed_time(bool negative, const struct moment *m,
			      unsigned digits, char *out)
{
	struct text t = { out, 0 };

	if (!is_clock(m) || m->hour > 838)
		return 0;
	if (negative)
		put_char(&t, '-');
	put_time(&t, m, digits);
	return t.n;
}

size_t temporal_fraction_width(unsigned digits)
{
	return (digits + 1) / 2;
}

static uint64_t le(const uint8_t *at, size_t width)
{
	struct reader r = reader_of(at, width);

	return reader_le(&r, width);
}

static uint64_t be(const uint8_t *at, size_t width)
{
	struct reader r = reader_of(at, width);

	return reader_be(&r, width);
}

/* The fraction's bytes count hundredths, ten-thousandths or millionths. */
static unsigned micros_in(const uint8_t *at, unsigned digits)
{
	static const unsigned unit[] = { 0, 10000, 100, 1 };
	size_t width = temporal_fraction_width(digits);

	return (unsigned)be(at, width) * unit[width];
}

size_t temporal_date(const uint8_t *at, char out[TEMPORAL_TEXT_MAX])
{
	unsigned packed = (unsigned)le(at, 3);
	struct moment m = { .year = packed >> 9,
			    .month = packed >> 5 & 15,
			    .day = packed & 31 };
	struct text t = { out, 0 };

	if (m.month > 12 || m.year > 9999)
		return 0;
	put_date(&t, &m);
	return t.n;
}

/* year * 13 + month, 5 bits of day, 5 of hour, 6 of minute, 6 of second */
static struct moment unpack(uint64_t packed, unsigned micro)
{
	uint64_t months = packed >> 22;

	return (struct moment){
		.year = months / 13,
		.month = (unsigned)(months % 13),
		.day = packed >> 17 & 31,
		.hour = packed >> 12 & 31,
		.minute = packed >> 6 & 63,
		.second = packed & 63,
		.micro = micro,
	};
}

size_t temporal_datetime(const uint8_t *at, unsigned digits,
			 char out[TEMPORAL_TEXT_MAX])
{
	const uint64_t bias = UINT64_C(1) << 39;
	uint64_t packed = be(at, 5);

	if (packed < bias)
		return 0;
	struct moment m = unpack(packed - bias, micros_in(at + 5, digits));
	return put_datetime(&m, digits, out);
}

/* Days since 1970-01-01 to a date of the Gregorian calendar: the year is
 * taken to begin in March, so that the leap day is its last. */
static void set_date(struct moment *m, uint32_t days)
{
	uint32_t z = days + 719468; /* since 0000-03-01 */
	uint32_t era = z / 146097, of_era = z % 146097;
	uint32_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
		365;
	uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * of_year + 2) / 153;

	m->day = of_year - (153 * month + 2) / 5 + 1;
	m->month = month < 10 ? month + 3 : month - 9;
	m->year = year + era * 400 + (m->month <= 2);
}

static size_t put_timestamp(uint32_t seconds, unsigned micro, unsigned digits,
			    char *out)
{
	struct moment m = { .hour = seconds / 3600 % 24,
			    .minute = seconds / 60 % 60,
			    .second = seconds % 60,
			    .micro = micro };

	if (seconds == 0 && micro == 0)
		m = (struct moment){ 0 };
	else
		set_date(&m, seconds / 86400);
	return put_datetime(&m, digits, out);
}

size_t temporal_timestamp(const uint8_t *at, unsigned digits,
			  char out[TEMPORAL_TEXT_MAX])
{
	return put_timestamp((uint32_t)be(at, 4), micros_in(at + 4, digits),
			     digits, out);
}

static size_t put_packed_time(int64_t packed, unsigned digits, char *out)
{
	bool negative = packed < 0;
	uint64_t size = negative ? 0 - (uint64_t)packed : (uint64_t)packed;
	uint64_t clock = size >> 24;
	struct moment m = {
		.hour = clock >> 12 & 1023,
		.minute = clock >> 6 & 63,
		.second = clock & 63,
		.micro = size & 0xffffff,
	};

	return put_signed_time(negative, &m, digits, out);
}

/* Seconds and fraction are one number with a sign; the bytes of both hold it
 * plus a bias, so that they sort. */
size_t temporal_time(const uint8_t *at, unsigned digits,
		     char out[TEMPORAL_TEXT_MAX])
{
	static const int unit[] = { 0, 10000, 100, 1 };
	size_t width = temporal_fraction_width(digits);
	int64_t bias = INT64_C(0x800000) << (8 * width);
	int64_t raw = (int64_t)be(at, 3 + width) - bias;
	uint64_t size = raw < 0 ? 0 - (uint64_t)raw : (uint64_t)raw;
	uint64_t fraction = size & ((UINT64_C(1) << (8 * width)) - 1);
	int64_t packed = (int64_t)((size >> (8 * width)) << 24 |
				   fraction * (uint64_t)unit[width]);

	return put_packed_time(raw < 0 ? -packed : packed, digits, out);
}

size_t temporal_year(const uint8_t *at, char out[TEMPORAL_TEXT_MAX])
{
	digits_fixed(out, 4, *at ? 1900u + *at : 0);
	return 4;
}

size_t temporal_old_datetime(const uint8_t *at, char out[TEMPORAL_TEXT_MAX])
{
	uint64_t number = le(at, 8); /* YYYYMMDDhhmmss */
	unsigned clock = (unsigned)(number % 1000000);
	unsigned day = (unsigned)(number / 1000000 % 10000);
	struct moment m = {
		.year = number / 10000000000,
		.month = day / 100,
		.day = day % 100,
		.hour = clock / 10000,
		.minute = clock / 100 % 100,
		.second = clock % 100,
	};

	return put_datetime(&m, 0, out);
}

size_t temporal_old_timestamp(const uint8_t *at, char out[TEMPORAL_TEXT_MAX])
{
	return put_timestamp((uint32_t)le(at, 4), 0, 0, out);
}

size_t temporal_old_time(const uint8_t *at, char out[TEMPORAL_TEXT_MAX])
{
	int32_t number = (int32_t)((uint32_t)le(at, 3) << 8) >> 8;
	bool negative = number < 0;
	uint32_t size = (uint32_t)(negative ? -number : number); /* hhhmmss */
	struct moment m = { .hour = size / 10000,
			    .minute = size / 100 % 100,
			    .second = size % 100 };

	return put_signed_time(negative, &m, 0, out);
}

size_t temporal_packed_datetime(int64_t packed, char out[TEMPORAL_TEXT_MAX])
{
	if (packed < 0)
		return 0;
	struct moment m = unpack((uint64_t)packed >> 24, packed & 0xffffff);
	return put_datetime(&m, TEMPORAL_DIGITS_MAX, out);
}

size_t temporal_packed_date(int64_t packed, char out[TEMPORAL_TEXT_MAX])
{
	return temporal_packed_datetime(packed, out) ? 10 : 0;
}

size_t temporal_packed_time(int64_t packed, char out[TEMPORAL_TEXT_MAX])
{
	return put_packed_time(packed, TEMPORAL_DIGITS_MAX, out);
}
