#include "cdc/options.h"

#include <getopt.h>
#include <string.h>

#include "base/err.h"

const char options_usage[] =
	"cdc [--config FILE]       replicate; needs a checkpoint "
	"(--bootstrap)\n"
	"cdc --bootstrap [--follow]  copy everything, then exit (or go on)\n"
	"cdc --check [--json]      is everything as replication needs it?\n"
	"cdc --migrate             bring the target's schema up to date\n"
	"cdc --print [--from POSITION]  record changes as JSON lines\n"
	"cdc --status [--json]     state, lag, position, flags\n"
	"cdc --dead-letters [list|retry|drop] [ID...]  what the target "
	"refused\n"
	"cdc --resync customer|catalog|order[:ID,...]  read the source again, "
	"beside\n"
	"                          the stream\n"
	"cdc --print-config        every setting, with its meaning\n"
	"cdc --help, --version\n"
	"\n"
	"Exit codes: 0 fine, 1 a check failed, 2 usage or configuration,\n"
	"3 an operator must act (the last line says how), 4 source, 5 "
	"target.\n";

enum { OPT_CONFIG = 256, OPT_FROM, OPT_JSON, OPT_FOLLOW, OPT_COMMAND };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "follow", no_argument, NULL, OPT_FOLLOW },
	{ "bootstrap", no_argument, NULL, OPT_COMMAND + COMMAND_BOOTSTRAP },
	{ "check", no_argument, NULL, OPT_COMMAND + COMMAND_CHECK },
	{ "migrate", no_argument, NULL, OPT_COMMAND + COMMAND_MIGRATE },
	{ "print", no_argument, NULL, OPT_COMMAND + COMMAND_PRINT },
	{ "status", no_argument, NULL, OPT_COMMAND + COMMAND_STATUS },
	{ "dead-letters", no_argument, NULL,
	  OPT_COMMAND + COMMAND_DEAD_LETTERS },
	{ "resync", no_argument, NULL, OPT_COMMAND + COMMAND_RESYNC },
	{ "print-config", no_argument, NULL,
	  OPT_COMMAND + COMMAND_PRINT_CONFIG },
	{ "help", no_argument, NULL, OPT_COMMAND + COMMAND_HELP },
	{ "version", no_argument, NULL, OPT_COMMAND + COMMAND_VERSION },
	{ 0 },
};

static int set_command(struct options *o, enum command command, struct err *err)
{
	if (o->command != COMMAND_RUN && o->command != command)
		return err_set(err, ERR_CONFIG,
			       "two commands at once; see cdc --help");
	o->command = command;
	return 0;
}

static int take(struct options *o, int c, const char *word, struct err *err)
{
	switch (c) {
	case OPT_CONFIG:
		o->config = optarg;
		return 0;
	case OPT_FROM:
		o->from = optarg;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_FOLLOW:
		o->follow = true;
		return 0;
	case ':':
		return err_set(err, ERR_CONFIG, "%s needs a value", word);
	case '?':
		return err_set(err, ERR_CONFIG,
			       "unknown option %s; see cdc --help", word);
	default:
		return set_command(o, (enum command)(c - OPT_COMMAND), err);
	}
}

static int check(const struct options *o, struct err *err)
{
	if (o->from && o->command != COMMAND_PRINT)
		return err_set(err, ERR_CONFIG, "--from goes with --print");
	if (o->follow && o->command != COMMAND_BOOTSTRAP)
		return err_set(err, ERR_CONFIG,
			       "--follow goes with --bootstrap");
	if (o->json && o->command != COMMAND_CHECK &&
	    o->command != COMMAND_STATUS && o->command != COMMAND_DEAD_LETTERS)
		return err_set(err, ERR_CONFIG,
			       "--json goes with --check, --status and "
			       "--dead-letters");
	if (o->command == COMMAND_RESYNC && o->word_count != 1)
		return err_set(err, ERR_CONFIG,
			       "--resync needs one word: customer, catalog or "
			       "order, or order:3,9");
	if (o->word_count > 0 && o->command != COMMAND_DEAD_LETTERS &&
	    o->command != COMMAND_RESYNC)
		return err_set(err, ERR_CONFIG,
			       "unexpected word \"%s\"; see cdc --help",
			       o->words[0]);
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret, struct err *err)
{
	struct options o = { 0 };
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		int rc = take(&o, c, argv[optind - 1], err);

		if (rc < 0)
			return rc;
	}
	o.words = argv + optind;
	o.word_count = (size_t)(argc - optind);
	int rc = check(&o, err);
	if (rc == 0)
		*ret = o;
	return rc;
}
