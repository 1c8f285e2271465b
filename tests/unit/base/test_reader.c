#include "tests/lib/test.h"

#include "base/reader.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

TEST(numbers_are_read_in_both_orders)
{
	struct reader r = reader_of(bytes, sizeof(bytes));

	assert_int_equal(reader_le(&r, 0), 0);
	assert_int_equal(reader_le(&r, 2), 0x0201);
	assert_int_equal(reader_be(&r, 3), 0x030405);
	assert_int_equal(reader_left(&r), 4);
	r = reader_of(bytes, sizeof(bytes));
	assert_int_equal(reader_le(&r, 8), 0x0807060504030201);
	r = reader_of(bytes, sizeof(bytes));
	assert_int_equal(reader_be(&r, 8), 0x0102030405060708);
	assert_false(r.failed);
}

TEST(reading_past_the_end_fails_and_stays_failed)
{
	struct reader r = reader_of(bytes, 3);

	assert_int_equal(reader_le(&r, 4), 0);
	assert_true(r.failed);
	assert_int_equal(reader_le(&r, 1), 0);
	assert_int_equal(reader_be(&r, 1), 0);
	assert_null(reader_bytes(&r, 0));
	r = reader_of(bytes, 3);
	assert_null(reader_bytes(&r, SIZE_MAX));
	assert_true(r.failed);
}

TEST(nothing_is_a_reader_of_no_bytes)
{
	struct reader r = reader_of(NULL, 0);

	assert_int_equal(reader_left(&r), 0);
	assert_false(r.failed);
	assert_int_equal(reader_le(&r, 1), 0);
	assert_true(r.failed);
}

TEST(a_part_cannot_leave_its_bounds)
{
	struct reader r = reader_of(bytes, sizeof(bytes));
	struct reader part = reader_sub(&r, 2);

	assert_int_equal(reader_le(&part, 2), 0x0201);
	assert_int_equal(reader_le(&part, 1), 0);
	assert_true(part.failed);
	assert_int_equal(reader_le(&r, 1), 3);
	part = reader_sub(&r, 100);
	assert_true(part.failed);
	assert_true(r.failed);
	part = reader_sub(&r, 0);
	assert_true(part.failed);
}

static uint64_t lenenc(const uint8_t *at, size_t n, bool *failed)
{
	struct reader r = reader_of(at, n);
	uint64_t value = reader_lenenc(&r);

	*failed = r.failed;
	return value;
}

TEST(length_encoded_integers)
{
	static const uint8_t one[] = { 0xfa }, two[] = { 0xfc, 1, 2 },
			     three[] = { 0xfd, 1, 2, 3 },
			     eight[] = { 0xfe, 1, 0, 0, 0, 0, 0, 0, 0x80 },
			     null[] = { 0xfb }, wrong[] = { 0xff };
	bool failed;

	assert_int_equal(lenenc(one, 1, &failed), 0xfa);
	assert_false(failed);
	assert_int_equal(lenenc(two, 3, &failed), 0x0201);
	assert_int_equal(lenenc(three, 4, &failed), 0x030201);
	assert_int_equal(lenenc(eight, 9, &failed), 0x8000000000000001);
	assert_false(failed);
	lenenc(null, 1, &failed);
	assert_true(failed);
	lenenc(wrong, 1, &failed);
	assert_true(failed);
	for (size_t n = 0; n < sizeof(eight); n++) {
		assert_int_equal(lenenc(eight, n, &failed), 0);
		assert_true(failed);
	}
}

RUN(CASE(numbers_are_read_in_both_orders),
    CASE(reading_past_the_end_fails_and_stays_failed),
    CASE(nothing_is_a_reader_of_no_bytes), CASE(a_part_cannot_leave_its_bounds),
    CASE(length_encoded_integers))
