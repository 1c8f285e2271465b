#include "cdc/binlog/deflated.h"

#include <inttypes.h>
#include <string.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "cdc/binlog/event.h"

enum {
	IS_DEFLATED = 0x80,
	ALGORITHM = 0x70, /* of an event; 0 is zlib */
	METHOD = 0xf0,	  /* of a column, with IS_DEFLATED in it */
	IS_BARE = 0x08,
	LENGTH_BYTES = 0x07,
	LENGTH_MAX = 4,
};

static bool read_size(struct reader *r, uint8_t head, struct deflated *ret)
{
	size_t n = head & LENGTH_BYTES;

	if (n < 1 || n > LENGTH_MAX)
		return false;
	ret->size = (uint32_t)reader_be(r, n);
	ret->bytes = *r;
	return !r->failed;
}

bool deflated_parse_event(struct reader r, struct deflated *ret)
{
	uint8_t head = (uint8_t)reader_le(&r, 1);

	*ret = (struct deflated){ 0 };
	return (head & (IS_DEFLATED | ALGORITHM)) == IS_DEFLATED &&
	       read_size(&r, head, ret);
}

bool deflated_parse_column(struct reader r, struct deflated *ret)
{
	uint8_t head;

	*ret = (struct deflated){ .plain = true, .bytes = r };
	if (reader_left(&r) == 0) /* the empty value has no header either */
		return true;
	head = (uint8_t)reader_le(&r, 1);
	if (head == 0) {
		ret->size = (uint32_t)reader_left(&r);
		ret->bytes = r;
		return true;
	}
	ret->plain = false;
	ret->bare = head & IS_BARE;
	return (head & METHOD) == IS_DEFLATED && read_size(&r, head, ret);
}

/* -MAX_WBITS tells zlib that there is no header of its own. */
static bool inflate_all(z_stream *z, bool bare)
{
	bool done;

	if (inflateInit2(z, bare ? -MAX_WBITS : MAX_WBITS) != Z_OK)
		return false;
	done = inflate(z, Z_FINISH) == Z_STREAM_END && z->avail_out == 0;
	inflateEnd(z);
	return done;
}

bool deflated_expand(const struct deflated *in, void *out)
{
	z_stream z = { 0 };

	if (in->size == 0)
		return true;
	if (in->plain) {
		memcpy(out, in->bytes.at, in->size);
		return true;
	}
	/* zlib reads only; its pointer predates const. */
	z.next_in = (Bytef *)(uintptr_t)in->bytes.at;
	z.avail_in = (uInt)reader_left(&in->bytes);
	z.next_out = out;
	z.avail_out = in->size;
	return inflate_all(&z, in->bare);
}

int deflated_read(const struct event *event, struct reader rest,
		  struct buf *out, struct err *err)
{
	const char *name = event_type_name(event->type);
	struct deflated packed;
	void *room;

	if (!deflated_parse_event(rest, &packed))
		return err_set(err, ERR_CORRUPT,
			       "%s event of %" PRIu32
			       " bytes: not compressed as known",
			       name, event->size);
	room = buf_room(out, packed.size);
	if (!room)
		return err_set(err, ERR_OPERATOR,
			       "%s event of %" PRIu32 " bytes is %" PRIu32
			       " when expanded: raise "
			       "replication.max_value_size",
			       name, event->size, packed.size);
	if (!deflated_expand(&packed, room))
		return err_set(err, ERR_CORRUPT,
			       "%s event of %" PRIu32
			       " bytes: cannot be expanded",
			       name, event->size);
	out->n += packed.size;
	return 0;
}

/* In front of the statement: u32 thread, u32 seconds, u8 length of the
 * database's name, u16 error, u16 length of the status variables; these, the
 * name and a NUL. */
int deflated_query(const struct event *event, struct buf *out, struct err *err)
{
	struct reader r = event->body;
	const uint8_t *start = r.at;

	reader_bytes(&r, 8);
	uint64_t schema = reader_le(&r, 1);
	reader_bytes(&r, 2);
	uint64_t vars = reader_le(&r, 2);
	reader_bytes(&r, vars + schema + 1);
	if (r.failed)
		return err_set(err, ERR_CORRUPT,
			       "%s event of %" PRIu32 " bytes: malformed",
			       event_type_name(event->type), event->size);
	buf_add(out, start, (size_t)(r.at - start));
	return deflated_read(event, r, out, err);
}
