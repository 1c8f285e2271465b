#include "cdc/webhook.h"

#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"

enum { STATUS_OK_MIN = 200, STATUS_OK_MAX = 299 };

static void add(struct json *w, const char *key, const char *text)
{
	json_key(w, key);
	json_str(w, text);
}

void webhook_body(struct buf *out, const struct webhook_message *message,
		  const char *instance)
{
	char at[CLOCK_TEXT_MAX];
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	add(&w, "source", "ficus");
	add(&w, "instance", instance);
	add(&w, "alert", message->name);
	add(&w, "state", message->resolved ? "resolved" : "firing");
	add(&w, "at", clock_text(at, message->at_us));
	add(&w, "text", message->text);
	json_end_object(&w);
}

static size_t drop(char *bytes, size_t size, size_t count, void *user)
{
	(void)bytes;
	(void)user;
	return size * count;
}

static int progress(void *user, curl_off_t all, curl_off_t got,
		    curl_off_t to_send, curl_off_t sent)
{
	const struct webhook_receiver *to = user;

	(void)all;
	(void)got;
	(void)to_send;
	(void)sent;
	return to->given_up(to->user);
}

static CURLcode perform(CURL *curl, const struct webhook_receiver *to,
			const struct buf *body)
{
	struct curl_slist *headers =
		curl_slist_append(NULL, "Content-Type: application/json");

	curl_easy_setopt(curl, CURLOPT_URL, to->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->n);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, buf_str(body));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)to->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, to);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	CURLcode code = curl_easy_perform(curl);
	curl_slist_free_all(headers);
	return code;
}

int webhook_post(const struct webhook_receiver *to, const struct buf *body,
		 struct err *err)
{
	CURL *curl = curl_easy_init();
	long status = 0;

	if (!curl)
		return err_set(err, ERR_IO, "alerts.webhook: no libcurl");
	CURLcode code = perform(curl, to, body);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return err_set(err, ERR_IO, "alerts.webhook: %s",
			       curl_easy_strerror(code));
	if (status < STATUS_OK_MIN || status > STATUS_OK_MAX)
		return err_set(err, ERR_IO, "alerts.webhook: status %ld",
			       status);
	return 0;
}
