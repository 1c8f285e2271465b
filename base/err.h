/* Errors: a code that says what to do, a sentence that says what happened.
 *
 * A function that can fail returns 0 or a negative enum err_code, and fills
 * the struct err given as its last argument. Who detects the fault calls
 * err_set() with what is wrong (and the cure, where there is one); callers
 * that know more prepend where it happened with err_wrap():
 *
 *     mysql-bin.000007:4: table map: 0 columns
 *
 * Nobody logs on the way up. The outermost loop does, once, since it alone
 * knows whether the fault will be retried. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/defs.h"

/*	X(name, value, exit code of design section 9, what the caller does) */
#define ERR_CODES(X)                                                           \
	X(IO, -1, 1, "a peer or a file was lost: reconnect and resume")        \
	X(CORRUPT, -2, 3, "bytes that cannot be right: stop, keep position")   \
	X(CONFIG, -3, 2, "a setting or the usage is wrong: stop")              \
	X(LIMIT, -4, 1, "a limit was reached: refuse this one")                \
	X(OPERATOR, -5, 3, "an operator must act first: stop and say how")     \
	X(SOURCE, -6, 4, "the source refuses, and will again: stop")           \
	X(TARGET, -7, 5, "the target refuses, and will again: stop")           \
	X(SOURCE_LOST, -8, 4, "the source is away: back off, reconnect")       \
	X(TARGET_LOST, -9, 5, "the target is away: back off, reconnect")       \
	X(DATA, -10, 5, "the target refuses this data: bisect, set aside")     \
	X(STOPPED, -11, 0, "asked to stop: wind down")

#define ERR_ENUM(name, value, exit, text) ERR_##name = (value),
enum err_code { ERR_CODES(ERR_ENUM) };
#undef ERR_ENUM

/* Lives on the caller's stack: reporting an error never allocates. */
struct err {
	int code;      /* 0 until err_set(); then one of enum err_code */
	char msg[768]; /* longer texts are cut at the end */
};

/* Both return the code, so that a failing function can return the call. */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

int err_exit_code(int code);	     /* 0..5 as in design.md section 9 */
const char *err_code_name(int code); /* "IO", "CORRUPT", … */

#endif
