/* Telling people: one POST to the webhook of alerts.webhook. */
#ifndef CDC_ALERT_H
#define CDC_ALERT_H

#include "base/defs.h"

struct err;

enum { ALERT_TIMEOUT_MS = 5000 };

/* Posts {"text": text} as JSON, which chat services take as it is. Blocks for
 * up to ALERT_TIMEOUT_MS; an empty url does nothing. The URL may hold a
 * secret and is no part of an error. */
int alert_post(const char *url, const char *text, struct err *err) MUST_CHECK;

#endif
