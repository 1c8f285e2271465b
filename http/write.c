#include "http/write.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static void add(struct buf *out, struct str text)
{
	buf_add(out, text.at, text.n);
}

static void add_crlf(struct buf *out)
{
	buf_add(out, "\r\n", 2);
}

static void add_header(struct buf *out, struct str name, struct str value)
{
	add(out, name);
	buf_add(out, ": ", 2);
	add(out, value);
	add_crlf(out);
}

/* Ours, so not yet checked by the parser. */
static void add_pair(struct buf *out, const struct http_pair *pair)
{
	if (!pair->value.at)
		return;
	if (!http_is_token(pair->name) || !http_is_value(pair->value)) {
		out->failed = true;
		return;
	}
	add_header(out, pair->name, pair->value);
}

static void add_pairs(struct buf *out, const struct http_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_pair(out, &pairs[i]);
}

static void add_length(struct buf *out, uint64_t length)
{
	buf_adds(out, "Content-Length: ");
	buf_addu(out, length);
	add_crlf(out);
}

static void add_framing(struct buf *out, enum http_framing framing,
			uint64_t length)
{
	if (framing == HTTP_BODY_LENGTH)
		add_length(out, length);
	else if (framing == HTTP_BODY_CHUNKED)
		buf_adds(out, "Transfer-Encoding: chunked\r\n");
}

static bool is_replaced(const struct http_rewrite *how, struct str name)
{
	for (size_t i = 0; i < how->n_pairs; i++) {
		const struct str *pair = &how->pairs[i].name;

		if (pair->n == name.n &&
		    strncasecmp(pair->at, name.at, name.n) == 0)
			return true;
	}
	return false;
}

/* What the peer sent, without what ends here and what is replaced. */
static void add_passed(struct buf *out, const struct http_head *head,
		       const struct http_rewrite *how)
{
	for (size_t i = 0; i < head->n; i++) {
		struct str name = http_head_name(head, i);

		if (head->headers[i].skip ||
		    head->headers[i].field == HTTP_FIELD_HOST ||
		    is_replaced(how, name))
			continue;
		add_header(out, name, http_head_value(head, i));
	}
}

struct http_rewrite http_rewrite_of(const struct http_head *head,
				    bool peer_is_1_0)
{
	struct http_rewrite how = {
		.framing = (enum http_framing)head->framing,
		.length = head->length,
	};

	if (how.framing == HTTP_BODY_UNTIL_CLOSE && !peer_is_1_0)
		how.framing = HTTP_BODY_CHUNKED;
	else if (how.framing == HTTP_BODY_CHUNKED && peer_is_1_0)
		how.framing = HTTP_BODY_UNTIL_CLOSE;
	if (how.framing == HTTP_BODY_UNTIL_CLOSE)
		how.close = true;
	how.state_length = head->framing == HTTP_BODY_NONE &&
			   head->has_length && head->status >= 200 &&
			   head->status != 204;
	return how;
}

void http_write_request(struct buf *out, const struct http_head *head,
			const struct http_rewrite *how)
{
	struct str target = how->target.at ? how->target : head->target;
	struct str host = how->host.at ? how->host : head->host;

	assert(how->framing != HTTP_BODY_UNTIL_CLOSE);
	if (target.n == 0 || memchr(target.at, ' ', target.n) ||
	    !http_is_value(target) || !http_is_host(host)) {
		out->failed = true;
		return;
	}
	add(out, head->method_text);
	buf_addc(out, ' ');
	add(out, target);
	buf_adds(out, " HTTP/1.1\r\n");
	add_header(out, STR("Host"), host);
	add_passed(out, head, how);
	add_framing(out, how->framing, how->length);
	if (how->expect)
		buf_adds(out, "Expect: 100-continue\r\n");
	if (how->close)
		buf_adds(out, "Connection: close\r\n");
	add_pairs(out, how->pairs, how->n_pairs);
	add_crlf(out);
}

static void add_status_line(struct buf *out, int status, struct str reason)
{
	assert(status >= 100 && status <= 599);
	buf_adds(out, "HTTP/1.1 ");
	buf_addu(out, (uint64_t)status);
	buf_addc(out, ' ');
	add(out, reason);
	add_crlf(out);
}

static void add_connection(struct buf *out, bool close, bool keep_alive_1_0)
{
	if (close)
		buf_adds(out, "Connection: close\r\n");
	else if (keep_alive_1_0)
		buf_adds(out, "Connection: keep-alive\r\n");
}

void http_write_response(struct buf *out, const struct http_head *head,
			 const struct http_rewrite *how)
{
	add_status_line(out, head->status, head->reason);
	add_passed(out, head, how);
	if (how->state_length)
		add_length(out, how->length);
	else
		add_framing(out, how->framing, how->length);
	add_connection(out, how->close, how->keep_alive_1_0);
	add_pairs(out, how->pairs, how->n_pairs);
	add_crlf(out);
}

/* Chunks */

size_t http_write_chunk_head(char line[HTTP_CHUNK_HEAD_MAX], size_t n)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 60;
	size_t at = 0;

	assert(n > 0);
	while (!(n >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		line[at++] = digits[n >> shift & 15];
	line[at++] = '\r';
	line[at++] = '\n';
	return at;
}

void http_write_chunk(struct buf *out, struct str data)
{
	char line[HTTP_CHUNK_HEAD_MAX];

	if (data.n == 0)
		return;
	buf_add(out, line, http_write_chunk_head(line, data.n));
	add(out, data);
	add_crlf(out);
}

void http_write_last_chunk(struct buf *out)
{
	buf_adds(out, "0\r\n\r\n");
}

/* Answers of ours */

void http_write_answer(struct buf *out, const struct http_answer *answer)
{
	const struct http_pair type = { STR("Content-Type"),
					str_of(answer->type) };

	add_status_line(out, answer->status,
			str_of(http_status_text(answer->status)));
	if (answer->type)
		add_pair(out, &type);
	if (answer->status != 204 && answer->status != 304)
		add_length(out, answer->body.n);
	add_connection(out, answer->close, answer->keep_alive_1_0);
	add_pairs(out, answer->pairs, answer->n_pairs);
	add_crlf(out);
	if (!answer->head_only && answer->status != 204 &&
	    answer->status != 304)
		add(out, answer->body);
}

/* Quotes, backslashes and control bytes cannot break out of the string. */
static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(out, '\\');
		if ((unsigned char)*text < ' ')
			buf_addf(out, "\\u%04x", (unsigned)*text);
		else
			buf_addc(out, *text);
	}
}

enum { ERROR_MAX = 4096 };

void http_write_error(struct buf *out, int status, const char *text, bool close)
{
	struct buf body;

	buf_init(&body, ERROR_MAX);
	buf_adds(&body, "{\"error\":\"");
	add_escaped(&body, text);
	buf_adds(&body, "\"}\n");
	http_write_answer(out, &(struct http_answer){
				       .status = status,
				       .type = "application/json",
				       .body = { buf_str(&body), body.n },
				       .close = close,
			       });
	if (body.failed)
		out->failed = true;
	buf_done(&body);
}
