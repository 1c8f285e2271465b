/* A blocking PostgreSQL connection with errors the house way.
 *
 * Owned by one thread. Every failure is translated to a code:
 *   ERR_TARGET_LOST  connection, shutdown, serialisation, deadlock, disk full
 *                    (SQLSTATE 08, 40, 53, 57P, 55P03, 25006): retry later
 *   ERR_DATA         the data is refused (22, 23): bisect
 *   ERR_TARGET       anything else: stop
 * The message has SQLSTATE, table, column and constraint names, never DETAIL
 * (it quotes row values) and never a password.
 *
 * libpq's types stay inside pg.c. */
#ifndef BASE_PG_H
#define BASE_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct err;
struct pg;
struct pg_result;

struct pg_config {
	const char *host, *user, *password, *database, *application;
	const char *schema;  /* search_path; NULL: public */
	const char *options; /* more libpq keywords "k=v k=v"; may be NULL */
	int64_t port;
	int64_t connect_timeout_ms, tcp_user_timeout_ms;
};

/* One parameter: text format unless binary. at == NULL is SQL NULL. */
struct pg_param {
	const void *at;
	size_t n;
	bool binary;
};

int pg_connect(const struct pg_config *config, struct pg **ret,
	       struct err *err) MUST_CHECK;
void pg_close(struct pg *pg); /* NULL is fine */
void pg_closep(struct pg **pg);
int pg_socket(const struct pg *pg);
int pg_backend_pid(const struct pg *pg);
bool pg_in_transaction(const struct pg *pg);

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

/* Pipeline: queue any number of pg_pipe_* calls, then pg_pipe_sync() sends,
 * waits for all answers and gives the first failure; `failed` (may be NULL)
 * is its index in the order queued. rows (may be NULL) gets the sum of
 * affected rows. The socket is drained while sending, so that large
 * pipelines can't deadlock. */
void pg_pipe_begin(struct pg *pg);
void pg_pipe_query(struct pg *pg, const char *sql,
		   const struct pg_param *params, size_t count);
void pg_pipe_run(struct pg *pg, const char *name, const struct pg_param *params,
		 size_t count);
int pg_pipe_sync(struct pg *pg, size_t *failed, uint64_t *rows,
		 struct err *err) MUST_CHECK;

/* COPY … FROM STDIN (the SQL says the format). Not inside a pipeline. */
int pg_copy_begin(struct pg *pg, const char *sql, struct err *err) MUST_CHECK;
int pg_copy_put(struct pg *pg, const void *bytes, size_t n,
		struct err *err) MUST_CHECK;
int pg_copy_end(struct pg *pg, uint64_t *rows, struct err *err) MUST_CHECK;

/* Wait up to timeout_ms for a NOTIFY; *channel (owned by pg until the next
 * call) is NULL when none came. */
int pg_wait_notify(struct pg *pg, int64_t timeout_ms, const char **channel,
		   struct err *err) MUST_CHECK;

size_t pg_rows(const struct pg_result *r);
size_t pg_columns(const struct pg_result *r);
bool pg_null(const struct pg_result *r, size_t row, size_t column);
struct str pg_value(const struct pg_result *r, size_t row, size_t column);
const char *pg_text(const struct pg_result *r, size_t row, size_t column);
int64_t pg_int(const struct pg_result *r, size_t row, size_t column);
uint64_t pg_affected(const struct pg_result *r);
void pg_result_free(struct pg_result *r);
void pg_result_freep(struct pg_result **r);

/* Append an identifier / a literal, quoted. */
struct buf;
void pg_quote_name(struct buf *out, const char *name);
void pg_quote_text(struct buf *out, struct str text);

#endif
