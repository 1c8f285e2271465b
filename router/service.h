/* The running router: everything between settings and a signal to stop. */
#ifndef ROUTER_SERVICE_H
#define ROUTER_SERVICE_H

#include "base/defs.h"

struct err;
struct pg_config;
struct routes;
struct settings;

/* Settings → the connection to PostgreSQL; texts are borrowed. */
struct pg_config service_pg_config(const struct settings *settings);
/* Routes by the settings; warnings go to the log. */
int service_routes(const struct settings *settings, struct routes **ret,
		   struct err *err) MUST_CHECK;
/* Runs until SIGTERM or SIGINT, then drains; a second signal cuts. */
int service_run(const struct settings *settings, struct err *err) MUST_CHECK;

#endif
