/* Rows that wait, in a real PostgreSQL (FICUS_TEST_PG). To the store a
 * document is bytes. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/apply.h"
#include "cdc/group.h"
#include "cdc/prepared.h"
#include "tests/unit/cdc/target.h"
#include "transform/mapping.h"

static const char *const names[] = { "stores" };
static const char *const XID = "X'61',X'',1";

enum { DOC = 1000, ALL_MAX = 16 * 1024 * 1024 };

struct fixture {
	struct target target;
	struct mapping *mapping;
	struct apply *apply;
	struct prepared *prepared;
	const struct group_store *store;
	struct buf docs; /* what was put and should come back */
	unsigned number;
};

static void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s: %s", err_code_name(err->code), err->msg);
}

static void close_session(struct fixture *f)
{
	prepared_free(f->prepared);
	apply_close(f->apply);
}

/* As a cdc would that begins at the checkpoint. */
static void open_session(struct fixture *f)
{
	const struct apply_options options = {
		.target = &f->target.config,
		.mapping = f->mapping,
		.batch_bytes = 8UL * 1024 * 1024,
		.batch_transactions = 1000,
		.instance = "test:1",
	};
	struct err err = { 0 };

	must(apply_open(&options, &f->apply, &err), &err);
	f->prepared = prepared_new(f->apply);
	f->store = prepared_store(f->prepared);
	must(prepared_load(f->prepared, f->target.pg, &err), &err);
}

static void reopen(struct fixture *f)
{
	close_session(f);
	open_session(f);
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));

	target_open(&f->target);
	f->mapping = target_mapping(&f->target, names, LENGTH(names));
	buf_init(&f->docs, ALL_MAX);
	open_session(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_session(f);
	mapping_free(f->mapping);
	target_close(&f->target);
	buf_done(&f->docs);
	free(f);
	return 0;
}

/* --- what a group does */

/* Documents that differ, with every byte there is. */
static void put(struct fixture *f, const char *run, size_t count)
{
	struct err err = { 0 };
	char doc[DOC];

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < DOC; j++)
			doc[j] = (char)(f->number + j * 7);
		f->number++;
		buf_add(&f->docs, doc, DOC);
		must(f->store->put(f->store->user, run,
				   (struct str){ doc, DOC }, &err),
		     &err);
	}
}

static void keep(struct fixture *f)
{
	struct err err = { 0 };

	must(f->store->keep(f->store->user, XID, &err), &err);
}

static void drop(struct fixture *f, const char *run)
{
	struct err err = { 0 };

	must(f->store->drop(f->store->user, run, &err), &err);
}

static void cut(struct fixture *f, const char *run, size_t size)
{
	struct err err = { 0 };

	must(f->store->cut(f->store->user, run, size, &err), &err);
	buf_cut(&f->docs, size);
}

static void end(struct fixture *f)
{
	struct err err = { 0 };

	must(apply_end(f->apply, "position", "", "gtid", &err), &err);
	prepared_end(f->prepared);
}

static void commit(struct fixture *f)
{
	struct err err = { 0 };

	end(f);
	must(apply_commit(f->apply, 0, &err), &err);
}

static void abandon(struct fixture *f)
{
	struct err err = { 0 };

	prepared_abandon(f->prepared);
	must(apply_abandon(f->apply, &err), &err);
	buf_reset(&f->docs, ALL_MAX);
}

/* Reads the run; it is what was put. */
static void expect(struct fixture *f, const char *run, bool expected)
{
	struct err err = { 0 };
	bool found = !expected;
	size_t n = 0;
	struct str docs;
	int more;

	must(f->store->open(f->store->user, run, &found, &err), &err);
	assert_true(found == expected);
	while ((more = f->store->next(f->store->user, &docs, &err)) > 0) {
		assert_true(n + docs.n <= f->docs.n);
		assert_memory_equal(docs.at, f->docs.at + n, docs.n);
		assert_true(docs.n <= PREPARED_PART_BYTES);
		n += docs.n;
	}
	must(more, &err);
	assert_int_equal(n, expected ? f->docs.n : 0);
}

static void rows(struct fixture *f, const char *expected)
{
	assert_string_equal(
		target_ask(&f->target, "select count(*) from ficus.prepared"),
		expected);
}

/* --- tests */

TEST(what_is_prepared_outlives_its_session)
{
	struct fixture *f = *state;

	put(f, XID, 3);
	rows(f, "0");
	keep(f);
	rows(f, "0"); /* with the checkpoint, not before */
	commit(f);
	rows(f, "1");
	assert_int_equal(prepared_count(f->prepared), 1);
	reopen(f);
	assert_int_equal(prepared_count(f->prepared), 1);
	expect(f, XID, true);
	drop(f, XID);
	commit(f);
	rows(f, "0");
	assert_int_equal(prepared_count(f->prepared), 0);
	expect(f, XID, false);
}

TEST(a_large_one_is_kept_in_parts)
{
	struct fixture *f = *state;

	put(f, XID, 1000);
	keep(f);
	commit(f);
	rows(f, "4");
	reopen(f);
	expect(f, XID, true);
	drop(f, XID);
	commit(f);
	rows(f, "0");
}

TEST(one_without_rows_is_remembered)
{
	struct fixture *f = *state;

	keep(f);
	commit(f);
	reopen(f);
	expect(f, XID, true);
	assert_int_equal(prepared_count(f->prepared), 1);
}

TEST(what_did_not_happen_leaves_nothing)
{
	struct fixture *f = *state;

	put(f, XID, 1000); /* part of it written */
	abandon(f);
	keep(f); /* of another, ended, transaction */
	end(f);
	put(f, "X'62',X'',1", 600);
	abandon(f);
	commit(f);
	rows(f, "1");
	assert_int_equal(prepared_count(f->prepared), 1);
	put(f, XID, 10);
	reopen(f); /* a crash */
	buf_reset(&f->docs, ALL_MAX);
	expect(f, XID, true); /* the one without rows */
}

TEST(a_decision_that_did_not_happen_leaves_it)
{
	struct fixture *f = *state;

	put(f, XID, 300);
	keep(f);
	commit(f);
	expect(f, XID, true);
	drop(f, XID);
	reopen(f); /* a crash before the commit */
	assert_int_equal(prepared_count(f->prepared), 1);
	expect(f, XID, true);
}

TEST(prepared_and_decided_in_one_commit)
{
	struct fixture *f = *state;

	put(f, XID, 400);
	keep(f);
	end(f);
	expect(f, XID, true);
	drop(f, XID);
	end(f);
	buf_reset(&f->docs, ALL_MAX);
	put(f, XID, 2); /* the name again */
	keep(f);
	commit(f);
	rows(f, "1");
	assert_int_equal(prepared_count(f->prepared), 1);
	expect(f, XID, true);
}

TEST(a_name_that_comes_again_was_lost_by_the_source)
{
	struct fixture *f = *state;

	put(f, XID, 600);
	keep(f);
	commit(f);
	buf_reset(&f->docs, ALL_MAX);
	put(f, XID, 1);
	keep(f);
	commit(f);
	rows(f, "1");
	assert_int_equal(prepared_count(f->prepared), 1);
	expect(f, XID, true);
}

TEST(the_open_run_is_read_from_both_places)
{
	struct fixture *f = *state;

	put(f, "", 600);
	expect(f, "", true);
	drop(f, "");
	commit(f);
	rows(f, "0");
	assert_int_equal(prepared_count(f->prepared), 0);
}

TEST(a_run_is_cut_wherever_it_stands)
{
	static const size_t sizes[] = { 599 * DOC, 400 * DOC, 262 * DOC,
					100 * DOC, DOC,	      0 };
	struct fixture *f = *state;

	put(f, "", 600);
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		cut(f, "", sizes[i]);
		put(f, "", 1);
		expect(f, "", true);
		cut(f, "", sizes[i]);
	}
	put(f, "", 300);
	expect(f, "", true);
	drop(f, "");
	commit(f);
	rows(f, "0");
}

TEST(a_short_run_never_reaches_the_target)
{
	struct fixture *f = *state;

	put(f, "", 10);
	cut(f, "", 5 * DOC);
	expect(f, "", true);
	drop(f, "");
	target_do(&f->target, "drop table ficus.prepared");
	commit(f);
}

#define STORE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

RUN_WITH("FICUS_TEST_PG", STORE(what_is_prepared_outlives_its_session),
	 STORE(a_large_one_is_kept_in_parts),
	 STORE(one_without_rows_is_remembered),
	 STORE(what_did_not_happen_leaves_nothing),
	 STORE(a_decision_that_did_not_happen_leaves_it),
	 STORE(prepared_and_decided_in_one_commit),
	 STORE(a_name_that_comes_again_was_lost_by_the_source),
	 STORE(the_open_run_is_read_from_both_places),
	 STORE(a_run_is_cut_wherever_it_stands),
	 STORE(a_short_run_never_reaches_the_target))
