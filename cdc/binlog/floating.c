#include "cdc/binlog/floating.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/str.h"

enum { PRINTED = 32 };

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

	if (point < -F_FORMAT_MAX + 1 ||
	    (point > F_FORMAT_MAX && n <= (size_t)point)) {
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

/* The fewest digits that read back, as %e prints them. Below the normal range
 * fewer than 15 may do. */
static void print_shortest(double number, char printed[PRINTED])
{
	for (int digits = fabs(number) < DBL_MIN ? 0 : 14; digits <= 16;
	     digits++) {
		snprintf(printed, PRINTED, "%.*e", digits, number);
		if (strtod(printed, NULL) == number)
			break;
	}
}

bool floating_double(double number, char out[FLOATING_TEXT_MAX], size_t *ret_n)
{
	char printed[PRINTED];

	if (!isfinite(number))
		return false;
	if (put_short(number, out, ret_n))
		return true;
	print_shortest(number, printed);
	*ret_n = put_number(printed, out);
	return true;
}

bool floating_float(float number, char out[FLOATING_TEXT_MAX], size_t *ret_n)
{
	char printed[PRINTED];

	if (!isfinite(number))
		return false;
	snprintf(printed, sizeof(printed), "%.*e", FLT_DIG - 1, (double)number);
	*ret_n = put_number(printed, out);
	return true;
}

/* Digits with `places` behind the point, all of which there is room for. */
static size_t lay_out_fixed(const char *digits, size_t n, int point,
			    unsigned places, char *out)
{
	size_t whole = point <= 0 ? 0 : (size_t)point < n ? (size_t)point : n;
	size_t used = whole, zeros = point < 0 ? (size_t)-point : 0;

	memcpy(out, digits, whole);
	if (point <= 0)
		out[used++] = '0';
	used += put_zeros(out + used, point - (int)n);
	if (places == 0)
		return used;
	out[used++] = '.';
	if (zeros > places)
		zeros = places;
	used += put_zeros(out + used, (int)zeros);
	memcpy(out + used, digits + whole, n - whole);
	used += n - whole;
	return used +
	       put_zeros(out + used, (int)(places - zeros - (n - whole)));
}

bool floating_fixed(double number, unsigned places,
		    char out[FLOATING_FIXED_MAX], size_t *ret_n)
{
	char printed[PRINTED], digits[20] = { 0 };
	int point;

	if (!isfinite(number) || places > FLOATING_PLACES_MAX)
		return false;
	print_shortest(number, printed);
	size_t negative = printed[0] == '-';
	size_t n = take_digits(printed + negative, digits, &point);
	if (number == 0.0) {
		n = 0;
		point = 0;
	}
	if ((int)n - point > (int)places) {
		*ret_n = (size_t)snprintf(out, FLOATING_FIXED_MAX, "%.*f",
					  (int)places, number);
		return true;
	}
	if (negative)
		out[0] = '-';
	*ret_n = negative +
		 lay_out_fixed(digits, n, point, places, out + negative);
	return true;
}
