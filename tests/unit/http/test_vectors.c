/* Requests and responses of the files in tests/golden/http, one a line:
 *
 *     verdict name bytes
 *
 * verdict: pass, or the status the parser must refuse with. With pass the
 * body may be stated: pass=BODY. Bytes are escaped: \r \n \t \\ \xHH, and
 * \{TEXT*N} repeats TEXT. Each line is parsed whole, a byte at a time, and cut
 * in two at every place; verdict, body and rest must always be the same.
 * FICUS_HTTP_REQUESTS names another file of requests. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/parse.h"

enum { TEXT_MAX = 4 * 1024 * 1024, SPLITS_MAX = 600 };

struct vector {
	char name[64];
	char verdict[256];
	struct buf bytes;
};

/* What came of feeding: "pass" or the status, and everything seen. */
struct outcome {
	char verdict[16];
	const char *why;
	unsigned n_messages, n_heads;
	struct buf body;
};

static int hex(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static const char *unescape_repeat(struct buf *out, const char *at)
{
	const char *star = strchr(at, '*');
	struct buf text;
	char *end;

	assert_non_null(star);
	unsigned long n = strtoul(star + 1, &end, 10);
	assert_true(*end == '}');
	buf_init(&text, TEXT_MAX);
	buf_add(&text, at, (size_t)(star - at));
	while (n--) {
		const char *from = text.at, *last = text.at + text.n;

		for (; from < last; from++) {
			if (*from == '\\' && from[1] == 'r')
				buf_addc(out, '\r'), from++;
			else if (*from == '\\' && from[1] == 'n')
				buf_addc(out, '\n'), from++;
			else
				buf_addc(out, *from);
		}
	}
	buf_done(&text);
	return end + 1;
}

static void unescape(struct buf *out, const char *at)
{
	while (*at) {
		if (*at != '\\') {
			buf_addc(out, *at++);
			continue;
		}
		at++;
		switch (*at++) {
		case 'r':
			buf_addc(out, '\r');
			break;
		case 'n':
			buf_addc(out, '\n');
			break;
		case 't':
			buf_addc(out, '\t');
			break;
		case 'x':
			buf_addc(out, (char)(hex(at[0]) << 4 | hex(at[1])));
			at += 2;
			break;
		case '{':
			at = unescape_repeat(out, at);
			break;
		default:
			buf_addc(out, at[-1]);
		}
	}
}

static void see(struct outcome *seen, enum http_parse_event event,
		struct http_parse *parse)
{
	if (event == HTTP_PARSE_HEAD) {
		seen->n_heads++;
	} else if (event == HTTP_PARSE_BODY) {
		buf_add(&seen->body, parse->body.at, parse->body.n);
	} else if (event == HTTP_PARSE_BAD) {
		(void)snprintf(seen->verdict, sizeof(seen->verdict), "%d",
			       parse->status);
		seen->why = parse->why;
	}
}

/* The piece is copied, so that a parser that reads on is caught by ASan and
 * one that keeps pointers into the input reads rubbish. */
static bool feed(struct http_parse *parse, struct outcome *seen,
		 const char *bytes, size_t n)
{
	char *piece = mem_strndup(bytes, n);
	struct str in = { piece, n };
	enum http_parse_event event;

	do {
		event = http_parse_feed(parse, &in);
		see(seen, event, parse);
		if (event == HTTP_PARSE_DONE) {
			seen->n_messages++;
			if (parse->response && in.n == 0)
				break;
			if (!parse->response)
				http_parse_next(parse);
		}
	} while (event != HTTP_PARSE_MORE && event != HTTP_PARSE_BAD);
	free(piece);
	return event != HTTP_PARSE_BAD;
}

static void run_cut(const struct vector *v, bool response, size_t first,
		    size_t step, struct outcome *ret)
{
	struct http_parse parse;
	size_t at = 0, n = first;
	bool fine = true;

	*ret = (struct outcome){ .verdict = "pass" };
	buf_init(&ret->body, TEXT_MAX);
	if (response)
		http_parse_init_response(&parse);
	else
		http_parse_init_request(&parse);
	while (fine && at < v->bytes.n) {
		if (n > v->bytes.n - at)
			n = v->bytes.n - at;
		fine = feed(&parse, ret, v->bytes.at + at, n);
		at += n;
		n = step;
	}
	if (fine)
		see(ret, http_parse_eof(&parse), &parse);
	http_parse_done(&parse);
}

static void assert_same(const struct vector *v, const struct outcome *a,
			const struct outcome *b, size_t cut)
{
	if (strcmp(a->verdict, b->verdict) != 0 || a->why != b->why ||
	    a->n_messages != b->n_messages || a->n_heads != b->n_heads ||
	    a->body.n != b->body.n ||
	    memcmp(buf_str(&a->body), buf_str(&b->body), a->body.n) != 0)
		fail_msg("%s: cut at %zu: %s (%s) becomes %s (%s)", v->name,
			 cut, a->verdict, a->why ? a->why : "", b->verdict,
			 b->why ? b->why : "");
}

static void try_cuts(const struct vector *v, bool response,
		     const struct outcome *whole)
{
	size_t n = v->bytes.n;
	struct outcome cut;

	run_cut(v, response, 1, 1, &cut);
	assert_same(v, whole, &cut, 1);
	buf_done(&cut.body);
	for (size_t at = 1; at < n; at += n < SPLITS_MAX ? 1 : n / 150) {
		run_cut(v, response, at, n, &cut);
		assert_same(v, whole, &cut, at);
		buf_done(&cut.body);
	}
}

static void check(const struct vector *v, bool response)
{
	char *body = strchr(v->verdict, '=');
	struct outcome whole;

	if (body)
		*body++ = '\0';
	run_cut(v, response, v->bytes.n, 1, &whole);
	if (strcmp(whole.verdict, v->verdict) != 0)
		fail_msg("%s: must be %s, is %s (%s)", v->name, v->verdict,
			 whole.verdict, whole.why ? whole.why : "accepted");
	if (body)
		assert_string_equal(buf_str(&whole.body), body);
	try_cuts(v, response, &whole);
	buf_done(&whole.body);
}

static unsigned check_line(char *line, bool response)
{
	struct vector v = { 0 };
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '#' || line[0] == '\0')
		return 0;
	if (sscanf(line, "%255s %63s %n", v.verdict, v.name, &n) != 2)
		fail_msg("not a vector: %s", line);
	buf_init(&v.bytes, TEXT_MAX);
	unescape(&v.bytes, line + n);
	check(&v, response);
	buf_done(&v.bytes);
	return 1;
}

static unsigned check_file(const char *path, bool response)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	unsigned n = 0;

	if (!file)
		fail_msg("cannot open %s", path);
	while (getline(&line, &size, file) > 0)
		n += check_line(line, response);
	free(line);
	(void)fclose(file);
	return n;
}

static char *golden(const char *name)
{
	const char *dir = getenv("FICUS_GOLDEN_HTTP");

	return mem_printf("%s/%s", dir ? dir : "tests/golden/http", name);
}

TEST(every_request_gets_its_verdict_however_it_is_cut)
{
	const char *other = getenv("FICUS_HTTP_REQUESTS");
	char *path = other ? mem_strdup(other) : golden("requests.txt");

	assert_true(check_file(path, false) >= 100);
	free(path);
}

TEST(every_response_gets_its_verdict_however_it_is_cut)
{
	char *path = golden("responses.txt");

	assert_true(check_file(path, true) >= 30);
	free(path);
}

RUN(CASE(every_request_gets_its_verdict_however_it_is_cut),
    CASE(every_response_gets_its_verdict_however_it_is_cut))
