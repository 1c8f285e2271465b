#include "cdc/binlog/event.h"

#include <inttypes.h>

#include <libdeflate.h>

#include "base/err.h"
#include "cdc/binlog/types.h"

static const struct {
	const char *name; /* NULL: a number nobody has given out */
	enum event_use use;
	const char *cure;
} types[256] = {
#define EVENT_ROW(name, code, use, cure) [code] = { #name, EVENT_##use, cure },
	EVENT_TYPES(EVENT_ROW)
#undef EVENT_ROW
};

/* libdeflate's is three times as fast as zlib's, and most of what an event of
 * no interest costs. */
uint32_t event_crc(const void *bytes, size_t n)
{
	return libdeflate_crc32(0, bytes, n);
}

static int check_crc(const uint8_t *bytes, size_t n, struct err *err)
{
	struct reader tail =
		reader_of(bytes + n - EVENT_CHECKSUM, EVENT_CHECKSUM);
	uint32_t want = (uint32_t)reader_le(&tail, 4);
	uint32_t have = event_crc(bytes, n - EVENT_CHECKSUM);

	if (want == have)
		return 0;
	return err_set(err, ERR_CORRUPT,
		       "event of %zu bytes: checksum %08" PRIx32
		       ", computed %08" PRIx32,
		       n, want, have);
}

int event_parse(const void *bytes, size_t n, enum event_checksum checksum,
		struct event *ret, struct err *err)
{
	struct reader r = reader_of(bytes, n);
	struct event event = {
		.timestamp = (uint32_t)reader_le(&r, 4),
		.type = (uint8_t)reader_le(&r, 1),
		.server_id = (uint32_t)reader_le(&r, 4),
		.size = (uint32_t)reader_le(&r, 4),
		.log_pos = (uint32_t)reader_le(&r, 4),
		.flags = (uint16_t)reader_le(&r, 2),
	};

	if (r.failed)
		return err_set(err, ERR_CORRUPT, "event: %zu bytes", n);
	if (event.size != n || n > EVENT_SIZE_MAX)
		return err_set(err, ERR_CORRUPT,
			       "event of %zu bytes says it has %" PRIu32, n,
			       event.size);
	if (checksum != CHECKSUM_NONE &&
	    event.type != EVENT_FORMAT_DESCRIPTION) {
		if (reader_left(&r) < EVENT_CHECKSUM)
			return err_set(err, ERR_CORRUPT,
				       "event: no room for a checksum");
		r.end -= EVENT_CHECKSUM;
		if (checksum == CHECKSUM_VERIFY && check_crc(bytes, n, err))
			return err->code;
	}
	event.body = r;
	*ret = event;
	return 0;
}

int event_check_type(const struct event *event, bool *ret_pass, struct err *err)
{
	const char *name = types[event->type].name;

	if (name && types[event->type].use != EVENT_REFUSED) {
		*ret_pass = types[event->type].use == EVENT_PASSED;
		return 0;
	}
	if (event->flags & EVENT_IGNORABLE_F) {
		*ret_pass = true;
		return 0;
	}
	if (!name)
		return err_set(err, ERR_OPERATOR,
			       "event type %u ending at %" PRIu32
			       " is not known and may not be ignored: use a"
			       " newer ficus, or an older server",
			       event->type, event->log_pos);
	return err_set(err, ERR_OPERATOR,
		       "event type %u (%s) ending at %" PRIu32
		       " is not decoded: %s, then resync",
		       event->type, name, event->log_pos,
		       types[event->type].cure);
}

const char *event_type_name(uint8_t type)
{
	return types[type].name ? types[type].name : "unknown";
}

bool event_is_rows(uint8_t type)
{
	return (type >= EVENT_WRITE_ROWS_V1 && type <= EVENT_DELETE_ROWS_V1) ||
	       (type >= EVENT_WRITE_ROWS && type <= EVENT_DELETE_ROWS) ||
	       type == EVENT_PARTIAL_UPDATE_ROWS ||
	       (type >= EVENT_WRITE_ROWS_COMPRESSED_V1 &&
		type <= EVENT_DELETE_ROWS_COMPRESSED);
}

bool event_is_fake(const struct event *event)
{
	return event->timestamp == 0 || (event->flags & EVENT_ARTIFICIAL);
}
