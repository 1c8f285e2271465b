#include "cdc/binlog/gtid.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/reader.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/types.h"

static int malformed(const struct event *event, struct err *err)
{
	return err_set(err, ERR_CORRUPT,
		       "%s event of %" PRIu32 " bytes: malformed",
		       event_type_name(event->type), event->size);
}

/* Fields that MySQL added behind sequence_number, release by release; an
 * older server's event ends anywhere between them. */
static void read_commit_times(struct reader *r, struct gtid *gtid)
{
	const uint64_t has_original = UINT64_C(1) << 55;

	if (reader_left(r) < 7)
		return;
	gtid->immediate_commit_us = reader_le(r, 7);
	gtid->original_commit_us = gtid->immediate_commit_us;
	if (gtid->immediate_commit_us & has_original) {
		gtid->immediate_commit_us &= ~has_original;
		gtid->original_commit_us = reader_le(r, 7);
	}
	if (reader_left(r))
		gtid->transaction_bytes = reader_lenenc(r);
}

static bool read_classic(struct reader r, bool anonymous, struct gtid *gtid)
{
	enum { LOGICAL_CLOCK = 2 };

	reader_le(&r, 1); /* flags: may have statement-based events */
	const uint8_t *uuid = reader_bytes(&r, UUID_BYTES);
	gtid->gno = reader_le(&r, 8);
	if (r.failed)
		return false;
	memcpy(gtid->uuid, uuid, UUID_BYTES);
	if (reader_left(&r) >= 17 && reader_le(&r, 1) == LOGICAL_CLOCK) {
		gtid->last_committed = (int64_t)reader_le(&r, 8);
		gtid->sequence_number = (int64_t)reader_le(&r, 8);
		read_commit_times(&r, gtid);
	}
	gtid->kind = anonymous ? GTID_NONE : GTID_MYSQL;
	return !r.failed &&
	       (anonymous || (gtid->gno && gtid->gno <= INT64_MAX));
}

/* mysql::serialization's integer: as many 1-bits at the low end of the first
 * byte as bytes follow it; the value is the rest, little-endian. */
static uint64_t read_varint(struct reader *r)
{
	uint8_t first = (uint8_t)reader_le(r, 1);
	unsigned more = (unsigned)__builtin_ctz(~(unsigned)first);

	if (more >= 8)
		return reader_le(r, 8);
	uint64_t high = reader_le(r, more);
	/* The first byte keeps 7 - more value bits. */
	return high << (7 - more) | (uint64_t)(first >> (more + 1));
}

static int64_t read_signed(struct reader *r)
{
	uint64_t raw = read_varint(r);
	int64_t half = (int64_t)(raw >> 1);

	return raw & 1 ? -1 - half : half;
}

enum tagged_field {
	TAGGED_FLAGS = 0,
	TAGGED_UUID = 1,
	TAGGED_GNO = 2,
	TAGGED_TAG = 3,
	TAGGED_LAST_COMMITTED = 4,
	TAGGED_SEQUENCE = 5,
	TAGGED_IMMEDIATE_TS = 6,
	TAGGED_ORIGINAL_TS = 7,
	TAGGED_BYTES = 8,
	TAGGED_IMMEDIATE_VERSION = 9,
	TAGGED_ORIGINAL_VERSION = 10,
	TAGGED_TICKET = 11,
};

enum { TAGGED_FORMAT = 1 };

static void read_tag(struct reader *r, struct gtid *gtid)
{
	uint64_t n = read_varint(r);
	const uint8_t *at = reader_bytes(r, n);

	if (at && n)
		r->failed |= !gtid_tag_parse(
			(struct str){ (const char *)at, n }, gtid->tag);
}

static void read_field(struct reader *r, uint64_t field, struct gtid *gtid)
{
	switch (field) {
	case TAGGED_FLAGS:
	case TAGGED_IMMEDIATE_VERSION:
	case TAGGED_ORIGINAL_VERSION:
	case TAGGED_TICKET:
		read_varint(r);
		break;
	case TAGGED_UUID:
		for (size_t i = 0; i < UUID_BYTES; i++)
			gtid->uuid[i] = (uint8_t)read_varint(r);
		break;
	case TAGGED_GNO:
		gtid->gno = (uint64_t)read_signed(r);
		break;
	case TAGGED_TAG:
		read_tag(r, gtid);
		break;
	case TAGGED_LAST_COMMITTED:
		gtid->last_committed = read_signed(r);
		break;
	case TAGGED_SEQUENCE:
		gtid->sequence_number = read_signed(r);
		break;
	case TAGGED_IMMEDIATE_TS:
		gtid->immediate_commit_us = read_varint(r);
		break;
	case TAGGED_ORIGINAL_TS:
		gtid->original_commit_us = read_varint(r);
		break;
	case TAGGED_BYTES:
		gtid->transaction_bytes = read_varint(r);
		break;
	default:
		r->failed = true;
	}
}

/* A message: version, size of the whole, 1 + the highest field that a reader
 * must know (0: none), then fields by ascending id, absent ones left out.
 * Source: MySQL libs/mysql/serialization/readme.md. */
struct message {
	uint64_t version, must_know;
	struct reader fields;
};

static bool open_message(struct reader r, struct message *ret)
{
	const uint8_t *start = r.at;

	ret->version = read_varint(&r);
	uint64_t size = read_varint(&r);
	ret->must_know = read_varint(&r);
	if (r.failed || size > (size_t)(r.end - start) ||
	    size < (size_t)(r.at - start))
		return false;
	r.end = start + size;
	ret->fields = r;
	return true;
}

static bool read_fields(struct reader r, struct gtid *gtid)
{
	int64_t last = -1;

	while (reader_left(&r)) {
		uint64_t field = read_varint(&r);

		/* A newer server's fields that may be ignored. */
		if (field > TAGGED_TICKET)
			break;
		if ((int64_t)field <= last)
			return false;
		last = (int64_t)field;
		read_field(&r, field, gtid);
		if (r.failed)
			return false;
	}
	if (!gtid->original_commit_us)
		gtid->original_commit_us = gtid->immediate_commit_us;
	gtid->kind = GTID_MYSQL;
	return last >= TAGGED_GNO && gtid->gno && gtid->gno <= INT64_MAX;
}

static void read_xid(struct reader *r, struct xid *xid)
{
	xid->format = (uint32_t)reader_le(r, 4);
	uint64_t gtrid = reader_le(r, 1);
	uint64_t bqual = reader_le(r, 1);

	if (gtrid > XID_PART_MAX || bqual > XID_PART_MAX)
		r->failed = true;
	xid->gtrid =
		(struct str){ (const char *)reader_bytes(r, gtrid), gtrid };
	xid->bqual =
		(struct str){ (const char *)reader_bytes(r, bqual), bqual };
}

static bool read_mariadb(const struct event *event, struct gtid *gtid)
{
	struct reader r = event->body;

	gtid->kind = GTID_MARIADB;
	gtid->server = event->server_id;
	gtid->seq = reader_le(&r, 8);
	gtid->domain = (uint32_t)reader_le(&r, 4);
	gtid->flags2 = (uint8_t)reader_le(&r, 1);
	if (r.failed)
		return false;
	if (gtid->flags2 & GTID_GROUP_COMMIT)
		gtid->commit_id = reader_le(&r, 8);
	if (gtid->flags2 & (GTID_PREPARED_XA | GTID_COMPLETED_XA))
		read_xid(&r, &gtid->xid);
	if (reader_left(&r))
		gtid->flags_extra = (uint8_t)reader_le(&r, 1);
	if (gtid->flags_extra & GTID_MULTI_ENGINE)
		reader_le(&r, 1);
	if (gtid->flags_extra & (GTID_COMMIT_ALTER | GTID_ROLLBACK_ALTER))
		gtid->start_alter = reader_le(&r, 8);
	/* What may follow (a thread id, padding) is of no use here. */
	return !r.failed;
}

static int parse_tagged(const struct event *event, struct gtid *ret,
			struct err *err)
{
	struct gtid gtid = { 0 };
	struct message message;

	if (!open_message(event->body, &message))
		return malformed(event, err);
	if (message.version != TAGGED_FORMAT ||
	    message.must_know > TAGGED_TICKET + 1)
		return err_set(err, ERR_OPERATOR,
			       "%s event of format %" PRIu64
			       " with a field %" PRIu64
			       " that must be known: use a newer ficus",
			       event_type_name(event->type), message.version,
			       message.must_know);
	if (!read_fields(message.fields, &gtid))
		return malformed(event, err);
	*ret = gtid;
	return 0;
}

int gtid_parse(const struct event *event, struct gtid *ret, struct err *err)
{
	struct gtid gtid = { 0 };
	bool ok = false;

	if (event->type == EVENT_GTID_TAGGED)
		return parse_tagged(event, ret, err);

	if (event->type == EVENT_MARIADB_GTID)
		ok = read_mariadb(event, &gtid);
	else if (event->type == EVENT_GTID)
		ok = read_classic(event->body, false, &gtid);
	else if (event->type == EVENT_ANONYMOUS_GTID)
		ok = read_classic(event->body, true, &gtid);
	if (!ok)
		return malformed(event, err);
	*ret = gtid;
	return 0;
}

void gtid_format(const struct gtid *gtid, struct buf *out)
{
	char uuid[UUID_TEXT];

	switch (gtid->kind) {
	case GTID_NONE:
		buf_adds(out, "anonymous");
		return;
	case GTID_MARIADB:
		buf_addf(out, "%" PRIu32 "-%" PRIu32 "-%" PRIu64, gtid->domain,
			 gtid->server, gtid->seq);
		return;
	case GTID_MYSQL:
		uuid_format(gtid->uuid, uuid);
		buf_add(out, uuid, sizeof(uuid));
		if (gtid->tag[0]) {
			buf_addc(out, ':');
			buf_adds(out, gtid->tag);
		}
		buf_addc(out, ':');
		buf_addu(out, gtid->gno);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(struct str text, uint8_t ret[UUID_BYTES])
{
	uint8_t uuid[UUID_BYTES] = { 0 };
	bool dashed = text.n == UUID_TEXT;
	size_t digits = 0;

	if (!dashed && text.n != UUID_BYTES * 2)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (dashed && is_dash_at(i)) {
			if (text.at[i] != '-')
				return false;
			continue;
		}
		int digit = hex_digit(text.at[i]);
		if (digit < 0)
			return false;
		uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 | digit);
		digits++;
	}
	memcpy(ret, uuid, UUID_BYTES);
	return true;
}

void uuid_format(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT])
{
	char hex[UUID_BYTES * 2];
	size_t from = 0;

	str_hex(hex, uuid, UUID_BYTES);
	for (size_t i = 0; i < UUID_TEXT; i++)
		out[i] = is_dash_at(i) ? '-' : hex[from++];
}

bool gtid_tag_parse(struct str text, char ret[GTID_TAG_MAX + 1])
{
	char tag[GTID_TAG_MAX + 1] = { 0 };

	if (text.n == 0 || text.n > GTID_TAG_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.at[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		bool digit = c >= '0' && c <= '9';
		if (!(c == '_' || (c >= 'a' && c <= 'z') || (digit && i)))
			return false;
		tag[i] = c;
	}
	memcpy(ret, tag, sizeof(tag));
	return true;
}
