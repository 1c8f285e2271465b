/* cdc: from the command line to the one function that does it. */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pg.h"
#include "cdc/bootstrap.h"
#include "cdc/checkpoint.h"
#include "cdc/doctor.h"
#include "cdc/letters.h"
#include "cdc/options.h"
#include "cdc/print.h"
#include "cdc/resync.h"
#include "cdc/service.h"
#include "cdc/setup.h"
#include "cdc/status.h"
#include "cdc/stopper.h"

enum {
	SCREEN_MAX = 16 * 1024 * 1024,
	GRACE_MS = 1700,
	/* What is larger goes back to the system when it is freed. Set, so
	 * that glibc does not raise it with each large value it sees. */
	MAPPED_BYTES = 256 * 1024,
};

static struct stopper stop;
static struct stopper ended;

/* A connection attempt to a dead host may outlast the grace that a service
 * manager gives. Ending hard is safe: the target holds the checkpoint. */
static void *watch_stop(void *user)
{
	(void)user;
	while (!stopper_wait(&stop, INT32_MAX))
		continue;
	if (stopper_wait(&ended, GRACE_MS))
		return NULL;
	log_warn("stopping took too long, ignoring what was not committed: "
		 "it is read again from the checkpoint");
	_exit(0);
}

static void on_signal(int number)
{
	(void)number;
	stopper_set(&stop);
}

static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	pthread_t watcher;

	stopper_init(&stop);
	stopper_init(&ended);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_create(&watcher, NULL, watch_stop, NULL) == 0)
		pthread_detach(watcher);
}

static void print_out(const struct buf *out)
{
	fwrite(out->at, 1, out->n, stdout);
}

static int check(const struct options *o, const struct setup *setup)
{
	CLEANUP(doctor_freep)
	struct doctor *doctor = doctor_run(&setup->settings, setup->mapping);
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, SCREEN_MAX);
	if (o->json)
		doctor_json(doctor, &out);
	else
		doctor_print(doctor, &out);
	print_out(&out);
	return doctor_worst(doctor) == DOCTOR_FAIL;
}

static int status(const struct options *o, const struct setup *setup,
		  struct err *err)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, SCREEN_MAX);
	int rc = status_write(&setup->target, o->json, &out, err);
	if (rc == 0)
		print_out(&out);
	return rc;
}

static int dead_letters(const struct options *o, const struct setup *setup,
			struct err *err)
{
	const bool named = o->word_count > 0;
	const struct letters_ask ask = {
		.action = named ? o->words[0] : "list",
		.ids = o->words + named,
		.id_count = o->word_count - named,
		.json = o->json,
	};
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, SCREEN_MAX);
	int rc = letters_run(setup, &ask, &out, err);
	if (rc == 0)
		print_out(&out);
	return rc;
}

static int print_config(const struct setup *setup)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, SCREEN_MAX);
	settings_print(&setup->settings, &out);
	print_out(&out);
	return 0;
}

static int has_checkpoint(struct setup *setup, bool *ret, struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	struct checkpoint checkpoint = { 0 };
	int found = 0;
	int rc = pg_connect(&setup->target, &pg, err);

	if (rc == 0)
		rc = checkpoint_read(pg, &checkpoint, &found, err);
	if (rc == 0 && found)
		checkpoint_done(&checkpoint);
	*ret = found;
	return rc;
}

/* A copy that exists goes on by itself when the server that is away is back.
 * Whether there is one, a target that is away can't say. */
static bool worth_waiting(struct setup *setup, int code)
{
	struct err ignored = { 0 };
	bool found = false;

	if (setup->settings.bootstrap_auto)
		return false;
	if (code == ERR_TARGET_LOST)
		return true;
	return code == ERR_SOURCE_LOST &&
	       has_checkpoint(setup, &found, &ignored) == 0 && found;
}

static int prepare(struct setup *setup, bool *found, struct err *err)
{
	int rc = setup_preflight(setup, err);

	if (rc == 0)
		rc = setup_target(setup, err);
	return rc == 0 ? has_checkpoint(setup, found, err) : rc;
}

static int run(struct setup *setup, struct err *err)
{
	bool found = false;
	int rc = prepare(setup, &found, err);

	if (rc < 0 && worth_waiting(setup, rc)) {
		log_warn("not all servers are there yet", KV_ERR(err));
		memset(err, 0, sizeof(*err));
		return service_run(setup, &stop, err);
	}
	if (rc < 0) {
		status_failed(&setup->target, err->msg);
		return rc;
	}
	if (!found && !setup->settings.bootstrap_auto)
		return err_set(err, ERR_OPERATOR,
			       "there is no checkpoint yet: run cdc "
			       "--bootstrap");
	if (!found)
		rc = bootstrap_run(setup, &stop, err);
	return rc < 0 ? rc : service_run(setup, &stop, err);
}

static int bootstrap(const struct options *o, struct setup *setup,
		     struct err *err)
{
	int rc = setup_preflight(setup, err);

	if (rc == 0)
		rc = setup_target(setup, err);
	if (rc == 0)
		rc = bootstrap_run(setup, &stop, err);
	if (rc == 0 && o->follow)
		rc = service_run(setup, &stop, err);
	return rc;
}

/* 0, a negative error, or 1 for a failed check. */
static int command(const struct options *o, struct setup *setup,
		   struct err *err)
{
	switch (o->command) {
	case COMMAND_RUN:
		return run(setup, err);
	case COMMAND_BOOTSTRAP:
		return bootstrap(o, setup, err);
	case COMMAND_CHECK:
		return check(o, setup);
	case COMMAND_MIGRATE:
		return setup_target(setup, err);
	case COMMAND_PRINT:
		return print_run(setup, o->from, &stop, err);
	case COMMAND_STATUS:
		return status(o, setup, err);
	case COMMAND_DEAD_LETTERS:
		return dead_letters(o, setup, err);
	case COMMAND_RESYNC:
		return resync_run(setup, o->words[0], &stop, err);
	case COMMAND_PRINT_CONFIG:
		return print_config(setup);
	case COMMAND_HELP:
	case COMMAND_VERSION:
		break;
	}
	return 0;
}

static int fail(const struct err *err)
{
	log_err("ended", KV_STR("code", err_code_name(err->code)), KV_ERR(err));
	return err_exit_code(err->code);
}

int main(int argc, char **argv)
{
	struct options options;
	struct setup setup;
	struct err err = { 0 };

	log_setup("cdc", LOG_INFO, 0);
	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
	if (options_parse(argc, argv, &options, &err) < 0)
		return fail(&err);
	if (options.command == COMMAND_HELP ||
	    options.command == COMMAND_VERSION) {
		fputs(options.command == COMMAND_HELP ? options_usage
						      : FICUS_VERSION "\n",
		      stdout);
		return 0;
	}
	if (setup_load(options.config, &setup, &err) < 0)
		return fail(&err);
	catch_signals();
	int rc = command(&options, &setup, &err);
	setup_done(&setup);
	stopper_set(&ended);
	return rc < 0 ? fail(&err) : rc;
}
