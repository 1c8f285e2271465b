#include "router/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "router/flags.h"

const char options_help[] =
	"router: sends reads to the copy and everything else to Magento\n"
	"\n"
	"  router [--config FILE]      run\n"
	"  router --check-config       read settings and routes, say what is "
	"wrong\n"
	"  router --print-config       every setting with its meaning\n"
	"  router --status             state, lag and flags on one screen\n"
	"  router --flag NAME=VALUE [--reason TEXT]\n"
	"                              NAME: customer_read, catalog_read, "
	"order_read, all\n"
	"                              VALUE: on, off, or a percentage\n";

enum {
	OPT_CONFIG = 256,
	OPT_CHECK,
	OPT_PRINT,
	OPT_STATUS,
	OPT_FLAG,
	OPT_REASON,
	OPT_HELP,
	OPT_VERSION,
};

static int flag_option(const char *text, struct options *o, struct err *err)
{
	struct str rest = str_of(text), name = str_split(&rest, '=');

	if (name.n == 0 || name.n >= sizeof(o->name) || !rest.at)
		return err_set(err, ERR_CONFIG,
			       "--flag %s: write NAME=on, NAME=off or "
			       "NAME=PERCENT",
			       text);
	(void)snprintf(o->name, sizeof(o->name), "%.*s", (int)name.n, name.at);
	if (!flag_parse(rest, &o->enabled, &o->percent_bp))
		return err_set(err, ERR_CONFIG,
			       "--flag %s: \"%s\" is neither on, off nor a "
			       "percentage from 0 to 100",
			       text, rest.at);
	return 0;
}

static int mode_set(struct options *o, enum options_mode mode, struct err *err)
{
	if (o->mode != OPTIONS_RUN && o->mode != mode)
		return err_set(err, ERR_CONFIG,
			       "these options exclude each other; see --help");
	o->mode = mode;
	return 0;
}

static int option_take(int opt, struct options *o, struct err *err)
{
	switch (opt) {
	case OPT_CONFIG:
		o->config = optarg;
		return 0;
	case OPT_REASON:
		o->reason = optarg;
		return 0;
	case OPT_CHECK:
		return mode_set(o, OPTIONS_CHECK_CONFIG, err);
	case OPT_PRINT:
		return mode_set(o, OPTIONS_PRINT_CONFIG, err);
	case OPT_STATUS:
		return mode_set(o, OPTIONS_STATUS, err);
	case OPT_HELP:
		return mode_set(o, OPTIONS_HELP, err);
	case OPT_VERSION:
		return mode_set(o, OPTIONS_VERSION, err);
	case OPT_FLAG:
		if (flag_option(optarg, o, err) < 0)
			return err->code;
		return mode_set(o, OPTIONS_FLAG, err);
	default:
		return err_set(err, ERR_CONFIG,
			       "unknown or incomplete option; see --help");
	}
}

int options_parse(int argc, char **argv, struct options *ret, struct err *err)
{
	static const struct option table[] = {
		{ "config", required_argument, NULL, OPT_CONFIG },
		{ "check-config", no_argument, NULL, OPT_CHECK },
		{ "print-config", no_argument, NULL, OPT_PRINT },
		{ "status", no_argument, NULL, OPT_STATUS },
		{ "flag", required_argument, NULL, OPT_FLAG },
		{ "reason", required_argument, NULL, OPT_REASON },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ 0 },
	};
	struct options o = { .reason = "" };
	int opt, rc = 0;

	opterr = 0;
	optind = 1;
	for (;;) {
		opt = getopt_long(argc, argv, "", table, NULL);
		if (opt < 0)
			break;
		rc = option_take(opt, &o, err);
		if (rc < 0)
			return rc;
	}
	if (optind < argc)
		return err_set(err, ERR_CONFIG,
			       "\"%s\" is not understood; see "
			       "--help",
			       argv[optind]);
	*ret = o;
	return 0;
}
