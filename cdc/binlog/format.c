#include "cdc/binlog/format.h"

#include <inttypes.h>
#include <string.h>

#include <libdeflate.h>

#include "base/err.h"
#include "cdc/binlog/types.h"

enum {
	LOG_VERSION = 4,
	FIXED = 2 + FORMAT_VERSION_MAX + 4 + 1,
	TAIL = 1 + EVENT_CHECKSUM, /* algorithm, CRC32 */
	FLAGS_AT = 17,		   /* of the header */
	ALG_OFF = 0,
	ALG_CRC32 = 1,
};

void format_init(struct format *format, enum event_checksum checksum)
{
	*format = (struct format){ .checksum = checksum };
	format->post_header[EVENT_TABLE_MAP] = 8;
	for (int i = EVENT_WRITE_ROWS_V1; i <= EVENT_DELETE_ROWS_V1; i++)
		format->post_header[i] = 8;
	for (int i = EVENT_WRITE_ROWS; i <= EVENT_DELETE_ROWS; i++)
		format->post_header[i] = 10;
}

/* Behind the post-header lengths stand an algorithm and a CRC, even when the
 * algorithm is "none"; but not of servers that know no checksums (MySQL before
 * 5.6.1, MariaDB before 5.3), which are none of ours. */
static bool has_tail(const char *server, bool mariadb)
{
	unsigned part[3] = { 0 }; /* major, minor, patch */
	const char *at = server;

	for (size_t i = 0; i < LENGTH(part); i++) {
		while (*at >= '0' && *at <= '9' && part[i] < 1000)
			part[i] = part[i] * 10 + (unsigned)(*at++ - '0');
		if (*at != '.')
			break;
		at++;
	}
	unsigned number = part[0] * 10000 + part[1] * 100 + part[2];
	return number >= (mariadb ? 50300u : 50601u);
}

/* The CRC covers the header as it was before the flag IN_USE was set. */
static bool crc_matches(const struct event *event, uint8_t alg)
{
	const uint8_t *start = event->body.at - EVENT_HEADER;
	size_t n = event->size - EVENT_CHECKSUM;
	uint8_t header[EVENT_HEADER];
	struct reader tail = reader_of(start + n, EVENT_CHECKSUM);
	uint32_t want = (uint32_t)reader_le(&tail, 4);

	memcpy(header, start, sizeof(header));
	header[FLAGS_AT] &= (uint8_t)~EVENT_IN_USE;
	uint32_t crc = libdeflate_crc32(0, header, sizeof(header));
	crc = libdeflate_crc32(crc, start + EVENT_HEADER, n - EVENT_HEADER - 1);
	return want == libdeflate_crc32(crc, &alg, 1);
}

static int read_tail(const struct event *event, struct reader *body,
		     struct format *format, struct err *err)
{
	if (!has_tail(format->server, format->mariadb))
		return err_set(err, ERR_OPERATOR,
			       "format description: server version %s: it is"
			       " too old",
			       format->server);
	if (reader_left(body) < TAIL)
		return err_set(err, ERR_CORRUPT,
			       "format description: truncated");

	uint8_t alg = body->end[-TAIL];
	body->end -= TAIL;
	if (alg != ALG_OFF && alg != ALG_CRC32)
		return err_set(err, ERR_OPERATOR,
			       "format description: checksum algorithm %u:"
			       " set binlog_checksum to CRC32",
			       alg);
	format->checksum = alg == ALG_CRC32 ? CHECKSUM_VERIFY : CHECKSUM_NONE;
	/* Without checksums its own may be of any age (it is not made again
	 * for a dump); but one that is right for a log with checksums shows
	 * that the algorithm was changed on the way. */
	if (crc_matches(event, ALG_CRC32) != (alg == ALG_CRC32))
		return err_set(err, ERR_CORRUPT,
			       "format description: wrong checksum");
	return 0;
}

int format_parse(const struct event *event, struct format *ret, struct err *err)
{
	struct reader body = event->body;
	struct format format = { 0 };

	uint64_t version = reader_le(&body, 2);
	const uint8_t *server = reader_bytes(&body, FORMAT_VERSION_MAX);
	format.created = (uint32_t)reader_le(&body, 4);
	uint64_t header = reader_le(&body, 1);
	if (body.failed)
		return err_set(err, ERR_CORRUPT,
			       "format description: truncated");
	if (version != LOG_VERSION || header != EVENT_HEADER)
		return err_set(err, ERR_OPERATOR,
			       "format description: log version %" PRIu64
			       " with headers of %" PRIu64
			       " bytes: the server is too old or not MySQL",
			       version, header);
	memcpy(format.server, server, FORMAT_VERSION_MAX);
	format.mariadb = strstr(format.server, "MariaDB") != NULL;
	if (read_tail(event, &body, &format, err))
		return err->code;

	size_t n = reader_left(&body);
	if (n < EVENT_TABLE_MAP || n > FORMAT_POST_HEADERS)
		return err_set(err, ERR_CORRUPT,
			       "format description: %zu post-header lengths",
			       n);
	memcpy(format.post_header + 1, body.at, n);
	*ret = format;
	return 0;
}
