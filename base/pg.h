/* A blocking PostgreSQL connection with errors the house way.
 *
 * Owned by one thread; only pg_cancel() may be called from another. Every
 * failure is translated to a code (the table is in pg_error.c):
 *   ERR_TARGET_LOST  connection, shutdown, serialisation, deadlock, resources,
 *                    read-only server, no answer in time: retry later
 *   ERR_DATA         the data is refused (SQLSTATE 22, 23, 44, 54, P0001):
 *                    bisect
 *   ERR_STOPPED      pg_cancel() ended the statement
 *   ERR_TARGET       anything else: stop
 * The message has SQLSTATE, table, column and constraint names, never DETAIL,
 * CONTEXT or values (they quote rows) and never a password. After a
 * connection was lost every call fails at once; connect anew.
 *
 * libpq's types stay inside pg*.c. */
#ifndef BASE_PG_H
#define BASE_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct buf;
struct err;
struct pg;
struct pg_result;

struct pg_config {
	const char *host, *user, *password, *database, *application;
	const char *schema;  /* search_path; NULL: public */
	const char *options; /* more libpq keywords "k=v k=v"; may be NULL */
	/* Read at each connect instead of `password`; "" or NULL: none. While
	 * it can't be read, or is refused, the server counts as away. */
	const char *password_file;
	int64_t port;
	/* 0 is no limit; name look-ups are bounded by the resolver alone. */
	int64_t connect_timeout_ms, tcp_user_timeout_ms;
	/* A statement that answers nothing for so long loses the connection,
	 * even if the server's kernel is alive; see pg_set_timeout(). */
	int64_t answer_timeout_ms;
	int64_t idle_in_transaction_ms; /* 0: as the server has it */
};

enum { PG_PARAMS_MAX = 512 };

/* One parameter: text unless binary. at == NULL is SQL NULL. Text has a NUL
 * at at[n], as libpq wants it (asserted); binary has not. */
struct pg_param {
	const void *at;
	size_t n;
	bool binary;
};

struct pg_param pg_param_text(const char *text);     /* NULL is SQL NULL */
struct pg_param pg_param_buf(const struct buf *buf); /* never NULL */

/* Sets UTF-8, UTC, ISO dates, search_path and time-outs for the session. A
 * wrong password, database or permission is ERR_TARGET. */
int pg_connect(const struct pg_config *config, struct pg **ret,
	       struct err *err) MUST_CHECK;
void pg_close(struct pg *pg); /* NULL is fine */
void pg_closep(struct pg **pg);
int pg_socket(const struct pg *pg);
int pg_backend_pid(const struct pg *pg);
bool pg_in_transaction(const struct pg *pg);
bool pg_is_lost(const struct pg *pg);
int pg_server_version(const struct pg *pg); /* 150004 is 15.4 */
/* SQLSTATE of the last failure, "" when it had none. */
const char *pg_sqlstate(const struct pg *pg);
/* For what is long by nature (indexes); 0: no limit. Gives the old value. */
int64_t pg_set_timeout(struct pg *pg, int64_t answer_timeout_ms);
/* From any thread: ask the server to end the running statement, which then
 * fails with ERR_STOPPED. Does nothing when none runs. */
void pg_cancel(struct pg *pg);

/* Several statements without parameters; results dropped. */
int pg_exec(struct pg *pg, const char *sql, struct err *err) MUST_CHECK;
/* One statement; *ret is owned by the caller (NULL: not wanted). */
int pg_query(struct pg *pg, const char *sql, const struct pg_param *params,
	     size_t count, struct pg_result **ret, struct err *err) MUST_CHECK;
/* Server-side prepared statement by name; pg_run() executes it. */
int pg_prepare(struct pg *pg, const char *name, const char *sql,
	       struct err *err) MUST_CHECK;
int pg_run(struct pg *pg, const char *name, const struct pg_param *params,
	   size_t count, struct pg_result **ret, struct err *err) MUST_CHECK;

/* Pipeline: queue any number of statements, then pg_pipe_sync() sends, waits
 * for all answers and gives the first failure; `failed` (may be NULL) is its
 * index in the order queued, SIZE_MAX when it is none's. rows (may be NULL)
 * gets the sum of affected rows. After a failed statement the server skips
 * the rest. The socket is drained while sending, so that large pipelines
 * can't deadlock; what waits to be sent stays below 1 MiB plus a statement.
 * Without an open transaction the whole pipeline is one. */
void pg_pipe_begin(struct pg *pg);
void pg_pipe_query(struct pg *pg, const char *sql,
		   const struct pg_param *params, size_t count);
void pg_pipe_prepare(struct pg *pg, const char *name, const char *sql);
void pg_pipe_run(struct pg *pg, const char *name, const struct pg_param *params,
		 size_t count);
size_t pg_pipe_queued(const struct pg *pg); /* statements so far */
/* The result of the next statement queued goes to *ret during sync, owned by
 * the caller; NULL if it failed or did not run. ret stays valid until then. */
void pg_pipe_keep(struct pg *pg, struct pg_result **ret);
int pg_pipe_sync(struct pg *pg, size_t *failed, uint64_t *rows,
		 struct err *err) MUST_CHECK;

/* COPY … FROM STDIN (the SQL says the format). Not inside a pipeline. */
int pg_copy_begin(struct pg *pg, const char *sql, struct err *err) MUST_CHECK;
int pg_copy_put(struct pg *pg, const void *bytes, size_t n,
		struct err *err) MUST_CHECK;
int pg_copy_end(struct pg *pg, uint64_t *rows, struct err *err) MUST_CHECK;
/* Give the COPY up: what was sent is dropped by the server. */
int pg_copy_abort(struct pg *pg, struct err *err) MUST_CHECK;

/* Wait up to timeout_ms for a NOTIFY; *channel (owned by pg until the next
 * call) is NULL when none came. */
int pg_wait_notify(struct pg *pg, int64_t timeout_ms, const char **channel,
		   struct err *err) MUST_CHECK;

size_t pg_rows(const struct pg_result *r);
size_t pg_columns(const struct pg_result *r);
bool pg_null(const struct pg_result *r, size_t row, size_t column);
struct str pg_value(const struct pg_result *r, size_t row, size_t column);
const char *pg_text(const struct pg_result *r, size_t row, size_t column);
int64_t pg_int(const struct pg_result *r, size_t row, size_t column); /* or 0 */
bool pg_bool(const struct pg_result *r, size_t row, size_t column);
const char *pg_column_name(const struct pg_result *r, size_t column);
uint64_t pg_affected(const struct pg_result *r);
void pg_result_free(struct pg_result *r);
void pg_result_freep(struct pg_result **r);

/* Append an identifier / a literal, quoted. */
void pg_quote_name(struct buf *out, const char *name);
void pg_quote_text(struct buf *out, struct str text);

#endif
