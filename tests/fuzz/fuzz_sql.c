/* A statement of any bytes, as the log may hold: what it does is told without
 * reading outside it, and the name of an XA transaction reads back. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/control.h"
#include "cdc/binlog/xa_name.h"
#include "cdc/ddl.h"
#include "transform/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char mapping_text[] =
	"tables:\n"
	"  - {source: store, kind: metadata, target: stores, "
	"domain: metadata}\n"
	"  - {source: orders, kind: metadata, target: orders, "
	"domain: metadata}\n";

static const struct mapping *load(void)
{
	static struct mapping *mapping;
	struct err err = { 0 };

	if (!mapping &&
	    mapping_parse("fuzz", str_of(mapping_text), "", &mapping, &err))
		__builtin_trap();
	return mapping;
}

static void take(void *user, const struct mapping_table *table,
		 unsigned effects)
{
	(void)user;
	if (!table || !effects)
		__builtin_trap();
}

static void check_name(struct str sql)
{
	CLEANUP(buf_done) struct buf first, second;

	buf_init(&first, XA_NAME_MAX + 1);
	buf_init(&second, XA_NAME_MAX + 1);
	if (!xa_name_parse(sql, &first))
		return;
	if (!xa_name_parse((struct str){ first.at, first.n }, &second) ||
	    first.n != second.n || memcmp(first.at, second.at, first.n) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ddl_scope scope = { .mapping = load(), .database = "shop" };
	char *copy = memcpy(mem_zalloc(size ? size : 1), data, size);
	struct str sql = { copy, size };

	query_kind(sql);
	query_starts_transaction(sql);
	ddl_kind_name(ddl_kind_of(sql));
	ddl_moves_columns(sql);
	ddl_mentions(sql, "total");
	ddl_run(&scope, str_of("shop"), sql, take, NULL);
	check_name(sql);
	free(copy);
	return 0;
}
