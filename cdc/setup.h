/* What every command of cdc begins with: the settings turned into the things
 * the modules want. Lives as long as the program. */
#ifndef CDC_SETUP_H
#define CDC_SETUP_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/pg.h"
#include "base/settings.h"
#include "cdc/source.h"

struct err;
struct losses;
struct mapping;
struct transform;

struct setup {
	struct settings settings;
	struct pg_config target;     /* borrows the settings' texts */
	struct source_config source; /* likewise */
	struct source_config head;   /* the server Magento writes to */
	struct mapping *mapping; /* owned; columns once setup_target() ran */
	struct losses *losses;	 /* owned */
	bool checked;		 /* setup_preflight() has passed */
};

/* Settings and mapping; talks to no server. config NULL: ./ficus.yaml. */
int setup_load(const char *config, struct setup *ret,
	       struct err *err) MUST_CHECK;
void setup_done(struct setup *setup);

/* What --check checks. The first FAIL is the error, with its cure; warnings
 * are logged. */
int setup_preflight(struct setup *setup, struct err *err) MUST_CHECK;
/* Migrate the target, and give the mapping its columns. */
int setup_target(struct setup *setup, struct err *err) MUST_CHECK;
/* Fill the attribute map from the copy's own metadata records. */
int setup_attributes(struct pg *pg, struct transform *transform,
		     struct err *err) MUST_CHECK;

#endif
