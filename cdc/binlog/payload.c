#include "cdc/binlog/payload.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/event.h"

enum {
	STEP = 128 * 1024, /* expanded at once; a block of zstd */
	KEEP = 1024 * 1024,
	SIZE_AT = 9, /* of the size in an event's header */
	/* The window's logarithm: levels up to 19 need 23. zstd's own limit
	 * for those who do not ask is 27. */
	WINDOW_LEAST = 23,
	WINDOW_MOST = 27,
};

enum field {
	FIELD_END = 0, /* without a length */
	FIELD_SIZE = 1,
	FIELD_COMPRESSION = 2,
	FIELD_UNCOMPRESSED = 3,
};

struct fields {
	uint64_t size, compression, uncompressed;
	bool has_size;
};

static void read_fields(struct reader *r, struct fields *fields)
{
	while (!r->failed) {
		uint64_t field = reader_lenenc(r);

		if (field == FIELD_END)
			return;
		struct reader value = reader_sub(r, reader_lenenc(r));
		if (field == FIELD_SIZE) {
			fields->size = reader_lenenc(&value);
			fields->has_size = true;
		} else if (field == FIELD_COMPRESSION) {
			fields->compression = reader_lenenc(&value);
		} else if (field == FIELD_UNCOMPRESSED) {
			fields->uncompressed = reader_lenenc(&value);
		}
		r->failed |= value.failed;
	}
}

int payload_parse(const struct event *event, struct payload *ret,
		  struct err *err)
{
	struct reader r = event->body;
	struct fields fields = { 0 };

	read_fields(&r, &fields);
	if (r.failed || !fields.has_size || fields.size != reader_left(&r))
		return err_set(err, ERR_CORRUPT,
			       "transaction payload of %" PRIu32
			       " bytes: malformed",
			       event->size);
	if (fields.compression != PAYLOAD_ZSTD &&
	    fields.compression != PAYLOAD_NONE)
		return err_set(err, ERR_OPERATOR,
			       "transaction payload: compression %" PRIu64
			       " is not known: set"
			       " binlog_transaction_compression=OFF",
			       fields.compression);
	*ret = (struct payload){
		.compression = (enum payload_compression)fields.compression,
		.uncompressed = fields.uncompressed,
		.bytes = r,
	};
	return 0;
}

struct payload_stream {
	size_t max;
	ZSTD_DStream *zstd; /* owned; NULL until it is needed */
	bool compressed;
	bool in_frame;	   /* of zstd: its end has not come yet */
	struct reader in;  /* not expanded yet; borrowed */
	struct buf out;	   /* expanded */
	size_t taken;	   /* of out: given to the caller */
	uint64_t expanded; /* in all, of this payload */
};

struct payload_stream *payload_stream_new(size_t max)
{
	struct payload_stream *stream = mem_zalloc(sizeof(*stream));

	stream->max = max;
	buf_init(&stream->out, max + STEP);
	return stream;
}

void payload_stream_free(struct payload_stream *stream)
{
	if (!stream)
		return;
	ZSTD_freeDStream(stream->zstd);
	buf_done(&stream->out);
	free(stream);
}

static void make_zstd(struct payload_stream *stream)
{
	int window = WINDOW_LEAST;

	while (window < WINDOW_MOST && (size_t)2 << window <= stream->max)
		window++;
	stream->zstd = ZSTD_createDStream();
	if (!stream->zstd)
		abort(); /* out of memory, as everywhere */
	ZSTD_DCtx_setParameter(stream->zstd, ZSTD_d_windowLogMax, window);
}

void payload_open(struct payload_stream *stream, const struct payload *payload)
{
	stream->compressed = payload->compression == PAYLOAD_ZSTD;
	stream->in = payload->bytes;
	stream->in_frame = false;
	stream->taken = 0;
	stream->expanded = 0;
	buf_reset(&stream->out, KEEP);
	if (!stream->compressed)
		return;
	if (!stream->zstd)
		make_zstd(stream);
	ZSTD_DCtx_reset(stream->zstd, ZSTD_reset_session_only);
}

void payload_close(struct payload_stream *stream)
{
	buf_reset(&stream->out, KEEP);
	stream->in = (struct reader){ 0 };
	/* Its window is as large as what it has seen, up to a limit. */
	if (stream->expanded > KEEP) {
		ZSTD_freeDStream(stream->zstd);
		stream->zstd = NULL;
	}
}

static int zstd_failed(const struct payload_stream *stream, size_t result,
		       struct err *err)
{
	if (ZSTD_getErrorCode(result) ==
	    ZSTD_error_frameParameter_windowTooLarge)
		return err_set(err, ERR_OPERATOR,
			       "transaction payload: its compression level "
			       "needs more memory than "
			       "replication.max_value_size (%zu) allows: raise "
			       "it to 128MiB, and set "
			       "binlog_transaction_compression_level_zstd to "
			       "at most 19",
			       stream->max);
	return err_set(err, ERR_CORRUPT, "transaction payload: zstd: %s",
		       ZSTD_getErrorName(result));
}

static int expand_zstd(struct payload_stream *stream, ZSTD_outBuffer *out,
		       struct err *err)
{
	ZSTD_inBuffer in = { stream->in.at, reader_left(&stream->in), 0 };

	/* Several frames may follow each other. */
	while (out->pos < out->size && (in.pos < in.size || stream->in_frame)) {
		size_t before = out->pos + in.pos;
		size_t result = ZSTD_decompressStream(stream->zstd, out, &in);

		if (ZSTD_isError(result))
			return zstd_failed(stream, result, err);
		stream->in_frame = result != 0;
		if (out->pos + in.pos == before)
			break;
	}
	stream->in.at += in.pos;
	return 0;
}

static void copy(struct payload_stream *stream, ZSTD_outBuffer *out)
{
	size_t n = reader_left(&stream->in);

	out->pos = n < out->size ? n : out->size;
	if (out->pos)
		memcpy(out->dst, reader_bytes(&stream->in, out->pos), out->pos);
}

/* More bytes at the end of stream->out: how many, 0 at the payload's end. */
static int expand(struct payload_stream *stream, struct err *err)
{
	ZSTD_outBuffer out = { .size = STEP };
	int fail = 0;

	buf_eat(&stream->out, stream->taken);
	stream->taken = 0;
	/* An event of at most max is in there, unfinished. */
	out.dst = buf_room(&stream->out, STEP);
	if (!out.dst)
		return err_set(err, ERR_CORRUPT,
			       "transaction payload: malformed");
	if (stream->compressed)
		fail = expand_zstd(stream, &out, err);
	else
		copy(stream, &out);
	if (fail)
		return fail;
	stream->out.n += out.pos;
	stream->expanded += out.pos;
	return (int)out.pos;
}

static int ended(const struct payload_stream *stream, struct err *err)
{
	if (!stream->in_frame && stream->taken == stream->out.n)
		return 0;
	return err_set(err, ERR_CORRUPT,
		       "transaction payload: ends in the middle of an event, "
		       "after %" PRIu64 " bytes",
		       stream->expanded);
}

/* Bytes of the event that comes next; 0: its header is not there yet. */
static int next_size(const struct payload_stream *stream, size_t *ret,
		     struct err *err)
{
	struct reader r = reader_of(stream->out.at + stream->taken,
				    stream->out.n - stream->taken);

	*ret = 0;
	if (reader_left(&r) < EVENT_HEADER)
		return 0;
	reader_bytes(&r, SIZE_AT);
	*ret = (size_t)reader_le(&r, 4);
	if (*ret < EVENT_HEADER)
		return err_set(err, ERR_CORRUPT,
			       "transaction payload: an event of %zu bytes",
			       *ret);
	if (*ret > stream->max)
		return err_set(err, ERR_OPERATOR,
			       "transaction payload: an event of %zu bytes: "
			       "raise replication.max_value_size",
			       *ret);
	return 0;
}

int payload_next(struct payload_stream *stream, const uint8_t **ret,
		 size_t *ret_n, struct err *err)
{
	for (;;) {
		size_t size = 0;
		int rc = 0;

		if (stream->out.at)
			rc = next_size(stream, &size, err);
		if (rc)
			return rc;
		if (size && stream->out.n - stream->taken >= size) {
			*ret = (const uint8_t *)stream->out.at + stream->taken;
			*ret_n = size;
			stream->taken += size;
			return 1;
		}
		rc = expand(stream, err);
		if (rc <= 0)
			return rc ? rc : ended(stream, err);
	}
}
