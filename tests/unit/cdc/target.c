#include "tests/unit/cdc/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/catalog.h"
#include "cdc/migrate.h"
#include "tests/lib/test.h"
#include "transform/mapping.h"

static void check(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s: %s", err_code_name(err->code), err->msg);
}

void target_open(struct target *target)
{
	static int number;
	const char *where = getenv("FICUS_TEST_PG");
	struct err err;

	*target = (struct target){ 0 };
	if (!where)
		fail_msg("FICUS_TEST_PG is not set");
	struct pg_config *c = &target->config;

	c->options = where;
	c->connect_timeout_ms = 5000;
	c->tcp_user_timeout_ms = 5000;
	check(pg_connect(c, &target->admin, &err), &err);

	target->name = mem_printf("ficus_test_%d_%d", (int)getpid(), ++number);
	CLEANUP(mem_freep)
	char *sql = mem_printf(
		"create database %s template template0 encoding 'UTF8'",
		target->name);
	check(pg_exec(target->admin, sql, &err), &err);
	target->text = mem_printf("%s dbname=%s", where, target->name);
	c->options = target->text;
	check(pg_connect(c, &target->pg, &err), &err);
	check(migrate_run(target->pg, NULL, NULL, &err), &err);
	target_do(target, "insert into ficus.checkpoint (seq, epoch, position,"
			  " source_id) values (1, 0, 'start', 'source 1')");
}

void target_close(struct target *target)
{
	struct err err;

	pg_close(target->pg);
	if (target->admin) {
		CLEANUP(mem_freep)
		char *sql = mem_printf("drop database %s with (force)",
				       target->name);

		check(pg_exec(target->admin, sql, &err), &err);
		pg_close(target->admin);
	}
	free(target->text);
	free(target->name);
}

struct mapping *target_mapping(struct target *target, const char *const *names,
			       size_t count)
{
	struct mapping *mapping = mem_zalloc(sizeof(*mapping));
	struct err err;

	mapping->target_count = count;
	mapping->targets = mem_array(count, sizeof(void *));
	for (size_t i = 0; i < count; i++) {
		struct target_table *table = mem_zalloc(sizeof(*table));

		table->name = mem_strdup(names[i]);
		table->index = i;
		table->domain = DOMAIN_CATALOG;
		table->values = strstr(names[i], "_values") ||
				strstr(names[i], "_prices");
		if (strcmp(names[i], "attributes") == 0 ||
		    strcmp(names[i], "entity_types") == 0)
			table->domain = DOMAIN_METADATA;
		mapping->targets[i] = table;
	}
	mapping->prefix = mem_strdup("");
	check(catalog_load(target->pg, mapping, &err), &err);
	return mapping;
}

void target_do(struct target *target, const char *sql)
{
	struct err err;

	check(pg_exec(target->pg, sql, &err), &err);
}

const char *target_ask(struct target *target, const char *sql)
{
	static char text[4096];
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct err err;

	check(pg_query(target->pg, sql, NULL, 0, &r, &err), &err);
	if (pg_rows(r) == 0)
		return "(none)";
	snprintf(text, sizeof(text), "%s",
		 pg_null(r, 0, 0) ? "(null)" : pg_text(r, 0, 0));
	return text;
}
