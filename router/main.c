/* router: sends reads to the copy and everything else to Magento. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pg.h"
#include "base/settings.h"
#include "router/flag_store.h"
#include "router/options.h"
#include "router/routes.h"
#include "router/service.h"

enum { PRINT_MAX = 1024 * 1024 };

static enum log_level level_of(const char *text)
{
	if (strcmp(text, "err") == 0)
		return LOG_ERR;
	if (strcmp(text, "warn") == 0)
		return LOG_WARN;
	return strcmp(text, "debug") == 0 ? LOG_DEBUG : LOG_INFO;
}

static int check_config(const struct settings *settings, struct err *err)
{
	CLEANUP(routes_freep) struct routes *routes = NULL;
	int rc = service_routes(settings, &routes, err);

	if (rc == 0)
		printf("configuration is fine: %zu rules, %zu upstreams\n",
		       routes->n, routes->n_upstreams);
	return rc;
}

static int print_config(const struct settings *settings)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, PRINT_MAX);
	settings_print(settings, &out);
	(void)fputs(buf_str(&out), stdout);
	return 0;
}

static int status(const struct settings *settings, struct err *err)
{
	struct pg_config pg = service_pg_config(settings);
	CLEANUP(buf_done) struct buf out;
	int rc;

	buf_init(&out, PRINT_MAX);
	rc = flag_store_status(&pg, &out, err);
	if (rc == 0)
		(void)fputs(buf_str(&out), stdout);
	return rc;
}

static int flag(const struct settings *settings, const struct options *options,
		struct err *err)
{
	struct pg_config pg = service_pg_config(settings);
	char actor[64] = "";
	struct flag_change change = { .name = options->name,
				      .enabled = options->enabled,
				      .percent_bp = options->percent_bp,
				      .reason = options->reason,
				      .actor = actor };
	int64_t version;
	int rc;

	if (getlogin_r(actor, sizeof(actor)) != 0)
		(void)snprintf(actor, sizeof(actor), "uid %u",
			       (unsigned)getuid());
	rc = flag_store_set(&pg, &change, &version, err);
	if (rc == 0)
		printf("%s is %s (version %jd); routers follow within a "
		       "moment\n",
		       options->name, options->enabled ? "on" : "off",
		       (intmax_t)version);
	return rc;
}

static int run(const struct options *options, struct err *err)
{
	struct settings settings;
	int rc = settings_load(options->config, &settings, err);

	if (rc < 0)
		return rc;
	log_setup("router", level_of(settings.log_level), settings.log_json);
	switch (options->mode) {
	case OPTIONS_CHECK_CONFIG:
		rc = check_config(&settings, err);
		break;
	case OPTIONS_PRINT_CONFIG:
		rc = print_config(&settings);
		break;
	case OPTIONS_STATUS:
		rc = status(&settings, err);
		break;
	case OPTIONS_FLAG:
		rc = flag(&settings, options, err);
		break;
	case OPTIONS_RUN:
	case OPTIONS_HELP:
	case OPTIONS_VERSION:
		rc = service_run(&settings, err);
		break;
	}
	settings_done(&settings);
	return rc;
}

int main(int argc, char **argv)
{
	struct options options;
	struct err err = { 0 };
	int rc;

	log_setup("router", LOG_INFO, 0);
	rc = options_parse(argc, argv, &options, &err);
	if (rc == 0 && options.mode == OPTIONS_HELP) {
		(void)fputs(options_help, stdout);
		return 0;
	}
	if (rc == 0 && options.mode == OPTIONS_VERSION) {
		printf("router %s\n", FICUS_VERSION);
		return 0;
	}
	if (rc == 0)
		rc = run(&options, &err);
	if (rc < 0) {
		log_err("router ends", KV_ERR(&err));
		return err_exit_code(rc);
	}
	return 0;
}
