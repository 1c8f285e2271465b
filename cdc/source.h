/* A connection to the Magento database server: queries and the binlog stream.
 *
 * Blocking, owned by one thread; only source_cancel() may be called from
 * another. Sessions speak utf8mb4 and UTC, so that texts are those of
 * transform/value.h. Failures are translated to codes:
 *   ERR_SOURCE_LOST  connection, shutdown, timeout, too many connections
 *   ERR_OPERATOR     the message ends in what must be done: wrong password,
 *                    missing privilege, purged position, unknown database …
 *   ERR_SOURCE       anything else the server refuses
 * A password is never part of a message.
 *
 * The client library's types stay inside source*.c; source_client.c is all
 * that differs between MariaDB Connector/C and Oracle's. */
#ifndef CDC_SOURCE_H
#define CDC_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "transform/value.h"

struct err;
struct losses;
struct position;
struct settings;
struct source;
struct source_rows;

struct source_config {
	const char *host, *user, *password; /* borrowed; never NULL */
	/* Read at each connect instead of `password`; "" or NULL: none. While
	 * it can't be read, or is refused, the server counts as away. */
	const char *password_file;
	const char *database; /* "": none is chosen */
	const char *tls; /* off|preferred|required|verify_ca|verify_identity */
	const char *tls_ca; /* file; "": the system's */
	int64_t port, connect_timeout_ms;
	int64_t read_timeout_ms; /* longest wait for an answer to a query */
	int64_t heartbeat_ms;	 /* of a stream; three missed end it */
	uint32_t server_id;	 /* ours, as a replica */
	uint64_t max_event;	 /* bytes of the largest event accepted */
	bool allow_public_key;
};

/* Both borrow the settings' texts. _head: source.head, or the source itself
 * when that is not set. The server id is the setting's, else one that is the
 * same for every start of this copy, and hardly another's: a number of both
 * databases. */
void source_config_of(const struct settings *settings,
		      struct source_config *ret);
void source_config_head(const struct settings *settings,
			struct source_config *ret);
/* For a stream beside the service's, which the server would end if it came
 * from the same replica. */
void source_config_beside(struct source_config *config);

enum source_flavour { SOURCE_MYSQL, SOURCE_MARIADB };

struct source_server {
	enum source_flavour flavour;
	unsigned version; /* 100611 for 10.6.11, 90700 for 9.7.0 */
	char text[64];	  /* as the server prints it */
};

int source_connect(const struct source_config *config, struct source **ret,
		   struct err *err) MUST_CHECK;
void source_close(struct source *source); /* NULL is fine */
void source_closep(struct source **source);
const struct source_server *source_server(const struct source *source);

/* One statement; its rows, if any, are dropped. */
int source_exec(struct source *source, const char *sql,
		struct err *err) MUST_CHECK;
/* One statement; all rows are held (use only where they are few). */
int source_query(struct source *source, const char *sql,
		 struct source_rows **ret, struct err *err) MUST_CHECK;
/* One statement; rows are fetched one by one, in bounded memory. Nothing else
 * can be asked until the rows are freed, which drains what was not read. */
int source_stream(struct source *source, const char *sql,
		  struct source_rows **ret, struct err *err) MUST_CHECK;

/* The next row becomes current; *ret is false after the last. */
int source_next(struct source_rows *rows, bool *ret,
		struct err *err) MUST_CHECK;
/* The current row's values by column, ready for a row_change: VALUE_NULL,
 * VALUE_TEXT or, of binary strings, VALUE_BYTES. Valid until the next row. */
const struct value *source_values(const struct source_rows *rows);
size_t source_columns(const struct source_rows *rows);
/* Count text that is not of its character set, by column of `table`. */
void source_count_losses(struct source_rows *rows, struct losses *losses,
			 const char *table);
const char *source_column(const struct source_rows *rows, size_t column);
bool source_null(const struct source_rows *rows, size_t column);
struct str source_text(const struct source_rows *rows, size_t column);
int64_t source_int(const struct source_rows *rows, size_t column); /* or 0 */
void source_rows_free(struct source_rows *rows); /* NULL is fine */
void source_rows_freep(struct source_rows **rows);

/* The first column of the first row, or NULL when there is no row or it is
 * NULL. *ret is the caller's to free. */
int source_one(struct source *source, const char *sql, char **ret,
	       struct err *err) MUST_CHECK;
/* A server variable, NULL when this server has none of that name. */
int source_variable(struct source *source, const char *name, char **ret,
		    struct err *err) MUST_CHECK;
/* The statement that says where the log ends, and what it leaves out: file,
 * offset, databases logged, databases not logged (each "": all, none). */
const char *source_log_status(const struct source *source);
/* Which server this is, whatever its address: "mysql:<server_uuid>",
 * "mariadb:<server_uid>" or, before MariaDB 10.5.26,
 * "mariadb:<server_id>@<hostname>:<port>". The caller frees it. */
int source_identity(struct source *source, char **ret,
		    struct err *err) MUST_CHECK;
/* Where the log ends now, in the form that `mode` names:
 * auto (GTID where the server has them), gtid or file. *ret is initialised
 * and the caller's to position_done(). */
int source_head(struct source *source, const char *mode, struct position *ret,
		struct err *err) MUST_CHECK;

/* May a stream start at `position`? ERR_OPERATOR with the cure when not: one
 * of the other flavour, a GTID set this server does not contain, purged logs.
 * Whether it is a place of this server's log at all: origin.h. */
int source_check_position(struct source *source,
			  const struct position *position,
			  struct err *err) MUST_CHECK;

/* Turn the connection into a binlog stream that starts behind `from`; no
 * query can be made on it any more. */
int source_dump_start(struct source *source, const struct position *from,
		      struct err *err) MUST_CHECK;
/* Wait for the next event; *ret is valid until the next call. A silence of
 * three heartbeat periods is ERR_SOURCE_LOST. */
int source_packet(struct source *source, const uint8_t **ret, size_t *ret_n,
		  struct err *err) MUST_CHECK;
/* From any thread, while `source` is open: what it waits for fails at once
 * with ERR_STOPPED, and so does all that comes after. */
void source_cancel(struct source *source);

#endif
