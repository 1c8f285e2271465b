#include "cdc/alert.h"

#include <curl/curl.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

enum { BODY_MAX = 64 * 1024, STATUS_OK_MIN = 200, STATUS_OK_MAX = 299 };

static size_t drop(char *bytes, size_t size, size_t count, void *user)
{
	(void)bytes;
	(void)user;
	return size * count;
}

static void write_body(struct buf *body, const char *text)
{
	struct json w;

	json_init(&w, body, JSON_PLAIN);
	json_begin_object(&w);
	json_key(&w, "text");
	json_str(&w, text);
	json_end_object(&w);
}

static CURLcode post(CURL *curl, const char *url, const struct buf *body,
		     long *ret_status)
{
	struct curl_slist *headers =
		curl_slist_append(NULL, "Content-Type: application/json");

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->n);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, buf_str(body));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ALERT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_slist_free_all(headers);
	return code;
}

int alert_post(const char *url, const char *text, struct err *err)
{
	struct buf body;
	long status = 0;

	if (!*url)
		return 0;
	CURL *curl = curl_easy_init();
	if (!curl)
		return err_set(err, ERR_IO, "alerts.webhook: no libcurl");
	buf_init(&body, BODY_MAX);
	write_body(&body, text);
	CURLcode code = post(curl, url, &body, &status);
	buf_done(&body);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return err_set(err, ERR_IO, "alerts.webhook: %s",
			       curl_easy_strerror(code));
	if (status < STATUS_OK_MIN || status > STATUS_OK_MAX)
		return err_set(err, ERR_IO, "alerts.webhook: status %ld",
			       status);
	return 0;
}
