/* Any bytes are a table map, from which a plan can be made or not, or are
 * refused. */
#include "base/err.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/table_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(table_map_freep) struct table_map *map = NULL;
	CLEANUP(row_plan_freep) struct row_plan *plan = NULL;
	struct format format;
	struct err err = { 0 };

	if (size < 1)
		return 0;
	format_init(&format, CHECKSUM_NONE);
	format.mariadb = data[0] & 1;
	if (table_map_parse(reader_of(data + 1, size - 1), &format, &map, &err))
		return 0;
	if (!table_map_same(map, reader_of(data + 1, size - 1)))
		__builtin_trap();
	(void)!row_plan_new(map, NULL, NULL, &plan, &err);
	return 0;
}
