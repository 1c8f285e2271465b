/* The command line of router. */
#ifndef ROUTER_OPTIONS_H
#define ROUTER_OPTIONS_H

#include "base/defs.h"
#include "router/flag_store.h"

struct err;

enum options_mode {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_CHECK_CONFIG,
	OPTIONS_PRINT_CONFIG,
	OPTIONS_STATUS,
	OPTIONS_FLAG,
};

/* Texts point into argv; the name of the flag into `name`. */
struct options {
	enum options_mode mode;
	const char *config; /* NULL: the default place */
	const char *reason;
	char name[64];
	bool enabled;
	uint16_t percent_bp;
};

int options_parse(int argc, char **argv, struct options *ret,
		  struct err *err) MUST_CHECK;
extern const char options_help[];

#endif
