#include "cdc/binlog/floating.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/str.h"

/* Digits as %e gives them: "d.ddde-07" → "dddd" and the power of ten. */
static size_t take_digits(const char *printed, char digits[20], int *point)
{
	size_t n = 0;
	const char *at = printed;

	for (; *at && *at != 'e'; at++)
		if (*at >= '0' && *at <= '9')
			digits[n++] = *at;
	*point = (int)strtol(at + 1, NULL, 10) + 1;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

static size_t put_zeros(char *out, int n)
{
	if (n <= 0)
		return 0;
	memset(out, '0', (size_t)n);
	return (size_t)n;
}

/* point: how many of the digits stand before the decimal point. */
static size_t lay_out(const char *digits, size_t n, int point, char *out)
{
	enum { F_FORMAT_MAX = 15 }; /* MySQL strings/dtoa.cc */
	size_t used = 0;

	if (point < -F_FORMAT_MAX + 1 || point > F_FORMAT_MAX) {
		out[used++] = digits[0];
		if (n > 1)
			out[used++] = '.';
		memcpy(out + used, digits + 1, n - 1);
		used += n - 1;
		return used + (size_t)snprintf(out + used, 8, "e%d", point - 1);
	}
	size_t whole = point <= 0 ? 0 : (size_t)point < n ? (size_t)point : n;
	memcpy(out, digits, whole);
	used = whole;
	if (point <= 0)
		out[used++] = '0';
	used += put_zeros(out + used, point - (int)n);
	if (whole == n)
		return used;
	out[used++] = '.';
	used += put_zeros(out + used, -point);
	memcpy(out + used, digits + whole, n - whole);
	return used + n - whole;
}

static size_t put_number(const char *printed, char *out)
{
	char digits[20] = { 0 };
	int point;
	bool negative = printed[0] == '-';
	size_t n = take_digits(printed + negative, digits, &point);

	if (negative)
		out[0] = '-';
	if (n == 1 && digits[0] == '0')
		point = 1;
	return negative + lay_out(digits, n, point, out + negative);
}

/* Most numbers people store have few digits: number = whole / 10^places with
 * both sides exact, so that the division rounds as reading the text does. The
 * fewest places are the shortest text. */
static bool put_short(double number, char *out, size_t *ret_n)
{
	static const double powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };
	const double exact = 1e15;
	double size = fabs(number);

	for (size_t places = 0; places < LENGTH(powers); places++) {
		char digits[STR_U64_MAX + LENGTH(powers)];
		double whole = size * powers[places];

		if (whole >= exact)
			return false;
		uint64_t integer = (uint64_t)(whole + 0.5);
		if ((double)integer / powers[places] != size)
			continue;
		if (integer == 0 && places)
			return false;
		size_t n = str_from_u64(digits, integer);
		if (signbit(number))
			*out++ = '-';
		*ret_n = lay_out(digits, n, (int)n - (int)places, out) +
			 (signbit(number) ? 1 : 0);
		return true;
	}
	return false;
}

bool floating_double(double number, char out[FLOATING_TEXT_MAX], size_t *ret_n)
{
	char printed[32];

	if (!isfinite(number))
		return false;
	if (put_short(number, out, ret_n))
		return true;
	/* Below the normal range fewer than 15 digits may do. */
	for (int digits = fabs(number) < DBL_MIN ? 0 : 14; digits <= 16;
	     digits++) {
		snprintf(printed, sizeof(printed), "%.*e", digits, number);
		if (strtod(printed, NULL) == number)
			break;
	}
	*ret_n = put_number(printed, out);
	return true;
}

bool floating_float(float number, char out[FLOATING_TEXT_MAX], size_t *ret_n)
{
	char printed[32];

	if (!isfinite(number))
		return false;
	for (int digits = fabsf(number) < FLT_MIN ? 0 : 5; digits <= 8;
	     digits++) {
		snprintf(printed, sizeof(printed), "%.*e", digits,
			 (double)number);
		if (strtof(printed, NULL) == number)
			break;
	}
	*ret_n = put_number(printed, out);
	return true;
}
