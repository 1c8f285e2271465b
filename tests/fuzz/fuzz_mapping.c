/* The mapping: any text is loaded or refused with a reason; what is loaded
 * finds its own tables. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "transform/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct mapping *mapping)
{
	for (size_t i = 0; i < mapping->table_count; i++) {
		const struct mapping_table *t = &mapping->tables[i];

		if (mapping_find(mapping, t->source) != t ||
		    mapping_target(mapping, t->target->name) != t->target)
			abort();
		mapping_excludes(t, "password_hash");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct str text = { (const char *)bytes, n };
	struct mapping *mapping = NULL;
	struct err err = { 0 };

	if (mapping_parse("fuzz", text, "", &mapping, &err) == 0) {
		check(mapping);
		/* The same once more: only refusals and wider entries. */
		if (mapping_extend_parse(mapping, "more", text, &err) == 0)
			check(mapping);
	} else if (mapping || !err.msg[0])
		abort();
	mapping_free(mapping);
	return 0;
}
