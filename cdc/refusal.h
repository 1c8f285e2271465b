/* A target that answers and refuses a whole batch: after max_retries times in
 * a row the flags of the batch's domain go off and people are told, once. A
 * target that is away refuses nothing.
 *
 * The service owns it and tries the batch again for as long as it runs; what
 * is over is seen by the board (board_refused()) and told by the publisher. */
#ifndef CDC_REFUSAL_H
#define CDC_REFUSAL_H

#include <stdbool.h>

struct board;
struct err;
struct setup;

struct refusal {
	struct setup *setup; /* borrowed */
	struct board *board; /* borrowed */
	bool told;	     /* of the present row */
};

/* The board was told of a refusal; why is the session's error. */
void refusal_judge(struct refusal *refusal, const struct err *why);
/* max_retries were reached. */
bool refusal_told(const struct refusal *refusal);

#endif
