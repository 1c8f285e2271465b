/* One event of any bytes: parsed by what its type says, or refused. */
#include "base/err.h"
#include "base/str.h"
#include "cdc/binlog/control.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/gtid.h"
#include "cdc/binlog/payload.h"
#include "cdc/binlog/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_body(const struct event *event, struct err *err)
{
	struct format format;
	struct rotate rotate;
	struct query query;
	struct heartbeat beat;
	struct incident incident;
	struct xa_prepare prepare;
	struct gtid gtid;
	struct payload payload;
	uint64_t xid;
	bool pass;

	(void)!event_check_type(event, &pass, err);
	(void)!format_parse(event, &format, err);
	(void)!rotate_parse(event, &rotate, err);
	if (query_parse(event, &query, err) == 0) {
		query_kind(query.sql);
		query_starts_transaction(query.sql);
	}
	(void)!heartbeat_parse(event, &beat, err);
	(void)!incident_parse(event, &incident, err);
	(void)!xa_prepare_parse(event, &prepare, err);
	(void)!gtid_parse(event, &gtid, err);
	(void)!payload_parse(event, &payload, err);
	(void)!xid_parse(event, &xid, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct event event;

	if (event_parse(data, size, CHECKSUM_VERIFY, &event, &err))
		(void)!event_parse(data, size, CHECKSUM_SKIP, &event, &err);
	/* The header's size seldom fits: take the bytes as they are. */
	if (size >= EVENT_HEADER + EVENT_CHECKSUM) {
		event = (struct event){ .type = data[4],
					.size = (uint32_t)size,
					.body = reader_of(data, size) };
		reader_bytes(&event.body, EVENT_HEADER);
		parse_body(&event, &err);
	}
	return 0;
}
