#include "cdc/flush.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/dead_letter.h"
#include "cdc/target_sql.h"
#include "cdc/writer.h"
#include "transform/mapping.h"

static struct writer_job job_of(const struct flush *f, size_t table)
{
	struct writer_job job = { .batch = f->batch, .table = table };

	job.count = batch_items(f->batch, table, &job.items);
	return job;
}

/* What fails is for this table. */
static int blame(struct flush *f, size_t table, int code)
{
	if (code == ERR_TARGET)
		f->refused = f->shapes[table].table->domain;
	return code;
}

int flush_prepare(struct flush *f, struct err *err)
{
	for (size_t i = 0; i < f->shape_count; i++) {
		struct writer_job job = job_of(f, i);

		if (writer_prepare(f->writer, &job, err) < 0)
			return blame(f, i, err->code);
	}
	return 0;
}

/* MVCC's delete: TRUNCATE would show readers an empty table too early. */
static char *truncate_sql(const struct flush *f, size_t table)
{
	CLEANUP(buf_done) struct buf sql;

	buf_init(&sql, 1024);
	buf_adds(&sql, "delete from ");
	pg_quote_name(&sql, f->shapes[table].table->name);
	return mem_strdup(buf_str(&sql));
}

static int queue_items(struct flush *f, const struct writer_job *job,
		       struct err *err)
{
	if (f->letters[job->table] && job->count > 0)
		dead_letter_clear(f->pg, &f->shapes[job->table], job->items,
				  job->count);
	return writer_queue(f->writer, job, err);
}

int flush_queue(struct flush *f, enum batch_part part, struct err *err)
{
	for (size_t i = 0; i < f->shape_count; i++) {
		struct writer_job job = job_of(f, i);

		if (batch_truncated(f->batch, i, part)) {
			CLEANUP(mem_freep) char *sql = truncate_sql(f, i);

			pg_pipe_query(f->pg, sql, NULL, 0);
		}
		if (queue_items(f, &job, err) < 0)
			return err->code;
		f->ends[i] = pg_pipe_queued(f->pg);
	}
	f->ends_known = true;
	return 0;
}

/* The pipeline's first statement is none of ours. */
static void blame_statement(struct flush *f, size_t failed)
{
	for (size_t i = 0; f->ends_known && failed > 0 && i < f->shape_count;
	     i++)
		if (failed < f->ends[i]) {
			f->refused = f->shapes[i].table->domain;
			return;
		}
}

/* After an encoding error the pipeline must still be ended; a lost connection
 * seen by that is the worse news. */
int flush_sync(struct flush *f, int rc, struct err *err)
{
	struct err later = { 0 };
	size_t failed = SIZE_MAX;
	int synced = pg_pipe_sync(f->pg, &failed, NULL, &later);

	if (synced == ERR_TARGET)
		blame_statement(f, failed);
	f->ends_known = false;
	if (synced < 0 && (rc == 0 || synced != ERR_DATA)) {
		*err = later;
		return synced;
	}
	return rc;
}

/* --- bisecting --- */

static int try_items(struct flush *f, const struct writer_job *job,
		     struct err *err)
{
	f->tries++;
	pg_pipe_begin(f->pg);
	pg_pipe_query(f->pg, "savepoint item", NULL, 0);
	int rc = queue_items(f, job, err);
	if (rc == 0)
		pg_pipe_query(f->pg, "release savepoint item", NULL, 0);
	rc = flush_sync(f, rc, err);
	if (rc != ERR_DATA)
		return blame(f, job->table, rc);

	struct err undo = { 0 };
	if (pg_exec(f->pg, "rollback to savepoint item; release savepoint item",
		    &undo) < 0) {
		*err = undo;
		return err->code;
	}
	return rc;
}

static int set_aside(struct flush *f, const struct writer_job *job,
		     const struct err *refusal, struct err *err)
{
	const struct target_shape *shape = &f->shapes[job->table];

	if (f->stop_on_error || shape->table->domain == DOMAIN_METADATA)
		return err_set(err, ERR_OPERATOR,
			       "the target refuses a record of %s after %s: "
			       "%s; %s",
			       shape->table->name, f->position, refusal->msg,
			       f->stop_on_error ? "mend the cause and start "
						  "cdc again, or set "
						  "replication.on_error: "
						  "dead_letter"
						: "metadata can't be left "
						  "out: mend the cause and "
						  "start cdc again");
	if (dead_letter_write(f->pg, shape, job->items, f->position, refusal,
			      err) < 0)
		return err->code;
	f->letters[job->table] = true;
	f->dead_letters++;
	return 0;
}

static int write_halves(struct flush *f, const struct writer_job *job,
			struct err *err);

/* A values row: first the row's end, if that is due, then each attribute. */
static int write_attributes(struct flush *f, const struct writer_job *job,
			    struct err *err)
{
	const struct batch_row *whole = job->items[0].row;
	struct batch_row row = { .op = BATCH_DELETE };
	struct batch_item item = { job->items[0].entry, &row };
	struct writer_job one = *job;

	one.items = &item;
	if (whole->cleared && write_halves(f, &one, err) < 0)
		return err->code;
	for (uint32_t i = 0; i < whole->count; i++) {
		row = (struct batch_row){
			.op = BATCH_VALUES,
			.count = 1,
			.attributes = &whole->attributes[i],
		};
		if (writer_prepare(f->writer, &one, err) < 0 ||
		    write_halves(f, &one, err) < 0)
			return err->code;
	}
	return 0;
}

static int write_halves(struct flush *f, const struct writer_job *job,
			struct err *err)
{
	struct err refusal = { 0 };
	int rc = try_items(f, job, &refusal);

	if (rc == 0)
		return 0;
	if (rc != ERR_DATA) {
		*err = refusal;
		return rc;
	}
	if (job->count == 1) {
		const struct batch_row *row = job->items[0].row;

		if (row->op == BATCH_VALUES && (row->cleared || row->count > 1))
			return write_attributes(f, job, err);
		return set_aside(f, job, &refusal, err);
	}

	struct writer_job half = *job;
	half.count = job->count / 2;
	if (write_halves(f, &half, err) < 0)
		return err->code;
	half.items += half.count;
	half.count = job->count - half.count;
	return write_halves(f, &half, err);
}

int flush_bisecting(struct flush *f, enum batch_part part, struct err *err)
{
	for (size_t i = 0; i < f->shape_count; i++) {
		struct writer_job job = job_of(f, i);

		if (batch_truncated(f->batch, i, part)) {
			CLEANUP(mem_freep) char *sql = truncate_sql(f, i);

			if (pg_exec(f->pg, sql, err) < 0)
				return err->code;
		}
		if (job.count > 0 && write_halves(f, &job, err) < 0)
			return err_wrap(err, "%s", f->shapes[i].table->name);
	}
	return 0;
}
