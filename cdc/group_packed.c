#include "cdc/group_packed.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/deflated.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/fragments.h"
#include "cdc/binlog/payload.h"
#include "cdc/binlog/types.h"

enum { KEEP = 1024 * 1024 };

struct packed {
	struct payload_stream *payload; /* owned */
	struct fragments fragments;
	struct buf scratch;
};

struct packed *packed_new(size_t max)
{
	struct packed *packed = mem_zalloc(sizeof(*packed));

	packed->payload = payload_stream_new(max);
	fragments_init(&packed->fragments, max);
	buf_init(&packed->scratch, max);
	return packed;
}

void packed_free(struct packed *packed)
{
	if (!packed)
		return;
	payload_stream_free(packed->payload);
	fragments_done(&packed->fragments);
	buf_done(&packed->scratch);
	free(packed);
}

void packed_drop(struct packed *packed)
{
	fragments_drop(&packed->fragments);
	buf_reset(&packed->scratch, KEEP);
}

struct buf *packed_scratch(struct packed *packed)
{
	return &packed->scratch;
}

void packed_scratch_done(struct packed *packed)
{
	buf_reset(&packed->scratch, KEEP);
}

/* What the server puts into a payload; anything else would have to mean
 * something for the log as a whole. */
static bool may_be_inside(uint8_t type)
{
	switch (type) {
	case EVENT_QUERY:
	case EVENT_XID:
	case EVENT_XA_PREPARE:
	case EVENT_TABLE_MAP:
	case EVENT_INTVAR:
	case EVENT_RAND:
	case EVENT_USER_VAR:
	case EVENT_IGNORABLE:
	case EVENT_ROWS_QUERY:
	case EVENT_TRANSACTION_CONTEXT:
	case EVENT_VIEW_CHANGE:
		return true;
	default:
		return event_is_rows(type);
	}
}

static int feed_inner(const uint8_t *at, size_t n, packed_sink sink,
		      struct group *group, struct err *err)
{
	struct event event;
	int fail = event_parse(at, n, CHECKSUM_NONE, &event, err);

	if (fail)
		return fail;
	if (!may_be_inside(event.type) && !(event.flags & EVENT_IGNORABLE_F))
		return err_set(err, ERR_CORRUPT,
			       "%s (%u) inside a transaction payload",
			       event_type_name(event.type), event.type);
	return sink(group, &event, err);
}

int packed_payload(struct packed *packed, const struct event *event,
		   packed_sink sink, struct group *group, struct err *err)
{
	const uint8_t *at = NULL;
	struct payload payload;
	size_t n = 0;
	int rc = payload_parse(event, &payload, err);

	if (rc)
		return rc;
	payload_open(packed->payload, &payload);
	do {
		rc = payload_next(packed->payload, &at, &n, err);
		if (rc > 0 && feed_inner(at, n, sink, group, err))
			rc = err->code;
	} while (rc > 0);
	payload_close(packed->payload);
	return rc;
}

int packed_query(struct packed *packed, const struct event *event,
		 packed_sink sink, struct group *group, struct err *err)
{
	struct buf *scratch = &packed->scratch;
	struct event plain = *event;
	int fail = deflated_query(event, scratch, err);

	if (fail)
		return fail;
	plain.type = EVENT_QUERY;
	plain.body = reader_of(scratch->at, scratch->n);
	fail = sink(group, &plain, err);
	packed_scratch_done(packed);
	return fail;
}

/* Fragments have checksums of their own; that the whole has one as well is
 * nowhere said, and shows. */
static int parse_whole(const struct buf *bytes, struct event *ret,
		       struct err *err)
{
	struct err ignored = { 0 };

	if (event_parse(bytes->at, bytes->n, CHECKSUM_VERIFY, ret, &ignored) ==
	    0)
		return 0;
	return event_parse(bytes->at, bytes->n, CHECKSUM_NONE, ret, err);
}

int packed_fragment(struct packed *packed, const struct event *event,
		    packed_sink sink, struct group *group, struct err *err)
{
	struct fragments *fragments = &packed->fragments;
	struct event whole;
	int rc = fragments_add(fragments, event, err);

	if (rc <= 0)
		return rc;
	rc = parse_whole(&fragments->bytes, &whole, err);
	if (!rc && !event_is_rows(whole.type))
		rc = err_set(err, ERR_CORRUPT, "fragments of a %s event",
			     event_type_name(whole.type));
	if (!rc)
		rc = sink(group, &whole, err);
	fragments_drop(fragments);
	return rc;
}

int packed_expect_none(const struct packed *packed, struct err *err)
{
	return fragments_expect_none(&packed->fragments, err);
}
