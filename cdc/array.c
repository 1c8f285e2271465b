#include "cdc/array.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* Dimensions, has-nulls, element type, length, lower bound; all 4 bytes.
 * Then per element its length (-1: NULL) and its bytes. */
enum {
	HEADER = 20,
	KEEP = 256 * 1024,
	BYTES_MAX = 1000 * 1000 * 1000, /* the protocol's own limit is 1 GiB */
};

/* Object ids of pg_type, fixed since the beginning. */
static const uint32_t oids[] = {
	[ARRAY_TEXT] = 25, [ARRAY_INT2] = 21,  [ARRAY_INT4] = 23,
	[ARRAY_INT8] = 20, [ARRAY_BYTES] = 17,
};

void array_init(struct array *array)
{
	*array = (struct array){ 0 };
	buf_init(&array->bytes, BYTES_MAX);
}

void array_done(struct array *array)
{
	buf_done(&array->bytes);
}

void array_start(struct array *array, enum array_type type)
{
	static const char zeros[HEADER];

	buf_reset(&array->bytes, KEEP);
	array->type = type;
	array->count = 0;
	array->nulls = 0;
	buf_add(&array->bytes, zeros, HEADER);
}

static void add_element(struct array *array, const void *bytes, size_t n)
{
	const uint32_t length = htobe32((uint32_t)n);

	buf_add(&array->bytes, &length, sizeof(length));
	buf_add(&array->bytes, bytes, n);
	array->count++;
}

static void add_null(struct array *array)
{
	buf_add(&array->bytes, "\xff\xff\xff\xff", 4);
	array->count++;
	array->nulls++;
}

static bool add_number(struct array *array, struct str text)
{
	int64_t number;

	if (!str_to_i64(text, &number))
		return false;
	if (array->type == ARRAY_INT8) {
		array_add_int(array, number);
	} else if (array->type == ARRAY_INT4) {
		uint32_t wire = htobe32((uint32_t)number);

		if (number < INT32_MIN || number > INT32_MAX)
			return false;
		add_element(array, &wire, sizeof(wire));
	} else {
		uint16_t wire = htobe16((uint16_t)number);

		if (number < INT16_MIN || number > INT16_MAX)
			return false;
		add_element(array, &wire, sizeof(wire));
	}
	return true;
}

bool array_add(struct array *array, struct value value)
{
	if (!value_has(value)) {
		add_null(array);
		return true;
	}
	if (array->type == ARRAY_TEXT || array->type == ARRAY_BYTES) {
		add_element(array, value.at, value.n);
		return true;
	}
	return add_number(array, (struct str){ value.at, value.n });
}

void array_add_text(struct array *array, struct str text)
{
	assert(array->type == ARRAY_TEXT);
	add_element(array, text.at, text.n);
}

void array_add_int(struct array *array, int64_t number)
{
	uint64_t wire = htobe64((uint64_t)number);

	assert(array->type == ARRAY_INT8);
	add_element(array, &wire, sizeof(wire));
}

struct pg_param array_param(struct array *array)
{
	uint32_t header[HEADER / 4] = {
		htobe32(array->count > 0),
		htobe32(array->nulls > 0),
		htobe32(oids[array->type]),
		htobe32(array->count),
		htobe32(1),
	};

	assert(!array->bytes.failed); /* a batch is far below the limit */
	memcpy(array->bytes.at, header, HEADER);
	return (struct pg_param){
		.at = array->bytes.at,
		/* An empty array has no dimension that follows. */
		.n = array->count > 0 ? array->bytes.n : 12,
		.binary = true,
	};
}
