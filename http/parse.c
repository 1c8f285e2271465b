/* A head is collected in `raw` under the eyes of the guard. Once complete it
 * goes through llhttp (strict) in one call, for the tokens and as a second
 * opinion, and its fields are then given their meaning by framing.c. llhttp
 * keeps no state between calls, so none is kept per connection. Bodies need
 * no tokens: they are counted, or decoded by chunk.c. */
#include "http/parse.h"

#include <assert.h>
#include <llhttp.h>
#include <stddef.h>
#include <string.h>

#include "base/defs.h"
#include "http/framing.h"

enum {
	STEP = 2048,	/* so that little of a body is copied behind a head */
	RAW_KEEP = 4096 /* of the buffer, between messages */
};

/* llhttp's callbacks */

struct tokens {
	struct http_head *head;
	struct str target; /* as llhttp saw it */
	bool too_many;
};

static struct tokens *tokens_of(llhttp_t *llhttp)
{
	return (struct tokens *)llhttp->data;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t n)
{
	tokens_of(llhttp)->target = (struct str){ at, n };
	return 0;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t n)
{
	struct tokens *tokens = tokens_of(llhttp);
	struct http_head *head = tokens->head;

	if (head->n == HTTP_HEADERS_MAX) {
		tokens->too_many = true;
		return -1;
	}
	head->headers[head->n++] = (struct http_header){
		.name = (uint16_t)(at - head->at),
		.name_n = (uint16_t)n,
		.value = (uint16_t)((size_t)(at - head->at) + n),
	};
	return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t n)
{
	struct http_head *head = tokens_of(llhttp)->head;
	struct str value = str_trim((struct str){ at, n });

	if (head->n == 0)
		return -1;
	struct http_header *header = &head->headers[head->n - 1];
	header->value = (uint16_t)(value.at - head->at);
	header->value_n = (uint16_t)value.n;
	return 0;
}

static int on_headers_complete(UNUSED llhttp_t *llhttp)
{
	return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
};

/* Heads */

static void start(struct http_parse *parse)
{
	struct http_head *head = &parse->head;

	buf_reset(&parse->raw, RAW_KEEP);
	http_guard_init(&parse->guard, parse->response);
	/* headers[] beyond n is never read; clearing 1 KB would cost more
	 * than the rest of this function. */
	memset(head, 0, offsetof(struct http_head, headers));
	parse->body = (struct str){ NULL, 0 };
	parse->body_n = 0;
	parse->left = 0;
	parse->state = HTTP_PARSE_IN_HEAD;
}

void http_parse_init_request(struct http_parse *parse)
{
	memset(parse, 0, sizeof(*parse));
	buf_init(&parse->raw, HTTP_RESPONSE_HEAD_MAX);
	parse->body_max = UINT64_MAX;
	start(parse);
}

void http_parse_init_response(struct http_parse *parse)
{
	http_parse_init_request(parse);
	parse->response = true;
	start(parse);
}

void http_parse_done(struct http_parse *parse)
{
	buf_done(&parse->raw);
}

void http_parse_next(struct http_parse *parse)
{
	parse->n_1xx = 0;
	parse->to_head = false;
	start(parse);
}

static enum http_parse_event refuse(struct http_parse *parse, uint16_t status,
				    const char *why)
{
	parse->state = HTTP_PARSE_FAILED;
	parse->status = parse->response ? 502 : status;
	parse->why = why;
	return HTTP_PARSE_BAD;
}

/* The name ends at its colon; llhttp, the guard and we agree on the lines. */
static bool tokens_agree(const struct http_parse *parse,
			 const struct tokens *tokens,
			 const struct http_start *line)
{
	const struct http_head *head = &parse->head;

	if (head->n != parse->guard.n_lines ||
	    (!parse->response && !str_eq(tokens->target, line->target)))
		return false;
	for (size_t i = 0; i < head->n; i++) {
		struct str name = http_head_name(head, i);

		if (name.at[name.n] != ':' || !http_is_token(name))
			return false;
	}
	return true;
}

/* False when llhttp refuses the head or reads it differently. */
static bool tokenize(struct http_parse *parse, const struct http_start *line)
{
	struct tokens tokens = { .head = &parse->head };
	const struct buf *raw = &parse->raw;
	size_t from = parse->guard.begin;
	llhttp_t llhttp;

	llhttp_init(&llhttp, parse->response ? HTTP_RESPONSE : HTTP_REQUEST,
		    &callbacks);
	llhttp.data = &tokens;
	return llhttp_execute(&llhttp, raw->at + from, raw->n - from) ==
		       HPE_PAUSED &&
	       !tokens.too_many && tokens_agree(parse, &tokens, line);
}

static void take_start_line(struct http_head *head,
			    const struct http_start *line)
{
	head->method = line->method_id;
	head->method_text = line->method;
	head->target = line->target;
	head->reason = line->reason;
	head->status = line->status;
	head->minor = line->minor;
}

static enum http_parse_event informational(struct http_parse *parse)
{
	if (++parse->n_1xx > HTTP_PARSE_1XX_MAX)
		return refuse(parse, 502, "too many 1xx responses");
	parse->state = HTTP_PARSE_AFTER_1XX;
	return HTTP_PARSE_HEAD;
}

static enum http_parse_event head_complete(struct http_parse *parse)
{
	struct http_head *head = &parse->head;
	struct http_start line;
	struct http_fault fault;

	head->at = parse->raw.at;
	http_guard_start(&parse->guard,
			 (struct str){ parse->raw.at, parse->raw.n }, &line);
	take_start_line(head, &line);
	if (!tokenize(parse, &line))
		return refuse(parse, 400, "malformed header");
	fault = parse->response ? http_framing_response(head, parse->to_head)
				: http_framing_request(head);
	if (fault.status)
		return refuse(parse, fault.status, fault.why);
	if (head->framing == HTTP_BODY_LENGTH && head->length > parse->body_max)
		return refuse(parse, 413, "body too large");
	if (parse->response && head->status < 200)
		return informational(parse);

	parse->left = head->framing == HTTP_BODY_LENGTH ? head->length : 0;
	http_chunk_init(&parse->chunk);
	parse->state = HTTP_PARSE_IN_BODY;
	return HTTP_PARSE_HEAD;
}

static size_t head_room(const struct http_parse *parse)
{
	size_t max = parse->response ? HTTP_RESPONSE_HEAD_MAX : HTTP_HEAD_MAX;

	return max - parse->raw.n;
}

/* Appends up to STEP bytes and lets the guard look; gives back to the input
 * what lies behind the head. */
static enum http_guard_verdict collect(struct http_parse *parse, struct str *in)
{
	size_t n = in->n < STEP ? in->n : STEP;
	enum http_guard_verdict verdict;

	if (n > head_room(parse))
		n = head_room(parse);
	buf_add(&parse->raw, in->at, n);
	verdict = http_guard_feed(&parse->guard,
				  (struct str){ parse->raw.at, parse->raw.n });
	if (verdict == HTTP_GUARD_END) {
		n -= parse->raw.n - parse->guard.at;
		parse->raw.n = parse->guard.at;
	}
	in->at += n;
	in->n -= n;
	return verdict;
}

static enum http_parse_event feed_head(struct http_parse *parse, struct str *in)
{
	while (in->n) {
		switch (collect(parse, in)) {
		case HTTP_GUARD_END:
			return head_complete(parse);
		case HTTP_GUARD_BAD:
			return refuse(parse, parse->guard.status,
				      parse->guard.why);
		case HTTP_GUARD_MORE:
			if (head_room(parse) == 0)
				return refuse(parse, 431, "head too large");
			break;
		}
	}
	return HTTP_PARSE_MORE;
}

/* Bodies */

static enum http_parse_event message_complete(struct http_parse *parse)
{
	parse->state = HTTP_PARSE_AT_END;
	return HTTP_PARSE_DONE;
}

static enum http_parse_event take_body(struct http_parse *parse,
				       struct str data)
{
	parse->body = data;
	parse->body_n += data.n;
	if (parse->body_n > parse->body_max)
		return refuse(parse, 413, "body too large");
	return HTTP_PARSE_BODY;
}

static enum http_parse_event take_counted(struct http_parse *parse,
					  struct str *in, uint64_t max)
{
	struct str data = { in->at, in->n < max ? in->n : (size_t)max };

	in->at += data.n;
	in->n -= data.n;
	return take_body(parse, data);
}

static enum http_parse_event feed_length(struct http_parse *parse,
					 struct str *in)
{
	uint64_t left = parse->left;

	if (left == 0)
		return message_complete(parse);
	if (in->n == 0)
		return HTTP_PARSE_MORE;
	parse->left -= in->n < left ? in->n : left;
	return take_counted(parse, in, left);
}

static enum http_parse_event feed_chunked(struct http_parse *parse,
					  struct str *in)
{
	struct str data;

	switch (http_chunk_feed(&parse->chunk, in, &data)) {
	case HTTP_CHUNK_DATA:
		return take_body(parse, data);
	case HTTP_CHUNK_END:
		return message_complete(parse);
	case HTTP_CHUNK_BAD:
		return refuse(parse, parse->chunk.status, parse->chunk.why);
	case HTTP_CHUNK_MORE:
		break;
	}
	return HTTP_PARSE_MORE;
}

static enum http_parse_event feed_body(struct http_parse *parse, struct str *in)
{
	switch ((enum http_framing)parse->head.framing) {
	case HTTP_BODY_LENGTH:
		return feed_length(parse, in);
	case HTTP_BODY_CHUNKED:
		return feed_chunked(parse, in);
	case HTTP_BODY_UNTIL_CLOSE:
		return in->n ? take_counted(parse, in, UINT64_MAX)
			     : HTTP_PARSE_MORE;
	case HTTP_BODY_NONE:
		break;
	}
	return message_complete(parse);
}

static enum http_parse_event feed_end(struct http_parse *parse,
				      const struct str *in)
{
	if (!parse->response || in->n == 0)
		return HTTP_PARSE_DONE;
	parse->desync = true;
	return refuse(parse, 502, "bytes behind the response");
}

enum http_parse_event http_parse_feed(struct http_parse *parse, struct str *in)
{
	switch ((enum http_parse_state)parse->state) {
	case HTTP_PARSE_AFTER_1XX:
		start(parse);
		return feed_head(parse, in);
	case HTTP_PARSE_IN_HEAD:
		return feed_head(parse, in);
	case HTTP_PARSE_IN_BODY:
		return feed_body(parse, in);
	case HTTP_PARSE_AT_END:
		return feed_end(parse, in);
	case HTTP_PARSE_FAILED:
		break;
	}
	return HTTP_PARSE_BAD;
}

enum http_parse_event http_parse_eof(struct http_parse *parse)
{
	struct str nothing = { "", 0 };

	switch ((enum http_parse_state)parse->state) {
	case HTTP_PARSE_IN_HEAD:
		if (!http_parse_started(parse) && parse->n_1xx == 0)
			return HTTP_PARSE_MORE;
		return refuse(parse, 400, "closed within a head");
	case HTTP_PARSE_AFTER_1XX:
		return refuse(parse, 502, "closed after a 1xx response");
	case HTTP_PARSE_IN_BODY:
		if (parse->head.framing == HTTP_BODY_UNTIL_CLOSE ||
		    feed_body(parse, &nothing) == HTTP_PARSE_DONE)
			return message_complete(parse);
		return refuse(parse, 400, "closed within a body");
	case HTTP_PARSE_AT_END:
		return HTTP_PARSE_MORE;
	case HTTP_PARSE_FAILED:
		break;
	}
	return HTTP_PARSE_BAD;
}

bool http_parse_started(const struct http_parse *parse)
{
	return parse->state == HTTP_PARSE_IN_HEAD && parse->raw.n > 0;
}
