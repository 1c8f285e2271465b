/* The preflight check: is everything as replication needs it, and if not,
 * what exactly is to be done about it.
 *
 * `cdc --check` prints it; the service runs it at start and refuses to go on
 * after a FAIL. It changes nothing on either server. */
#ifndef CDC_DOCTOR_H
#define CDC_DOCTOR_H

#include <stddef.h>

#include "base/defs.h"

struct buf;
struct doctor;
struct mapping;
struct settings;

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_item {
	enum doctor_level level;
	const char *name; /* constant: "source.binlog_format" */
	char *text;	  /* owned: what was found */
	char *cure;	  /* owned: SQL, GRANT or setting; NULL when OK */
};

/* Always gives a report: a server that can't be reached is a FAIL in it.
 * Takes a second or two; the caller frees it. The mapping's target columns
 * are loaded, if they were not. */
struct doctor *doctor_run(const struct settings *settings,
			  struct mapping *mapping);
void doctor_free(struct doctor *doctor); /* NULL is fine */
void doctor_freep(struct doctor **doctor);

size_t doctor_count(const struct doctor *doctor);
const struct doctor_item *doctor_item(const struct doctor *doctor, size_t i);
enum doctor_level doctor_worst(const struct doctor *doctor);
/* An enum err_code for the start, of the first FAIL: that of a server which
 * can't be reached or refuses us, else ERR_OPERATOR; 0 without FAIL. */
int doctor_code(const struct doctor *doctor);

/* A table of at most 100 columns, cures below what they cure; then the sum. */
void doctor_print(const struct doctor *doctor, struct buf *out);
/* {"result":"fail","items":[{"level":…,"name":…,"text":…,"cure":…}]} */
void doctor_json(const struct doctor *doctor, struct buf *out);

#endif
