/* The command line of cdc (design section 9). */
#ifndef CDC_OPTIONS_H
#define CDC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

struct err;

enum command {
	COMMAND_RUN,
	COMMAND_BOOTSTRAP,
	COMMAND_CHECK,
	COMMAND_MIGRATE,
	COMMAND_PRINT,
	COMMAND_STATUS,
	COMMAND_DEAD_LETTERS,
	COMMAND_RESYNC,
	COMMAND_PRINT_CONFIG,
	COMMAND_HELP,
	COMMAND_VERSION
};

struct options {
	enum command command;
	const char *config; /* --config; NULL: ./ficus.yaml */
	const char *from;   /* --print --from POSITION */
	bool json;	    /* --check, --status, --dead-letters */
	bool follow;	    /* --bootstrap */
	/* --dead-letters ACTION ID…, --resync WHAT; borrowed from argv */
	char *const *words;
	size_t word_count;
};

/* ERR_CONFIG for what is unknown or does not go together. */
int options_parse(int argc, char **argv, struct options *ret,
		  struct err *err) MUST_CHECK;
extern const char options_usage[];

#endif
