#include "http/chunk.h"

#include <stdbool.h>
#include <string.h>

#include "http/head.h"

/* size line:  hex digits [ ; extension ] CR LF
 * data:       `left` bytes, CR LF; again
 * size 0:     trailer lines, each CR LF, then an empty one */
enum {
	SIZE_FIRST, /* at least one digit */
	SIZE,
	EXT_FIRST, /* the name, or a blank before it */
	EXT,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER_START,
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	END_LF,
	ENDED,
	BROKEN,
};

enum { DIGITS_MAX = 16 };

void http_chunk_init(struct http_chunk *chunk)
{
	*chunk = (struct http_chunk){ .state = SIZE_FIRST };
}

static enum http_chunk_event refuse(struct http_chunk *chunk, uint16_t status,
				    const char *why)
{
	chunk->state = BROKEN;
	chunk->status = status;
	chunk->why = why;
	return HTTP_CHUNK_BAD;
}

static enum http_chunk_event malformed(struct http_chunk *chunk)
{
	if (chunk->state < DATA)
		return refuse(chunk, 400, "malformed chunk size line");
	if (chunk->state < TRAILER_START)
		return refuse(chunk, 400, "chunk data not followed by CRLF");
	return refuse(chunk, 400, "malformed trailer");
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False when the byte cannot stand here. */
static bool size_byte(struct http_chunk *chunk, unsigned char c)
{
	int digit = hex_value(c);

	if (digit >= 0) {
		if (chunk->line_n > DIGITS_MAX)
			return false;
		chunk->left = chunk->left << 4 | (unsigned)digit;
		chunk->state = SIZE;
		return chunk->left <= INT64_MAX;
	}
	if (chunk->state == SIZE_FIRST)
		return false;
	chunk->state = c == ';' ? EXT_FIRST : SIZE_LF;
	return c == ';' || c == '\r';
}

static bool is_text(unsigned char c)
{
	return (c >= ' ' && c < 0x7f) || c == '\t';
}

static bool is_name(unsigned char c)
{
	return http_is_token((struct str){ (const char *)&c, 1 });
}

static bool ext_byte(struct http_chunk *chunk, unsigned char c)
{
	bool blank = c == ' ' || c == '\t';

	if (chunk->state == EXT_FIRST) {
		if (!blank)
			chunk->state = EXT;
		chunk->ext_last = c;
		return blank || is_name(c);
	}
	if (c == '\r') {
		chunk->state = SIZE_LF;
		return chunk->ext_last != ';';
	}
	if (!blank)
		chunk->ext_last = c;
	return is_text(c);
}

static bool size_lf(struct http_chunk *chunk, unsigned char c)
{
	chunk->line_n = 0;
	chunk->state = chunk->left ? DATA : TRAILER_START;
	return c == '\n';
}

static bool data_end(struct http_chunk *chunk, unsigned char c)
{
	bool cr = chunk->state == DATA_CR;

	if (c != (cr ? '\r' : '\n'))
		return false;
	chunk->state = cr ? DATA_LF : SIZE_FIRST;
	return true;
}

static bool trailer_byte(struct http_chunk *chunk, unsigned char c)
{
	switch (chunk->state) {
	case TRAILER_START:
		chunk->state = c == '\r' ? END_LF : TRAILER_NAME;
		return c == '\r' || is_name(c);
	case TRAILER_NAME:
		if (c == ':')
			chunk->state = TRAILER_VALUE;
		return c == ':' || is_name(c);
	case TRAILER_VALUE:
		if (c == '\r')
			chunk->state = TRAILER_LF;
		return c == '\r' || is_text(c) || c >= 0x80;
	case TRAILER_LF:
		chunk->state = TRAILER_START;
		return c == '\n';
	default: /* END_LF */
		if (c == '\n')
			chunk->state = ENDED;
		return c == '\n';
	}
}

/* One byte that is no data. */
static enum http_chunk_event framing_byte(struct http_chunk *chunk,
					  unsigned char c)
{
	uint8_t before = chunk->state;
	bool fine;

	chunk->framing++;
	if (chunk->state < DATA && ++chunk->line_n > HTTP_CHUNK_LINE_MAX)
		return refuse(chunk, 400, "chunk size line too long");
	if (chunk->state >= TRAILER_START &&
	    ++chunk->trailer_n > HTTP_CHUNK_TRAILER_MAX)
		return refuse(chunk, 431, "trailers too large");

	if (chunk->state <= SIZE)
		fine = size_byte(chunk, c);
	else if (chunk->state <= EXT)
		fine = ext_byte(chunk, c);
	else if (chunk->state == SIZE_LF)
		fine = size_lf(chunk, c);
	else if (chunk->state <= DATA_LF)
		fine = data_end(chunk, c);
	else
		fine = trailer_byte(chunk, c);
	if (!fine) {
		chunk->state = before;
		return malformed(chunk);
	}
	if (chunk->framing > HTTP_CHUNK_SLACK &&
	    chunk->framing / HTTP_CHUNK_RATIO > chunk->body)
		return refuse(chunk, 413, "more chunk framing than data");
	return HTTP_CHUNK_MORE;
}

static enum http_chunk_event take_data(struct http_chunk *chunk, struct str *in,
				       struct str *ret_data)
{
	size_t n = in->n < chunk->left ? in->n : (size_t)chunk->left;

	*ret_data = (struct str){ in->at, n };
	in->at += n;
	in->n -= n;
	chunk->left -= n;
	chunk->body += n;
	if (chunk->left == 0)
		chunk->state = DATA_CR;
	return HTTP_CHUNK_DATA;
}

enum http_chunk_event http_chunk_feed(struct http_chunk *chunk, struct str *in,
				      struct str *ret_data)
{
	while (chunk->state != ENDED && chunk->state != BROKEN) {
		if (in->n == 0)
			return HTTP_CHUNK_MORE;
		if (chunk->state == DATA)
			return take_data(chunk, in, ret_data);
		if (framing_byte(chunk, (unsigned char)in->at[0]) ==
		    HTTP_CHUNK_BAD)
			return HTTP_CHUNK_BAD;
		in->at++;
		in->n--;
	}
	return chunk->state == ENDED ? HTTP_CHUNK_END : HTTP_CHUNK_BAD;
}
