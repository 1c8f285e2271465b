#include "http/framing.h"

#include <stddef.h>
#include <string.h>

enum { TOKENS_MAX = 32, LENGTH_DIGITS_MAX = 19 };

static const struct http_fault fine = { 0, NULL };

static struct http_fault fault(uint16_t status, const char *why)
{
	return (struct http_fault){ status, why };
}

/* Fields by index */

static bool has_underscore(struct str name)
{
	return memchr(name.at, '_', name.n) != NULL;
}

/* `_` and `-` become one in CGI names (PHP's $_SERVER), so that
 * Transfer_Encoding or X_Forwarded_For would be read behind our back. */
static void index_fields(struct http_head *head, bool request)
{
	for (unsigned i = 0; i < head->n; i++) {
		struct http_header *header = &head->headers[i];
		struct str name = http_head_name(head, i);
		enum http_field field = http_field_of(name);

		header->field = (uint8_t)field;
		header->skip = (http_field_kind(field) &
				(HTTP_KIND_HOP | HTTP_KIND_FRAME)) != 0;
		if (request && has_underscore(name)) {
			header->skip = true;
			head->n_dropped++;
		}
		if (field && !head->first[field])
			head->first[field] = (uint8_t)(i + 1);
	}
}

static unsigned count_of(const struct http_head *head, enum http_field field)
{
	unsigned n = 0;

	for (unsigned i = 0; i < head->n; i++)
		n += head->headers[i].field == field;
	return n;
}

/* Connection */

static bool is_guarded(struct str name)
{
	enum http_field field = http_field_of(name);

	return field ? http_field_kind(field) != HTTP_KIND_PLAIN
		     : name.n > 12 &&
			       strncasecmp(name.at, "x-forwarded-", 12) == 0;
}

static void skip_named(struct http_head *head, struct str name)
{
	if (is_guarded(name))
		return;
	for (unsigned i = 0; i < head->n; i++) {
		if (head->headers[i].name_n == name.n &&
		    strncasecmp(http_head_name(head, i).at, name.at, name.n) ==
			    0)
			head->headers[i].skip = true;
	}
}

struct connection {
	unsigned n;
	bool close, keep_alive;
};

static struct http_fault one_option(struct http_head *head, struct str option,
				    struct connection *ret)
{
	if (option.n == 0)
		return fine; /* RFC 9110 5.6.1: empty elements are ignored */
	if (!http_is_token(option) || ++ret->n > TOKENS_MAX)
		return fault(400, "malformed Connection");
	if (str_ieqs(option, "close"))
		ret->close = true;
	else if (str_ieqs(option, "keep-alive"))
		ret->keep_alive = true;
	else
		skip_named(head, option);
	return fine;
}

static struct http_fault read_connection(struct http_head *head)
{
	struct connection found = { 0, false, false };

	for (unsigned i = 0; i < head->n; i++) {
		if (head->headers[i].field != HTTP_FIELD_CONNECTION)
			continue;
		struct str rest = http_head_value(head, i);
		while (rest.at) {
			struct str option = str_trim(str_split(&rest, ','));
			struct http_fault bad =
				one_option(head, option, &found);
			if (bad.status)
				return bad;
		}
	}
	head->keep_alive =
		!found.close && (head->minor == 1 || found.keep_alive);
	head->upgrade = head->first[HTTP_FIELD_UPGRADE] != 0;
	return fine;
}

/* Content-Length and Transfer-Encoding */

static struct http_fault read_length(struct http_head *head)
{
	struct str value = http_head_get(head, HTTP_FIELD_CONTENT_LENGTH);

	if (!value.at)
		return fine;
	if (count_of(head, HTTP_FIELD_CONTENT_LENGTH) > 1)
		return fault(400, "more than one Content-Length");
	while (value.n > 1 && value.at[0] == '0') {
		value.at++;
		value.n--;
	}
	if (value.n > LENGTH_DIGITS_MAX || !str_to_u64(value, &head->length) ||
	    head->length > INT64_MAX)
		return fault(400, "malformed Content-Length");
	head->has_length = true;
	return fine;
}

/* 501 is for a list of codings that is well formed, ends in chunked (or has
 * one coding) and holds one that we do not know. */
static struct http_fault refuse_coding(struct str rest)
{
	unsigned n = 0, n_chunked = 0;
	bool last_chunked = false;

	while (rest.at) {
		struct str coding = str_trim(str_split(&rest, ','));

		if (!http_is_token(coding))
			return fault(400, "malformed Transfer-Encoding");
		last_chunked = str_ieqs(coding, "chunked");
		n_chunked += last_chunked;
		n++;
	}
	if (n_chunked > 1 || (n > 1 && !last_chunked))
		return fault(400, "malformed Transfer-Encoding");
	return fault(501, "transfer coding not implemented");
}

static struct http_fault read_encoding(struct http_head *head)
{
	struct str value = http_head_get(head, HTTP_FIELD_TRANSFER_ENCODING);

	if (!value.at)
		return fine;
	if (head->minor == 0)
		return fault(400, "Transfer-Encoding in HTTP/1.0");
	if (head->first[HTTP_FIELD_CONTENT_LENGTH])
		return fault(400, "Content-Length with Transfer-Encoding");
	if (count_of(head, HTTP_FIELD_TRANSFER_ENCODING) > 1)
		return fault(400, "more than one Transfer-Encoding");
	if (!str_ieqs(value, "chunked"))
		return refuse_coding(value);
	head->framing = HTTP_BODY_CHUNKED;
	return fine;
}

static struct http_fault read_framing(struct http_head *head)
{
	struct http_fault bad = read_encoding(head);

	if (!bad.status)
		bad = read_length(head);
	if (!bad.status && head->has_length)
		head->framing = HTTP_BODY_LENGTH;
	return bad;
}

/* Request */

static bool same_text(struct str a, struct str b)
{
	return a.n == b.n && strncasecmp(a.at, b.at, a.n) == 0;
}

/* http://authority/path: the authority must be the Host; what remains is
 * origin-form. */
static struct http_fault reduce_absolute(struct http_head *head)
{
	struct str *target = &head->target;
	const char *end = target->at + target->n;
	const char *from = (const char *)memchr(target->at, ':', target->n) + 3;
	struct str authority = { from, strcspn(from, "/? ") };

	if (!http_is_host(authority))
		return fault(400, "malformed request target");
	if (!head->first[HTTP_FIELD_HOST])
		head->host = authority;
	else if (!same_text(authority, head->host))
		return fault(400, "request target contradicts Host");
	from += authority.n;
	*target = (struct str){ from, (size_t)(end - from) };
	if (target->n == 0)
		*target = head->method == HTTP_METHOD_OPTIONS ? STR("*")
							      : STR("/");
	else if (target->at[0] != '/')
		return fault(400, "malformed request target");
	return fine;
}

static struct http_fault read_host(struct http_head *head)
{
	unsigned n = count_of(head, HTTP_FIELD_HOST);

	if (n > 1)
		return fault(400, "more than one Host");
	if (n == 0 && head->minor == 1)
		return fault(400, "Host is missing");
	if (n == 1) {
		head->host = http_head_get(head, HTTP_FIELD_HOST);
		if (!http_is_host(head->host))
			return fault(400, "malformed Host");
	}
	if (head->target.at[0] != '/' && head->target.n > 1)
		return reduce_absolute(head);
	return fine;
}

static struct http_fault read_expect(struct http_head *head)
{
	for (unsigned i = 0; i < head->n; i++) {
		if (head->headers[i].field != HTTP_FIELD_EXPECT)
			continue;
		if (!str_ieqs(http_head_value(head, i), "100-continue"))
			return fault(417, "expectation not supported");
		head->expect_continue = head->minor == 1;
	}
	return fine;
}

struct http_fault http_framing_request(struct http_head *head)
{
	struct http_fault bad;

	index_fields(head, true);
	bad = read_host(head);
	if (!bad.status)
		bad = read_framing(head);
	if (!bad.status)
		bad = read_connection(head);
	if (!bad.status)
		bad = read_expect(head);
	return bad;
}

/* Response */

static bool has_no_body(const struct http_head *head, bool to_head)
{
	return to_head || head->status < 200 || head->status == 204 ||
	       head->status == 304;
}

struct http_fault http_framing_response(struct http_head *head, bool to_head)
{
	struct http_fault bad;

	index_fields(head, false);
	bad = read_framing(head);
	if (!bad.status)
		bad = read_connection(head);
	if (bad.status)
		return fault(502, bad.why);
	if (head->status == 101)
		return fault(502, "101 without an Upgrade of ours");
	if (has_no_body(head, to_head)) {
		head->framing = HTTP_BODY_NONE;
	} else if (head->framing == HTTP_BODY_NONE) {
		head->framing = HTTP_BODY_UNTIL_CLOSE;
		head->keep_alive = false;
	}
	return fine;
}
