/* What a PostgreSQL failure means, and what may be said about it.
 *
 * Messages of class 22 (data exception) quote the value they refuse, in
 * quotes that depend on the server's language: they are cut before the first
 * quote or colon. DETAIL and CONTEXT, which quote rows, don't get here. */
#ifndef BASE_PG_ERROR_H
#define BASE_PG_ERROR_H

#include <stdbool.h>

struct err;

/* Fields of a server's error; each may be NULL. */
struct pg_fault {
	const char *sqlstate, *message;
	const char *schema, *table, *column, *constraint;
};

/* One of enum err_code; "" and NULL: ERR_TARGET_LOST. */
int pg_error_code(const char *sqlstate);
/* Sets err from the fault and returns its code. */
int pg_error_set(struct err *err, const struct pg_fault *fault);
/* The SQLSTATE within a verbose message, "FATAL:  28P01: …"; gives false and
 * "" when there is none. */
bool pg_error_find_state(const char *message, char sqlstate[6]);

#endif
