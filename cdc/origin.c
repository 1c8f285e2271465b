#include "cdc/origin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/types.h"
#include "cdc/head.h"
#include "cdc/source.h"

enum {
	LOG_START = 4,
	PACKETS_TRIED = 8, /* until the format description has come */
	TYPE_AT = 4,	   /* in an event's header; its time is before */
	LACKING_MS = 2000, /* MySQL sends a moment before it commits */
};

static const char RESET_CURE[] =
	"what the copy has is another history: empty the records and run cdc "
	"--bootstrap";

struct check {
	const struct source_config *config;
	const struct origin *origin;
	struct source *source; /* owned */
	struct position file; /* where the copy stood in the log; may be NONE */
	bool same;	      /* the server of the checkpoint */
	bool proven;	      /* its file is the one that was read */
	int64_t created;      /* of the file; 0: not there */
};

/* ---- The file: is it the one that was read? ---- */

struct logs {
	bool any, found; /* listed; ours among them */
	int order;	 /* ours against the last: >0 is beyond it */
	uint64_t size;	 /* of ours */
};

static int list_logs(struct check *c, struct logs *ret, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	struct str ours = str_of(c->file.file);
	bool row = true;
	int fail = source_query(c->source, "show binary logs", &rows, err);

	while (!fail && row) {
		fail = source_next(rows, &row, err);
		if (fail || !row)
			break;
		struct str name = source_text(rows, 0);

		ret->any = position_compare_files(ours, name, &ret->order);
		if (!str_eq(name, ours))
			continue;
		ret->found = true;
		ret->size = (uint64_t)source_int(rows, 1);
	}
	return fail;
}

static uint32_t time_of(const uint8_t *event)
{
	return (uint32_t)event[0] | (uint32_t)event[1] << 8 |
	       (uint32_t)event[2] << 16 | (uint32_t)event[3] << 24;
}

/* A format description has the time at which its file was begun; the server
 * sends it first, whatever place is asked for. */
static int read_created(const struct source_config *config, const char *file,
			int64_t *ret, struct err *err)
{
	CLEANUP(source_closep) struct source *source = NULL;
	CLEANUP(position_done) struct position start = { 0 };
	struct source_config beside = *config;
	const uint8_t *at = NULL;
	size_t n = 0;

	source_config_beside(&beside);
	start.kind = POSITION_FILE;
	position_set_file(&start, str_of(file), LOG_START);
	int fail = source_connect(&beside, &source, err);

	if (!fail)
		fail = source_dump_start(source, &start, err);
	for (int i = 0; !fail && i < PACKETS_TRIED; i++) {
		fail = source_packet(source, &at, &n, err);
		if (fail || n <= TYPE_AT ||
		    at[TYPE_AT] != EVENT_FORMAT_DESCRIPTION)
			continue;
		*ret = time_of(at);
		break;
	}
	return fail;
}

static int reset_error(const struct check *c, const char *how, struct err *err)
{
	return err_set(err, ERR_OPERATOR,
		       "the binlog of the source was reset, or another "
		       "server's data put in its place: %s %s: %s",
		       c->file.file, how, RESET_CURE);
}

static int check_log(struct check *c, struct err *err)
{
	struct logs logs = { 0 };
	int64_t read_then = c->origin->log_created;
	int fail = list_logs(c, &logs, err);

	if (fail || !logs.any)
		return fail;
	if (!logs.found) /* purged: the stream will say what that means */
		return logs.order > 0 ? reset_error(c, "is not there yet", err)
				      : 0;
	if (logs.size < c->file.offset)
		return reset_error(c, "is shorter than what was read", err);
	fail = read_created(c->config, c->file.file, &c->created, err);
	if (!fail && c->created && read_then && c->created != read_then)
		return reset_error(c, "was begun at another time", err);
	c->proven = !fail && c->created && read_then;
	return fail;
}

/* ---- GTIDs: has the server all that the copy has? ---- */

static int lacks(const struct check *c, const char *what, struct err *err)
{
	if (c->same)
		return err_set(err, ERR_OPERATOR,
			       "the source lacks %s, which the copy has: its "
			       "binlog was reset, or it lost transactions in a "
			       "crash: %s",
			       what, RESET_CURE);
	return err_set(err, ERR_OPERATOR,
		       "this is another server, and it lacks %s, which the "
		       "copy has of the former one: connect to a server that "
		       "has it, or empty the records and run cdc --bootstrap",
		       what);
}

static int check_mysql(struct check *c, const struct position *position,
		       struct err *err)
{
	CLEANUP(position_done) struct position head = { 0 };
	int fail = source_head(c->source, "gtid", &head, err);

	if (fail || gtid_set_contains(&head.mysql, &position->mysql))
		return fail;
	/* A transaction may be sent before it is committed: the log is right,
	 * and the set is late. */
	if (c->same && c->proven)
		return err_set(err, ERR_SOURCE_LOST,
			       "the source has not committed yet what it has "
			       "sent: it waits for its replicas");
	CLEANUP(mem_freep)
	char *what =
		mem_printf("%" PRIu64 " transactions",
			   gtid_set_missing(&head.mysql, &position->mysql));

	return lacks(c, what, err);
}

/* @@gtid_binlog_state has the last GTID of each domain and server, the domain's
 * newest last; a GTID position would keep but one of a domain. */
static bool state_has(struct str state, const struct gtid_domain *gtid,
		      bool *domain_known)
{
	*domain_known = false;
	while (state.n) {
		struct str part = str_trim(str_split(&state, ','));
		uint64_t domain = 0, server = 0, seq = 0;

		if (!str_to_u64(str_split(&part, '-'), &domain) ||
		    !str_to_u64(str_split(&part, '-'), &server) ||
		    !str_to_u64(part, &seq) || domain != gtid->domain)
			continue;
		*domain_known = true;
		if (server == gtid->server && seq >= gtid->seq)
			return true;
	}
	return false;
}

/* FLUSH BINARY LOGS DELETE_DOMAIN_ID: were it begun anew, its numbers would be
 * taken for known ones. */
static void drop_domain(struct position *position, size_t i)
{
	log_warn("the source has dropped a GTID domain; so does the copy",
		 KV_INT("domain", position->mariadb.domains[i].domain));
	gtid_pos_drop(&position->mariadb, position->mariadb.domains[i].domain);
}

static int check_mariadb(struct check *c, struct position *position,
			 struct err *err)
{
	CLEANUP(mem_freep) char *state = NULL;
	struct gtid_pos *ours = &position->mariadb;
	bool known = false;
	int fail = source_one(c->source, "select @@global.gtid_binlog_state",
			      &state, err);

	for (size_t i = 0; !fail && i < ours->count; i++) {
		const struct gtid_domain gtid = ours->domains[i];

		if (state_has(str_of(state ? state : ""), &gtid, &known))
			continue;
		if (!known && c->proven && ours->count > 1) {
			drop_domain(position, i--);
			continue;
		}
		CLEANUP(mem_freep)
		char *what =
			mem_printf("the GTID %" PRIu32 "-%" PRIu32 "-%" PRIu64,
				   gtid.domain, gtid.server, gtid.seq);

		fail = lacks(c, what, err);
	}
	return fail;
}

/* ---- MySQL: GTIDs switched off ---- */

/* Transactions without a GTID are not seen by a set; file and offset of the
 * same log are the same place. */
static int leave_gtids(struct check *c, const char *gtid_mode,
		       struct position *position, struct err *err)
{
	if (!c->same || !c->proven || strcmp(c->origin->mode, "gtid") == 0)
		return err_set(
			err, ERR_OPERATOR,
			"gtid_mode of the source is %s, and transactions "
			"without a GTID would be missed: set "
			"gtid_mode=ON, or (on the server the copy was "
			"read from) source.position_mode: file",
			gtid_mode);
	log_warn("the source gives no GTIDs any more: going on by file and "
		 "offset",
		 KV_STR("gtid_mode", gtid_mode),
		 KV_STR("position", c->origin->file_position));
	position_copy(position, &c->file);
	return 0;
}

static int check_gtids(struct check *c, struct position *position,
		       struct err *err)
{
	CLEANUP(mem_freep) char *gtid_mode = NULL;
	int fail;

	if (position->kind == POSITION_MARIADB)
		return source_server(c->source)->flavour == SOURCE_MARIADB
			       ? check_mariadb(c, position, err)
			       : 0;
	if (position->kind != POSITION_MYSQL ||
	    source_server(c->source)->flavour != SOURCE_MYSQL)
		return 0;
	fail = source_variable(c->source, "gtid_mode", &gtid_mode, err);
	if (!fail)
		fail = check_mysql(c, position, err);
	if (!fail && gtid_mode &&
	    (strcmp(gtid_mode, "ON") != 0 ||
	     strcmp(c->origin->mode, "file") == 0))
		fail = leave_gtids(c, gtid_mode, position, err);
	return fail;
}

/* ---- All of it ---- */

static int check_server(struct check *c, const struct position *position,
			const char *identity, struct err *err)
{
	c->same = strcmp(identity, c->origin->source_id) == 0;
	if (c->same)
		return c->file.file ? check_log(c, err) : 0;
	if (position->kind == POSITION_FILE)
		return err_set(
			err, ERR_OPERATOR,
			"the checkpoint is of the server %s, this is %s: a "
			"file position means nothing here; connect to the "
			"right server, or empty the records and run cdc "
			"--bootstrap (GTIDs on the source let the copy follow "
			"a failover)",
			c->origin->source_id, identity);
	log_warn("another source server: its GTIDs must contain the checkpoint",
		 KV_STR("was", c->origin->source_id), KV_STR("is", identity));
	return 0;
}

static int run(struct check *c, struct position *position, char **identity,
	       struct err *err)
{
	int fail = source_connect(c->config, &c->source, err);

	if (!fail)
		fail = source_identity(c->source, identity, err);
	if (!fail)
		fail = check_server(c, position, *identity, err);
	if (!fail)
		fail = check_gtids(c, position, err);
	return fail;
}

int origin_check(const struct source_config *config,
		 const struct origin *origin, struct position *position,
		 struct origin_here *ret, struct err *err)
{
	struct check c = { .config = config, .origin = origin };
	CLEANUP(mem_freep)
	char *text = mem_printf("file:%s", origin->file_position);
	CLEANUP(mem_freep) char *here = NULL;
	int fail = 0;

	if (*origin->file_position)
		fail = position_parse(str_of(text), &c.file, err);
	if (!fail)
		fail = run(&c, position, &here, err);
	source_close(c.source);
	position_done(&c.file);
	if (!fail)
		*ret = (struct origin_here){ TAKE(here), c.created };
	return fail;
}

/* ---- Meanwhile ---- */

int origin_watch(struct origin_watch *watch, struct head *head,
		 const struct position *read, uint64_t ends, struct err *err)
{
	int64_t now = clock_mono_us();
	bool changed = ends != watch->ends || watch->seen_us == 0;

	if (changed) {
		watch->ends = ends;
		watch->seen_us = now;
	}
	if (changed || !head_lacks(head, read, watch->seen_us)) {
		watch->lacking_us = 0;
		return 0;
	}
	if (watch->lacking_us == 0)
		watch->lacking_us = now;
	if (now - watch->lacking_us < LACKING_MS * 1000)
		return 0;
	return err_set(err, ERR_SOURCE_LOST,
		       "the source's log ends before what was read of it: it "
		       "was reset, or another server answers");
}
