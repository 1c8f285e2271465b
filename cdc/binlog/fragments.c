#include "cdc/binlog/fragments.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/reader.h"
#include "cdc/binlog/event.h"

enum { HAS_SIZE = 1, KEEP = 1024 * 1024 };

void fragments_init(struct fragments *fragments, size_t max)
{
	*fragments = (struct fragments){ 0 };
	buf_init(&fragments->bytes, max);
}

void fragments_done(struct fragments *fragments)
{
	buf_done(&fragments->bytes);
}

void fragments_drop(struct fragments *fragments)
{
	buf_reset(&fragments->bytes, KEEP);
	fragments->total = fragments->have = 0;
	fragments->size = 0;
}

static int too_long(const struct fragments *fragments, struct err *err)
{
	return err_set(err, ERR_OPERATOR,
		       "a rows event in %" PRIu32
		       " fragments is longer than %zu bytes: raise "
		       "replication.max_value_size",
		       fragments->total, fragments->bytes.max);
}

static int add_piece(struct fragments *fragments, struct reader piece,
		     struct err *err)
{
	struct buf *bytes = &fragments->bytes;

	if (fragments->size > bytes->max)
		return too_long(fragments, err);
	buf_add(bytes, piece.at, reader_left(&piece));
	if (bytes->failed)
		return too_long(fragments, err);
	fragments->have++;
	if (fragments->have < fragments->total)
		return 0;
	if (fragments->size && fragments->size != bytes->n)
		return err_set(err, ERR_CORRUPT,
			       "a rows event of %" PRIu64
			       " bytes came in fragments of %zu",
			       fragments->size, bytes->n);
	fragments->have = 0; /* none is missing */
	return 1;
}

int fragments_add(struct fragments *fragments, const struct event *event,
		  struct err *err)
{
	struct reader r = event->body;
	uint32_t total = (uint32_t)reader_le(&r, 4);
	uint32_t number = (uint32_t)reader_le(&r, 4);
	uint64_t flags = reader_le(&r, 1);
	uint64_t size = flags & HAS_SIZE ? reader_le(&r, 8) : 0;

	if (r.failed || number == 0 || number > total)
		return err_set(err, ERR_CORRUPT,
			       "fragment %" PRIu32 " of %" PRIu32 ": malformed",
			       number, total);
	if (fragments->have == 0) {
		buf_reset(&fragments->bytes, KEEP);
		fragments->total = total;
		fragments->size = size;
	}
	if (number != fragments->have + 1 || total != fragments->total)
		return err_set(err, ERR_CORRUPT,
			       "fragment %" PRIu32 " of %" PRIu32
			       " where %" PRIu32 " of %" PRIu32 " is to come",
			       number, total, fragments->have + 1,
			       fragments->total);
	return add_piece(fragments, r, err);
}

int fragments_expect_none(const struct fragments *fragments, struct err *err)
{
	if (fragments->have == 0)
		return 0;
	return err_set(err, ERR_CORRUPT,
		       "another event between fragment %" PRIu32 " and %" PRIu32
		       " of %" PRIu32,
		       fragments->have, fragments->have + 1, fragments->total);
}
