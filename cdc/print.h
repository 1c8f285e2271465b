/* `cdc --print`: record changes as JSON lines, nothing applied.
 *
 * Reads the stream from a position (the checkpoint's, if none is given) with
 * the target's columns and attribute map, and writes each record change to
 * standard output as its BSON form in JSON. Ends on stop. */
#ifndef CDC_PRINT_H
#define CDC_PRINT_H

#include "base/defs.h"

struct err;
struct setup;
struct stopper;

int print_run(struct setup *setup, const char *from, const struct stopper *stop,
	      struct err *err) MUST_CHECK;

#endif
