#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pg.h"
#include "router/read/read.h"

/* Against the server of FICUS_TEST_PG, a role that may create databases and
 * end backends. Each test has a fresh read service over one database with the
 * shop of read_fixture.sql; a test that changes the shop puts it back. */

static char options[512];
static struct pg *pg, *other;
static uv_loop_t loop;
static struct read_service *service;

static struct pg_config config_of(const char *text, const char *name)
{
	return (struct pg_config){ .application = name,
				   .options = text,
				   .connect_timeout_ms = 5000,
				   .answer_timeout_ms = 20000 };
}

static struct pg *connect_to(const char *text)
{
	struct pg_config config = config_of(text, "test_read");
	struct pg *ret = NULL;
	struct err err = { 0 };

	if (pg_connect(&config, &ret, &err) != 0)
		fail_msg("%s", err.msg);
	return ret;
}

static void exec_on(struct pg *on, const char *sql)
{
	struct err err = { 0 };

	if (pg_exec(on, sql, &err) != 0)
		fail_msg("%s: %s", sql, err.msg);
}

static void exec(const char *sql)
{
	exec_on(pg, sql);
}

static char *source_file(const char *path)
{
	char full[1024];
	char *text = NULL;
	struct err err = { 0 };
	size_t n;

	snprintf(full, sizeof(full), "%s/%s", getenv("FICUS_SOURCE"), path);
	if (file_read(full, 1 << 20, &text, &n, &err) != 0)
		fail_msg("%s", err.msg);
	return text;
}

static void exec_file(const char *path)
{
	CLEANUP(mem_freep) char *sql = source_file(path);

	exec(sql);
}

static int64_t one_int(const char *sql)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct err err = { 0 };

	if (pg_query(other, sql, NULL, 0, &r, &err) != 0)
		fail_msg("%s: %s", sql, err.msg);
	return pg_int(r, 0, 0);
}

static int make_database(void **state)
{
	struct pg *admin = connect_to(getenv("FICUS_TEST_PG"));
	char sql[128];

	(void)state;
	snprintf(sql, sizeof(sql), "create database ficus_read_%d", getpid());
	exec_on(admin, sql);
	pg_close(admin);
	snprintf(options, sizeof(options), "%s dbname=ficus_read_%d",
		 getenv("FICUS_TEST_PG"), getpid());
	pg = connect_to(options);
	other = connect_to(options);
	exec_file("migrations/0001_ficus.sql");
	exec_file("migrations/0002_records.sql");
	exec_file("migrations/0003_views.sql");
	exec_file("migrations/0004_refetch.sql");
	exec_file("migrations/0005_prepared.sql");
	exec_file("migrations/0008_more_records.sql");
	exec_file("migrations/0010_keys.sql");
	exec_file("migrations/0014_since.sql");
	exec_file("tests/unit/router/read_fixture.sql");
	return 0;
}

static int drop_database(void **state)
{
	struct pg *admin;
	char sql[128];

	(void)state;
	pg_close(pg);
	pg_close(other);
	admin = connect_to(getenv("FICUS_TEST_PG"));
	snprintf(sql, sizeof(sql), "drop database ficus_read_%d with (force)",
		 getpid());
	exec_on(admin, sql);
	pg_close(admin);
	return 0;
}

/* cdc's status as of now. */
static void be_well(void)
{
	exec("delete from ficus.status; delete from ficus.dead_letters;"
	     "insert into ficus.status values (true, 3, 'streaming', 'p', 'h',"
	     " 20, true, true, true, 0, 0, pg_postmaster_start_time(), 77, '',"
	     " clock_timestamp())");
}

static void run_until(bool (*done)(void))
{
	uint64_t limit = uv_hrtime() + 10ull * 1000 * 1000 * 1000;

	while (!done()) {
		if (uv_hrtime() > limit)
			fail_msg("nothing came for ten seconds");
		uv_run(&loop, UV_RUN_ONCE);
	}
}

static bool ready(void)
{
	return read_ready(service);
}

static int64_t connections_wanted;

/* One that is set up later would stop at a test's lock in the read's place. */
static bool all_connected(void)
{
	struct read_stats stats;

	read_stats(service, &stats);
	return stats.connections == connections_wanted;
}

static uv_timer_t ticking; /* so that UV_RUN_ONCE comes back */

static void nothing(uv_timer_t *timer)
{
	(void)timer;
}

static int open_service_of(int64_t connections)
{
	struct pg_config config = config_of(options, "test_read_service");
	struct read_conf conf = { .pg = &config, .connections = connections };
	struct err err = { 0 };

	uv_loop_init(&loop);
	uv_timer_init(&loop, &ticking);
	uv_timer_start(&ticking, nothing, 10, 10);
	if (read_open(&loop, &conf, &service, &err) != 0)
		fail_msg("%s", err.msg);
	run_until(ready);
	connections_wanted = connections;
	run_until(all_connected);
	be_well();
	return 0;
}

static int open_service(void **state)
{
	(void)state;
	return open_service_of(2);
}

static bool is_closed;

static void on_closed(void *user)
{
	(void)user;
	is_closed = true;
}

static bool closed(void)
{
	return is_closed;
}

static int close_service(void **state)
{
	(void)state;
	if (service) {
		is_closed = false;
		read_close(TAKE(service), on_closed, NULL);
		run_until(closed);
	}
	uv_close((uv_handle_t *)&ticking, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

struct got {
	int calls;
	struct read_answer answer;
	char reason[256];
	char *body;
};

static struct got got;

static void on_answer(void *user, struct read_answer *answer)
{
	struct got *to = user;
	struct buf body;

	to->calls++;
	to->answer = *answer;
	snprintf(to->reason, sizeof(to->reason), "%s", answer->reason);
	body = read_answer_take(answer);
	free(to->body);
	to->body = mem_strdup(buf_str(&body));
	buf_done(&body);
}

static bool answered(void)
{
	return got.calls > 0;
}

static struct read_request request_of(const char *path)
{
	struct read_request request = { .timeout_ms = 5000,
					.needs.max_lag_ms = 2000 };
	struct str rest = str_of(path);
	struct str head = str_split(&rest, '?');
	const char *why = NULL;

	assert_int_equal(read_request_parse(head, rest, &request, &why),
			 READ_PARSED);
	request.needs.whole = read_kind_is_list(request.kind);
	return request;
}

static void start(const struct read_request *request)
{
	got.calls = 0;
	assert_non_null(read_start(service, request, on_answer, &got));
	assert_int_equal(got.calls, 0);
}

static void ask_for(const struct read_request *request,
		    enum read_outcome outcome)
{
	start(request);
	run_until(answered);
	assert_int_equal(got.calls, 1);
	if (got.answer.outcome != outcome)
		fail_msg("%s (%s) instead of %s",
			 read_outcome_name(got.answer.outcome), got.reason,
			 read_outcome_name(outcome));
	if (outcome != READ_OK)
		assert_string_equal(got.body, "");
}

static void ask(const char *path, enum read_outcome outcome)
{
	struct read_request request = request_of(path);

	ask_for(&request, outcome);
}

static void has(const char *part)
{
	if (!strstr(got.body, part))
		fail_msg("\"%s\" lacks %s", got.body, part);
}

/* What test_transcode.c makes of Magento's JSON of the same entity, too. */
static void is_golden(const char *name)
{
	char path[128];
	CLEANUP(mem_freep) char *golden = NULL;

	snprintf(path, sizeof(path), "tests/golden/read/%s", name);
	golden = source_file(path);
	golden[strcspn(golden, "\n")] = '\0';
	assert_string_equal(got.body, golden);
}

TEST(a_customer_has_all_fields_addresses_and_attributes)
{
	ask("customers/1", READ_OK);
	is_golden("customer.json");
	assert_int_equal(got.answer.epoch, 3);
	assert_int_equal(got.answer.passed_ticket, 10);
	assert_int_equal(got.answer.tries, 1);
	assert_string_equal(got.answer.type, "application/json");
}

TEST(a_product_shows_the_default_scope_and_its_set_alone)
{
	ask("products/by-id/5", READ_OK);
	is_golden("product.json");
}

TEST(a_sku_is_found_as_the_source_compares_and_the_lowest_id_wins)
{
	ask("products/Tee%201%2F%C3%A4", READ_OK);
	is_golden("product.json");
	ask("products/tEE%201%2FA%20%20", READ_OK);
	is_golden("product.json");
	ask("products/%20Tee", READ_NOT_FOUND);
}

TEST(a_configurable_has_no_price_and_unmanaged_stock_is_in_stock)
{
	ask("products/conf", READ_OK);
	has("\"price\":0,\"weight\":null,\"hasOptions\":true");
	has("\"categoryLinks\":[],\"stock\":{\"qty\":0,\"isInStock\":true}");
}

TEST(a_category_has_fields_of_its_default_scope)
{
	ask("categories/2", READ_OK);
	is_golden("category.json");
	ask("categories/1", READ_OK);
	has("\"name\":null,\"isActive\":null,");
	has("\"availableSortBy\":null,");
	has("\"attributes\":{}}");
}

TEST(an_order_has_items_addresses_payment_and_history)
{
	ask("orders/9", READ_OK);
	is_golden("order.json");
	has("{\"id\":9,\"incrementId\":\"000000008\",\"state\":\"new\",");
	has("\"storeName\":\"Main\\nStore\",");
	has("\"totalDue\":39.57,\"totalPaid\":100,");
	has("\"baseTotalDue\":139.57,");
	has("\"shippingMethod\":\"flatrate_flatrate\",");
	has("\"items\":[{\"id\":17,\"orderId\":9,");
	has("\"rowTotal\":103,");
	has("{\"id\":18,\"orderId\":9,");
	has("\"billingAddress\":{\"id\":17,\"addressType\":\"billing\",");
	has("\"shippingAddress\":{\"id\":16,\"addressType\":\"shipping\",");
	has("\"street\":[\"a\",\"b\"],");
	has("\"payment\":{\"id\":9,\"method\":\"checkmo\","
	    "\"amountOrdered\":139.57,");
	has("\"statusHistory\":[{\"id\":2,"
	    "\"createdAt\":\"2026-11-22T15:30:00Z\",");
	assert_null(strstr(got.body, "protectCode"));
}

TEST(lists_have_pages_and_a_total)
{
	ask("products?limit=2&page=1", READ_OK);
	assert_int_equal(strncmp(got.body, "{\"items\":[{\"id\":5,", 18), 0);
	has(",{\"id\":6,");
	has("],\"page\":1,\"limit\":2,\"total\":3}");
	assert_null(strstr(got.body, "\"stock\""));
	ask("products?limit=2&page=2", READ_OK);
	assert_int_equal(strncmp(got.body, "{\"items\":[{\"id\":7,", 18), 0);
	has("\"websiteIds\":[],");
	ask("products?page=9", READ_OK);
	assert_string_equal(
		got.body, "{\"items\":[],\"page\":9,\"limit\":20,\"total\":3}");
	ask("customers", READ_OK);
	has("\"total\":2}");
	has("\"addresses\":[]}],\"page\":1");
	ask("categories", READ_OK);
	ask("orders?limit=200", READ_OK);
	has("\"statusHistory\":[{");
}

TEST(what_the_copy_lacks_is_not_found)
{
	ask("customers/99", READ_NOT_FOUND);
	ask("orders/1", READ_NOT_FOUND);
	ask("products/none", READ_NOT_FOUND);
}

static void ask_after(const char *sql, enum read_outcome outcome)
{
	exec(sql);
	ask("customers/1", outcome);
	be_well();
}

TEST(a_late_or_unwell_copy_is_refused)
{
	ask_after("delete from ficus.status", READ_REFUSED_STALE);
	ask_after("update ficus.status set lag_ms = 2001", READ_REFUSED_STALE);
	ask_after("update ficus.status set lag_ms = null", READ_REFUSED_STALE);
	ask_after("update ficus.status set written_at = now() - interval '3 s'",
		  READ_REFUSED_STALE);
	ask_after("update ficus.status set written_at = now() + interval '3 s'",
		  READ_REFUSED_STALE);
	ask_after("update ficus.status set state = 'catching_up'",
		  READ_REFUSED_STALE);
	ask_after("update ficus.status set customer_fresh = false",
		  READ_REFUSED_STALE);
	ask_after("update ficus.status set order_fresh = false, lag_ms = 500",
		  READ_OK);
	assert_in_range(got.answer.lag_ms, 500, 1500);
}

TEST(another_applier_or_server_is_refused)
{
	struct read_request request = request_of("customers/1");

	ask_after("update ficus.status set epoch = 2", READ_REFUSED_EPOCH);
	ask_after("update ficus.checkpoint set epoch = 4 where seq = 2",
		  READ_REFUSED_EPOCH);
	ask_after("update ficus.checkpoint set epoch = 2 where seq = 2",
		  READ_OK);
	exec("update ficus.checkpoint set epoch = 3 where seq = 2");
	ask_after("update ficus.status set postgres_start = now() - "
		  "interval '10 years'",
		  READ_REFUSED_EPOCH);
	request.needs.epoch = 3;
	request.needs.system_identifier = 77;
	request.needs.postgres_start_us = one_int(
		"select floor(extract(epoch from pg_postmaster_start_time())"
		" * 1000000)::bigint");
	ask_for(&request, READ_OK);
	request.needs.epoch = 4;
	ask_for(&request, READ_REFUSED_EPOCH);
	request.needs.epoch = 3;
	request.needs.postgres_start_us++;
	ask_for(&request, READ_REFUSED_EPOCH);
	request.needs.postgres_start_us = 0;
	request.needs.system_identifier = 78;
	ask_for(&request, READ_REFUSED_EPOCH);
}

static void dead_letter(const char *record, const char *key)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "delete from ficus.dead_letters; insert into "
		 "ficus.dead_letters (domain, record, key, change, position, "
		 "error) values ('d', '%s', '%s', '', 'p', 'e')",
		 record, key);
	exec(sql);
}

TEST(a_dead_letter_spoils_its_key_and_lists)
{
	dead_letter("customers", "entity_id=1");
	ask("customers/1", READ_REFUSED_UNHEALTHY);
	ask("customers/2", READ_OK);
	ask("customers", READ_REFUSED_UNHEALTHY);
	ask("orders", READ_OK);
	dead_letter("customers", "entity_id=99");
	ask("customers/99", READ_REFUSED_UNHEALTHY);
	dead_letter("customer_addresses", "entity_id=11");
	ask("customers/2", READ_REFUSED_UNHEALTHY);
	dead_letter("product_values", "entity_id=5,store_id=0");
	ask("products/by-id/5", READ_REFUSED_UNHEALTHY);
	ask("products/by-id/6", READ_OK);
	ask("products/conf", READ_OK);
	dead_letter("products", "entity_id=4");
	ask("products/conf", READ_REFUSED_UNHEALTHY);
}

TEST(a_domain_with_a_filter_is_not_listed)
{
	exec("insert into ficus.since (domain, setting, bound) values "
	     "('order', '2025-01-01', '2025-01-01 00:00:00')");
	ask("orders", READ_REFUSED_PARTIAL);
	ask("customers", READ_OK);
	ask("orders/99", READ_NOT_FOUND);
}

static struct read_request fenced(int64_t ticket, int64_t wait_ms)
{
	struct read_request request = request_of("customers/1");

	request.needs.ticket = ticket;
	request.needs.wait_ms = wait_ms;
	return request;
}

TEST(a_fence_refuses_until_its_ticket_passed)
{
	struct read_request request = fenced(10, 0);

	ask_for(&request, READ_OK);
	request = fenced(11, 0);
	ask_for(&request, READ_REFUSED_FENCE);
	assert_int_equal(got.answer.tries, 1);
	request = fenced(11, 30);
	ask_for(&request, READ_REFUSED_FENCE);
	assert_in_range(got.answer.elapsed_us, 29000, 2000000);
}

TEST(tickets_of_other_routers_count)
{
	struct read_request request = request_of("customers/1");

	exec("insert into ficus.ticket (n, client, router) overriding system "
	     "value values (12, '\\x6d6500', 'other')");
	memcpy(request.needs.client, "me", 3);
	request.needs.client_n = 3;
	ask_for(&request, READ_REFUSED_FENCE);
	memcpy(request.needs.client, "yo", 3);
	ask_for(&request, READ_OK);
	exec("delete from ficus.ticket");
}

static void pass_ticket(uv_timer_t *timer)
{
	(void)timer;
	exec("insert into ficus.checkpoint (seq, epoch, position, source_id, "
	     "passed_ticket) values (3, 3, 'file:a:6', 's', 11)");
}

TEST(a_fenced_read_goes_on_when_its_ticket_passes)
{
	struct read_request request = fenced(11, 2000);
	struct read_stats stats;
	static uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, pass_ticket, 50, 0);
	ask_for(&request, READ_OK);
	assert_int_equal(got.answer.tries, 2);
	assert_int_equal(got.answer.passed_ticket, 11);
	assert_in_range(got.answer.elapsed_us, 30000, 1000000);
	read_stats(service, &stats);
	assert_int_equal(stats.waiting, 0);
	uv_close((uv_handle_t *)&timer, NULL);
	exec("delete from ficus.checkpoint where seq = 3");
}

static void wait_for_blocked(void)
{
	for (int i = 0; i < 1000; i++) {
		if (one_int("select count(*) from pg_locks where not granted"))
			return;
		usleep(5000);
	}
	fail_msg("the read never came to the lock");
}

/* The read has proved and has its customer when it comes to the addresses,
 * which are locked; what is committed meanwhile must not be in its answer. */
TEST(a_commit_between_the_statements_is_not_seen)
{
	struct read_request request = request_of("customers/1");

	exec("begin; lock table customer_addresses");
	start(&request);
	wait_for_blocked();
	exec("update customer_addresses set city = 'Changed';"
	     "update customers set firstname = 'Changed'; commit");
	run_until(answered);
	assert_int_equal(got.answer.outcome, READ_OK);
	has("\"firstname\":\"Ana Júlia\"");
	has("\"city\":\"Tokyo\"");
	assert_null(strstr(got.body, "Changed"));
	ask("customers/1", READ_OK);
	has("\"firstname\":\"Changed\"");
	has("\"city\":\"Changed\"");
	exec("update customer_addresses set city = 'Tokyo' where entity_id=10;"
	     "update customer_addresses set city = 'São Paulo' where "
	     "entity_id = 11;"
	     "update customers set firstname = 'Ana Júlia' where entity_id=1");
}

TEST(a_read_that_takes_too_long_ends_and_its_connection_is_used_again)
{
	struct read_request request = request_of("customers/1");

	request.timeout_ms = 30;
	exec("begin; lock table customer_addresses");
	ask_for(&request, READ_TIMEOUT);
	ask_for(&request, READ_TIMEOUT);
	exec("commit");
	for (int i = 0; i < 5; i++)
		ask("customers/1", READ_OK);
}

TEST(a_cancelled_read_does_not_call_back)
{
	struct read_request request = request_of("customers/1");
	struct got none = { 0 };

	read_cancel(read_start(service, &request, on_answer, &none));
	for (int i = 0; i < 5; i++)
		ask("customers/1", READ_OK);
	assert_int_equal(none.calls, 0);
}

static bool not_ready(void)
{
	return !read_ready(service);
}

TEST(lost_connections_refuse_at_once_and_come_back)
{
	struct read_request request = request_of("customers/1");
	struct read_stats before, after;

	read_stats(service, &before);
	exec("begin; lock table customer_addresses");
	start(&request);
	wait_for_blocked();
	exec_on(other, "select pg_terminate_backend(pid) from pg_stat_activity"
		       " where application_name = 'test_read_service'");
	run_until(answered);
	assert_int_equal(got.answer.outcome, READ_UNAVAILABLE);
	exec("commit");
	run_until(not_ready);
	ask("customers/1", READ_UNAVAILABLE);
	assert_in_range(got.answer.elapsed_us, 0, 30000);
	run_until(ready);
	be_well();
	ask("customers/1", READ_OK);
	read_stats(service, &after);
	assert_in_range(after.connects, before.connects + 1,
			before.connects + 4);
}

TEST(a_failing_statement_is_an_error_and_its_connection_is_rolled_back)
{
	exec("alter table customer_addresses rename to gone");
	ask("customers/1", READ_ERROR);
	assert_non_null(strstr(got.reason, "SQLSTATE"));
	exec("alter table gone rename to customer_addresses");
	for (int i = 0; i < 5; i++)
		ask("customers/1", READ_OK);
}

TEST(an_answer_that_is_too_large_is_an_error)
{
	exec("update product_values set attributes = attributes || "
	     "jsonb_build_object('description', repeat('x', 300000)) "
	     "where entity_id = 5");
	ask("products/by-id/5", READ_ERROR);
	assert_non_null(strstr(got.reason, "larger than 262144"));
	exec("update product_values set attributes = attributes || "
	     "'{\"description\": null}' where entity_id = 5");
	ask("products/by-id/5", READ_OK);
}

static void close_now(void *user, struct read_answer *answer)
{
	on_answer(user, answer);
	if (service)
		read_close(TAKE(service), on_closed, NULL);
}

TEST(a_callback_may_close_the_service_under_all_other_reads)
{
	struct read_request request = request_of("customers/1");
	struct got rest[4] = { 0 };

	is_closed = false;
	got.calls = 0;
	read_start(service, &request, close_now, &got);
	for (size_t i = 0; i < LENGTH(rest); i++)
		read_start(service, &request, close_now, &rest[i]);
	run_until(closed);
	assert_int_equal(got.calls, 1);
	for (size_t i = 0; i < LENGTH(rest); i++) {
		assert_int_equal(rest[i].calls, 1);
		free(rest[i].body);
	}
}

TEST(many_reads_share_few_connections)
{
	static struct got many[200];
	struct read_request request = request_of("orders/9");

	memset(many, 0, sizeof(many));
	for (size_t i = 0; i < LENGTH(many); i++)
		read_start(service, &request, on_answer, &many[i]);
	for (size_t i = 0; i < LENGTH(many); i++) {
		while (!many[i].calls)
			uv_run(&loop, UV_RUN_ONCE);
		assert_int_equal(many[i].answer.outcome, READ_OK);
		assert_string_equal(many[i].body, many[0].body);
	}
	for (size_t i = 0; i < LENGTH(many); i++)
		free(many[i].body);
}

#define WITH(name)                                                             \
	cmocka_unit_test_setup_teardown(name, open_service, close_service)
int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_customer_has_all_fields_addresses_and_attributes),
		WITH(a_product_shows_the_default_scope_and_its_set_alone),
		WITH(a_sku_is_found_as_the_source_compares_and_the_lowest_id_wins),
		WITH(a_configurable_has_no_price_and_unmanaged_stock_is_in_stock),
		WITH(a_category_has_fields_of_its_default_scope),
		WITH(an_order_has_items_addresses_payment_and_history),
		WITH(lists_have_pages_and_a_total),
		WITH(what_the_copy_lacks_is_not_found),
		WITH(a_late_or_unwell_copy_is_refused),
		WITH(another_applier_or_server_is_refused),
		WITH(a_dead_letter_spoils_its_key_and_lists),
		WITH(a_domain_with_a_filter_is_not_listed),
		WITH(a_fence_refuses_until_its_ticket_passed),
		WITH(tickets_of_other_routers_count),
		WITH(a_fenced_read_goes_on_when_its_ticket_passes),
		WITH(a_commit_between_the_statements_is_not_seen),
		WITH(a_read_that_takes_too_long_ends_and_its_connection_is_used_again),
		WITH(a_cancelled_read_does_not_call_back),
		WITH(lost_connections_refuse_at_once_and_come_back),
		WITH(a_failing_statement_is_an_error_and_its_connection_is_rolled_back),
		WITH(an_answer_that_is_too_large_is_an_error),
		WITH(a_callback_may_close_the_service_under_all_other_reads),
		WITH(many_reads_share_few_connections),
	};

	if (!getenv("FICUS_TEST_PG")) {
		puts("1..0 # SKIP FICUS_TEST_PG is not set");
		return 0;
	}
	int failed =
		cmocka_run_group_tests(tests, make_database, drop_database);
	free(got.body);
	return failed;
}
