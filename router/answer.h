/* Answers that are ours: of the copy, of the transcoder, errors. */
#ifndef ROUTER_ANSWER_H
#define ROUTER_ANSWER_H

#include "base/str.h"

struct exchange;

/* The whole answer, at once to the client. Ends the exchange. */
void answer_send(struct exchange *x, int status, const char *type,
		 struct str body);
/* {"error": text} and, for 502 to 504, Retry-After. Ends the exchange. */
void answer_error(struct exchange *x, int status, const char *text);
/* The same into x->hold, for an answer that waits for its ticket. */
void answer_hold(struct exchange *x, int status, const char *type,
		 struct str body);
void answer_hold_error(struct exchange *x, int status, const char *text);
/* Counts the answer, hands it to the connection, ends the exchange. */
void answer_over(struct exchange *x);

#endif
