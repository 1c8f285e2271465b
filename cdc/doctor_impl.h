/* What the files of doctor.h share; not for others. */
#ifndef CDC_DOCTOR_IMPL_H
#define CDC_DOCTOR_IMPL_H

#include "base/defs.h"
#include "cdc/doctor.h"
#include "transform/mapping.h"

struct checkpoint;
struct err;
struct settings;

/* text is formatted; cure NULL or "": none. */
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
};

static inline bool doctor_is_loaded(const struct mapping *mapping)
{
	return mapping->target_count > 0 && mapping->targets[0]->count > 0;
}

void doctor_target(struct doctor *doctor, const struct settings *settings,
		   struct mapping *mapping, struct doctor_place *ret);
void doctor_source(struct doctor *doctor, const struct settings *settings,
		   const struct mapping *mapping,
		   const struct doctor_place *place);

#endif
