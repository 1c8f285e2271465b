#include "http/guard.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>

#include "http/head.h"

enum {
	START_ROOM = 64, /* method, blanks and version beside the target */
	VERSION_N = 8,	 /* HTTP/1.1 */
};

void http_guard_init(struct http_guard *guard, bool response)
{
	*guard = (struct http_guard){ .response = response };
}

static enum http_guard_verdict refuse(struct http_guard *guard, uint16_t status,
				      const char *why)
{
	guard->status = guard->response ? 502 : status;
	guard->why = why;
	return HTTP_GUARD_BAD;
}

/* A bit in each of 8 bytes that is CTL; exact for the lowest one, which is
 * the first in memory. HTAB counts as one here. */
static uint64_t control_bits(const char *at)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t word, del;

	memcpy(&word, at, sizeof(word));
	word = le64toh(word);
	del = word ^ ones * 0x7f;
	return (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) &
	       ones * 0x80;
}

static bool is_control(char c)
{
	unsigned char u = (unsigned char)c;

	return (u < ' ' && u != '\t') || u == 0x7f;
}

/* First byte from `at` on that is a control byte other than HTAB. */
static size_t skip_plain(struct str raw, size_t at, size_t stop)
{
	while (stop - at >= 8) {
		uint64_t bits = control_bits(raw.at + at);

		if (!bits) {
			at += 8;
			continue;
		}
		at += (size_t)__builtin_ctzll(bits) / 8;
		if (raw.at[at] != '\t')
			return at;
		at++;
	}
	while (at < stop && !is_control(raw.at[at]))
		at++;
	return at;
}

/* Request line */

/* HTTP-version is fixed in length; 505 only when it is well formed. */
static uint16_t version_fault(struct str version)
{
	static const char shape[] = "HTTP/";

	if (version.n != VERSION_N || memcmp(version.at, shape, 5) != 0 ||
	    version.at[5] < '0' || version.at[5] > '9' ||
	    version.at[6] != '.' || version.at[7] < '0' || version.at[7] > '9')
		return 400;
	return version.at[5] == '1' && version.at[7] <= '1' ? 0 : 505;
}

static bool is_absolute(struct str target)
{
	return (target.n > 7 && strncasecmp(target.at, "http://", 7) == 0) ||
	       (target.n > 8 && strncasecmp(target.at, "https://", 8) == 0);
}

static bool is_target(struct str target)
{
	for (size_t i = 0; i < target.n; i++) {
		unsigned char c = (unsigned char)target.at[i];

		if (c <= ' ' || c > '~' || c == '#')
			return false;
	}
	return target.n > 0;
}

static bool form_fits(const struct http_start *start)
{
	if (str_eqs(start->method, "CONNECT"))
		return true; /* to be refused with 405, whatever it names */
	if (str_eqs(start->target, "*"))
		return start->method_id == HTTP_METHOD_OPTIONS;
	return start->target.at[0] == '/' || is_absolute(start->target);
}

static struct str split_request_line(struct str line, struct http_start *ret)
{
	ret->method = str_split(&line, ' ');
	ret->target = str_split(&line, ' ');
	ret->method_id = (uint8_t)http_method_of(ret->method);
	return line;
}

static enum http_guard_verdict judge_request_line(struct http_guard *guard,
						  struct str line)
{
	struct http_start start;
	struct str version = split_request_line(line, &start);

	if (!http_is_token(start.method))
		return refuse(guard, 400, "malformed method");
	if (!is_target(start.target))
		return refuse(guard, 400, "malformed request target");
	uint16_t fault = version_fault(version);
	if (fault == 400)
		return refuse(guard, 400, "malformed HTTP version");
	if (start.target.n > HTTP_TARGET_MAX)
		return refuse(guard, 414, "request target too long");
	if (!form_fits(&start))
		return refuse(guard, 400, "malformed request target");
	if (fault)
		return refuse(guard, fault, "HTTP version not supported");
	if (str_eqs(start.method, "TRACE") || str_eqs(start.method, "CONNECT"))
		return refuse(guard, 405, "method not allowed");
	if (start.method_id == HTTP_METHOD_NONE)
		return refuse(guard, 501, "method not implemented");
	return HTTP_GUARD_MORE;
}

/* Status line: version SP 3 digits [ SP reason ] */
static enum http_guard_verdict judge_status_line(struct http_guard *guard,
						 struct str line)
{
	struct str version = str_split(&line, ' ');
	struct str status = str_split(&line, ' ');
	uint64_t number;

	if (version_fault(version))
		return refuse(guard, 502, "no HTTP/1.x response");
	if (status.n != 3 || !str_to_u64(status, &number) || number < 100 ||
	    number > 599)
		return refuse(guard, 502, "malformed status line");
	return HTTP_GUARD_MORE;
}

/* Lines */

static enum http_guard_verdict judge_start_line(struct http_guard *guard,
						struct str line)
{
	if (guard->response)
		return judge_status_line(guard, line);
	if (line.n == 0 && !guard->lead) {
		guard->lead = true;
		guard->begin = guard->at;
		return HTTP_GUARD_MORE;
	}
	return judge_request_line(guard, line);
}

/* The line that ended before guard->at, CRLF included there. */
static enum http_guard_verdict judge_line(struct http_guard *guard,
					  struct str raw)
{
	struct str line = { raw.at + guard->line, guard->at - 2 - guard->line };

	if (guard->line == guard->begin)
		return judge_start_line(guard, line);
	if (line.n == 0)
		return HTTP_GUARD_END;
	if (++guard->n_lines > HTTP_HEADERS_MAX)
		return refuse(guard, 431, "too many headers");
	return HTTP_GUARD_MORE;
}

static uint32_t line_limit(const struct http_guard *guard)
{
	if (guard->response)
		return HTTP_RESPONSE_HEAD_MAX;
	if (guard->line == guard->begin)
		return HTTP_TARGET_MAX + START_ROOM;
	return HTTP_LINE_MAX;
}

static enum http_guard_verdict too_long(struct http_guard *guard)
{
	if (guard->line == guard->begin)
		return refuse(guard, 414, "request line too long");
	return refuse(guard, 431, "header line too long");
}

/* At a control byte: only a whole CRLF is one. *ended tells if it is. */
static enum http_guard_verdict at_control(struct http_guard *guard,
					  struct str raw, bool *ended)
{
	*ended = false;
	if (raw.at[guard->at] == '\n')
		return refuse(guard, 400, "bare LF");
	if (raw.at[guard->at] != '\r')
		return refuse(guard, 400, "control byte in the head");
	if (guard->at + 1 >= raw.n)
		return HTTP_GUARD_MORE; /* looked at again with its LF */
	if (raw.at[guard->at + 1] != '\n')
		return refuse(guard, 400, "bare CR");
	guard->at += 2;
	*ended = true;
	return HTTP_GUARD_MORE;
}

static bool starts_with_blank(const struct http_guard *guard, struct str raw)
{
	return guard->line < raw.n &&
	       (raw.at[guard->line] == ' ' || raw.at[guard->line] == '\t');
}

/* To the end of one line, or of the input (then *ended is false). */
static enum http_guard_verdict feed_line(struct http_guard *guard,
					 struct str raw, bool *ended)
{
	size_t stop = guard->line + line_limit(guard);

	*ended = false;
	if (starts_with_blank(guard, raw))
		return refuse(guard, 400, "line starts with a blank");
	if (stop > raw.n)
		stop = raw.n;
	guard->at = (uint32_t)skip_plain(raw, guard->at, stop);
	if (guard->at == guard->line + line_limit(guard))
		return too_long(guard);
	if (guard->at == raw.n)
		return HTTP_GUARD_MORE;

	enum http_guard_verdict verdict = at_control(guard, raw, ended);
	return *ended ? judge_line(guard, raw) : verdict;
}

enum http_guard_verdict http_guard_feed(struct http_guard *guard,
					struct str raw)
{
	enum http_guard_verdict verdict;
	bool ended;

	do {
		verdict = feed_line(guard, raw, &ended);
		if (ended)
			guard->line = guard->at;
	} while (ended && verdict == HTTP_GUARD_MORE);
	return verdict;
}

void http_guard_start(const struct http_guard *guard, struct str raw,
		      struct http_start *ret)
{
	const char *from = raw.at + guard->begin;
	const char *cr = memchr(from, '\r', raw.n - guard->begin);
	struct str line = { from, (size_t)(cr - from) };

	*ret = (struct http_start){ 0 };
	if (!guard->response) {
		struct str version = split_request_line(line, ret);
		ret->minor = (uint8_t)(version.at[7] - '0');
		return;
	}
	struct str version = str_split(&line, ' ');
	struct str status = str_split(&line, ' ');
	uint64_t number = 0;
	(void)str_to_u64(status, &number);
	ret->minor = (uint8_t)(version.at[7] - '0');
	ret->status = (uint16_t)number;
	ret->reason = line;
}
