#include "http/head.h"

#include <string.h>

#include "base/defs.h"

static const struct {
	const char *name;
	uint8_t n;
	uint8_t kind;
} fields[] = { [HTTP_FIELD_OTHER] = { "", 0, HTTP_KIND_PLAIN },
#define FIELD_ROW(id, text, kind)                                              \
	[HTTP_FIELD_##id] = { (text), sizeof(text) - 1, HTTP_KIND_##kind },
	       HTTP_FIELDS(FIELD_ROW)
#undef FIELD_ROW
};

/* Fields by length of the name: a name is compared with few. A test asks for
 * every field by its name, so that a new one cannot be forgotten here. */
#define F(id) HTTP_FIELD_##id
enum { CANDIDATES = 5, NAME_MAX_KNOWN = 22 };
static const uint8_t by_length[NAME_MAX_KNOWN + 1][CANDIDATES] = {
	[2] = { F(TE) },
	[3] = { F(VIA) },
	[4] = { F(HOST) },
	[5] = { F(STORE) },
	[6] = { F(COOKIE), F(ACCEPT), F(EXPECT) },
	[7] = { F(UPGRADE), F(TRAILER), F(ALT_SVC) },
	[8] = { F(LOCATION) },
	[9] = { F(FORWARDED) },
	[10] = { F(CONNECTION), F(USER_AGENT), F(KEEP_ALIVE), F(SET_COOKIE) },
	[11] = { F(TRACEPARENT), F(RETRY_AFTER) },
	[12] = { F(CONTENT_TYPE), F(X_REQUEST_ID), F(MAX_FORWARDS) },
	[13] = { F(AUTHORIZATION), F(X_HTTP_METHOD) },
	[14] = { F(CONTENT_LENGTH), F(HTTP2_SETTINGS) },
	[15] = { F(X_FORWARDED_FOR) },
	[16] = { F(X_FORWARDED_HOST), F(X_FORWARDED_PORT), F(CONTENT_ENCODING),
		 F(PROXY_CONNECTION) },
	[17] = { F(TRANSFER_ENCODING), F(X_FORWARDED_PROTO),
		 F(X_METHOD_OVERRIDE) },
	[18] = { F(PROXY_AUTHENTICATE) },
	[19] = { F(PROXY_AUTHORIZATION) },
	[22] = { F(X_HTTP_METHOD_OVERRIDE) },
};
#undef F

static const char *const method_names[] = { [HTTP_METHOD_NONE] = "",
#define METHOD_NAME(name) [HTTP_METHOD_##name] = #name,
					    HTTP_METHODS(METHOD_NAME)
#undef METHOD_NAME
};

static const struct {
	int status;
	const char *text;
} statuses[] = {
	{ 100, "Continue" },
	{ 103, "Early Hints" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 508, "Loop Detected" },
};

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 'a' - 'A') : u;
}

static bool same_name(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

/* The last bytes tell most candidates apart. */
static bool is_field(uint8_t id, const char *name)
{
	const char *known = fields[id].name;
	size_t last = fields[id].n - 1u;

	return lower(known[last]) == lower(name[last]) &&
	       same_name(known, name, last);
}

enum http_field http_field_of(struct str name)
{
	if (name.n > NAME_MAX_KNOWN)
		return HTTP_FIELD_OTHER;
	for (const uint8_t *id = by_length[name.n];
	     id < by_length[name.n] + CANDIDATES && *id; id++) {
		if (is_field(*id, name.at))
			return (enum http_field) * id;
	}
	return HTTP_FIELD_OTHER;
}

const char *http_field_name(enum http_field field)
{
	return fields[field].name;
}

enum http_field_kind http_field_kind(enum http_field field)
{
	return (enum http_field_kind)fields[field].kind;
}

struct str http_head_get(const struct http_head *head, enum http_field field)
{
	if (!head->first[field])
		return (struct str){ NULL, 0 };
	return http_head_value(head, head->first[field] - 1u);
}

struct str http_head_find(const struct http_head *head, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < head->n; i++) {
		if (head->headers[i].name_n == n &&
		    same_name(http_head_name(head, i).at, name, n))
			return http_head_value(head, i);
	}
	return (struct str){ NULL, 0 };
}

enum http_method http_method_of(struct str text)
{
	for (size_t m = 1; m < LENGTH(method_names); m++) {
		if (str_eqs(text, method_names[m]))
			return (enum http_method)m;
	}
	return HTTP_METHOD_NONE;
}

const char *http_method_name(enum http_method method)
{
	return method_names[method];
}

const char *http_status_text(int status)
{
	for (size_t i = 0; i < LENGTH(statuses); i++) {
		if (statuses[i].status == status)
			return statuses[i].text;
	}
	return "";
}

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* tchar of RFC 9110 5.6.2, a bit per byte. */
static bool is_tchar(unsigned char c)
{
	static const uint32_t bits[8] = { 0, 0x03ff6cfa, 0xc7fffffe,
					  0x57ffffff };

	return bits[c >> 5] >> (c & 31) & 1;
}

bool http_is_token(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!is_tchar((unsigned char)text.at[i]))
			return false;
	}
	return text.n > 0;
}

bool http_is_value(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool is_port(struct str text)
{
	uint64_t port;

	return text.n <= 5 && str_to_u64(text, &port) && port <= 65535;
}

/* "[…]" as far as the bracket; what is inside is not looked at closely. */
static size_t ipv6_length(struct str text)
{
	for (size_t i = 1; i < text.n; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c == ']')
			return i > 2 ? i + 1 : 0;
		if (!is_alnum(c) && c != ':' && c != '.')
			return 0;
	}
	return 0;
}

static size_t name_length(struct str text)
{
	size_t i = 0;

	while (i < text.n && (is_alnum((unsigned char)text.at[i]) ||
			      strchr("-._~", text.at[i])))
		i++;
	return i;
}

bool http_is_host(struct str text)
{
	size_t n = text.n && text.at[0] == '[' ? ipv6_length(text)
					       : name_length(text);

	if (n == 0)
		return false;
	if (n == text.n)
		return true;
	return text.at[n] == ':' &&
	       is_port((struct str){ text.at + n + 1, text.n - n - 1 });
}
