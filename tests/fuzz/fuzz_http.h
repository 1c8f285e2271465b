/* What both message fuzzers assert: the verdict does not depend on how the
 * input was cut, and a head that was let through, written by us, is let
 * through again and then written the same. */
#ifndef TESTS_FUZZ_FUZZ_HTTP_H
#define TESTS_FUZZ_FUZZ_HTTP_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/parse.h"
#include "http/write.h"

enum { FUZZ_BODY_MAX = 1 << 20 };

struct fuzz_outcome {
	enum http_parse_event last; /* BAD, DONE or MORE */
	unsigned status, n_heads, n_done;
	struct buf body, written;
};

static inline void fuzz_require(bool truth)
{
	if (!truth)
		abort();
}

static inline void fuzz_init(struct http_parse *parse, bool response,
			     uint8_t flags)
{
	if (response)
		http_parse_init_response(parse);
	else
		http_parse_init_request(parse);
	parse->to_head = response && (flags & 1);
}

static inline void fuzz_write(const struct http_head *head, struct buf *out)
{
	struct http_rewrite how = http_rewrite_of(head, false);

	if (head->status) {
		http_write_response(out, head, &how);
	} else {
		if (!head->host.at)
			how.host = STR("default");
		http_write_request(out, head, &how);
	}
	fuzz_require(!out->failed);
}

/* What was written once must come back as it is. */
static inline void fuzz_again(const struct buf *written, bool response,
			      bool to_head)
{
	struct http_parse parse;
	struct str in = { written->at, written->n };
	struct buf again;

	buf_init(&again, FUZZ_BODY_MAX);
	fuzz_init(&parse, response, to_head);
	fuzz_require(http_parse_feed(&parse, &in) == HTTP_PARSE_HEAD);
	fuzz_require(in.n == 0 && parse.head.n_dropped == 0);
	fuzz_write(&parse.head, &again);
	fuzz_require(again.n == written->n &&
		     memcmp(again.at, written->at, again.n) == 0);
	buf_done(&again);
	http_parse_done(&parse);
}

static inline void fuzz_head(struct http_parse *parse,
			     struct fuzz_outcome *seen, bool first_pass)
{
	seen->n_heads++;
	buf_reset(&seen->written, FUZZ_BODY_MAX);
	fuzz_write(&parse->head, &seen->written);
	/* Host and framing may come to a head that is at the limit already. */
	if (first_pass && parse->head.n + 2 <= HTTP_HEADERS_MAX)
		fuzz_again(&seen->written, parse->response, parse->to_head);
}

static inline bool fuzz_feed(struct http_parse *parse, struct str in,
			     struct fuzz_outcome *seen, bool first_pass)
{
	do {
		seen->last = http_parse_feed(parse, &in);
		if (seen->last == HTTP_PARSE_HEAD)
			fuzz_head(parse, seen, first_pass);
		else if (seen->last == HTTP_PARSE_BODY)
			buf_add(&seen->body, parse->body.at, parse->body.n);
		else if (seen->last == HTTP_PARSE_BAD)
			seen->status = parse->status;
		if (seen->last == HTTP_PARSE_DONE) {
			seen->n_done++;
			if (parse->response && in.n == 0)
				return true;
			if (!parse->response)
				http_parse_next(parse);
		}
	} while (seen->last != HTTP_PARSE_MORE && seen->last != HTTP_PARSE_BAD);
	return seen->last != HTTP_PARSE_BAD;
}

/* Pieces of `step` bytes, copied so that ASan sees a reader run on. */
static inline void fuzz_run(const uint8_t *bytes, size_t n, bool response,
			    uint8_t flags, size_t step,
			    struct fuzz_outcome *ret)
{
	struct http_parse parse;
	bool fine = true;

	memset(ret, 0, sizeof(*ret));
	buf_init(&ret->body, FUZZ_BODY_MAX);
	buf_init(&ret->written, FUZZ_BODY_MAX);
	fuzz_init(&parse, response, flags);
	for (size_t at = 0; fine && at < n; at += step) {
		size_t piece_n = n - at < step ? n - at : step;
		char *piece = malloc(piece_n);

		fuzz_require(piece != NULL);
		memcpy(piece, bytes + at, piece_n);
		fine = fuzz_feed(&parse, (struct str){ piece, piece_n }, ret,
				 step >= n);
		free(piece);
	}
	if (fine)
		ret->last = http_parse_eof(&parse);
	http_parse_done(&parse);
}

static inline int fuzz_message(const uint8_t *bytes, size_t n, bool response)
{
	struct fuzz_outcome whole, cut;

	if (n < 2)
		return 0;
	uint8_t flags = bytes[0];
	size_t step = 1 + flags / 2 % 16;
	fuzz_run(bytes + 1, n - 1, response, flags, n, &whole);
	fuzz_run(bytes + 1, n - 1, response, flags, step, &cut);
	fuzz_require(whole.last == cut.last && whole.status == cut.status &&
		     whole.n_heads == cut.n_heads &&
		     whole.n_done == cut.n_done && whole.body.n == cut.body.n &&
		     (whole.body.n == 0 ||
		      memcmp(whole.body.at, cut.body.at, cut.body.n) == 0));
	buf_done(&whole.body);
	buf_done(&whole.written);
	buf_done(&cut.body);
	buf_done(&cut.written);
	return 0;
}

#endif
