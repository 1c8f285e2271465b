/* What the files of doctor.h share; not for others. */
#ifndef CDC_DOCTOR_IMPL_H
#define CDC_DOCTOR_IMPL_H

#include <stdbool.h>

#include "base/defs.h"
#include "cdc/doctor.h"
#include "transform/mapping.h"

struct err;
struct pg;
struct schema;
struct settings;
struct source;

/* text is formatted; cure NULL or "": none. A cure that is SQL can be pasted
 * as it is: what else is to be done stands in a comment behind it. */
void doctor_add(struct doctor *doctor, enum doctor_level level,
		const char *name, const char *cure, const char *fmt, ...)
	PRINTF_LIKE(5, 6);
/* A FAIL whose text has the cure in itself. An error of a lost or refusing
 * server decides doctor_code(). */
void doctor_add_err(struct doctor *doctor, const char *name,
		    const struct err *err);

/* The place the copy stands at, as far as the target tells. */
struct doctor_place {
	char *position, *source_id; /* owned; NULL: no checkpoint */
	char *file_position;	    /* likewise */
	int64_t log_created;	    /* 0: not known */
};

static inline bool doctor_is_loaded(const struct mapping *mapping)
{
	return mapping->target_count > 0 && mapping->targets[0]->count > 0;
}

void doctor_target(struct doctor *doctor, const struct settings *settings,
		   struct mapping *mapping, struct doctor_place *ret);
/* Of a target whose migrations are applied (doctor_tables.c). */
void doctor_tables(struct doctor *doctor, struct pg *pg,
		   const struct settings *settings,
		   const struct mapping *mapping);
void doctor_source(struct doctor *doctor, const struct settings *settings,
		   const struct mapping *mapping,
		   const struct doctor_place *place);

/* What the source's checks have in common; all borrowed. */
struct doctor_check {
	struct doctor *doctor;
	const struct settings *settings;
	const struct mapping *mapping;
	const struct doctor_place *place;
	struct source *source;
	const char *grant; /* the GRANT our user needs */
};

/* The first value, or NULL; also when it can't be asked, which adds a FAIL.
 * The caller frees it. */
char *doctor_ask(struct doctor_check *c, const char *name, const char *sql);
/* NULL when this server has no such variable. The caller frees it. */
char *doctor_variable(struct doctor_check *c, const char *name);
/* An error; of a missing privilege with the GRANT. */
void doctor_add_refused(struct doctor_check *c, const char *name,
			const struct err *err);

/* Settings of the log (doctor_binlog.c). False: there is no log. */
bool doctor_binlog(struct doctor_check *c);
/* The shop's tables (doctor_shop.c). */
void doctor_shop(struct doctor_check *c);
/* What must not be copied as it is, and what is looked up by its text: the
 * latter of a target whose columns are known (doctor_privacy.c). */
void doctor_privacy(struct doctor_check *c, const struct schema *schema);
void doctor_collations(struct doctor_check *c, const struct schema *schema);

#endif
