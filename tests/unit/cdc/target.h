/* A database of its own for a test, on the server of FICUS_TEST_PG
 * ("host=127.0.0.1 port=… user=… dbname=…", a role that may create databases
 * and end backends). */
#ifndef TESTS_UNIT_CDC_TARGET_H
#define TESTS_UNIT_CDC_TARGET_H

#include <stddef.h>

#include "base/pg.h"

struct mapping;

struct target {
	struct pg_config config; /* of the new database */
	char *text;		 /* owned: what config points into */
	char *name;		 /* owned: of the new database */
	struct pg *admin;	 /* on the first database */
	struct pg *pg;		 /* on the new one */
};

/* The database has all migrations and a checkpoint at position "start". Fails
 * the test on errors. */
void target_open(struct target *target);
void target_close(struct target *target);

/* These tables as a mapping with their columns; mapping_free() it. */
struct mapping *target_mapping(struct target *target, const char *const *names,
			       size_t count);

void target_do(struct target *target, const char *sql);
/* First column of the first row as text; "(none)" without a row, "(null)".
 * Valid until the next call. */
const char *target_ask(struct target *target, const char *sql);

#endif
