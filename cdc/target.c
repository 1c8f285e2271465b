#include "cdc/target.h"

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"

int target_connect(const struct pg_config *config, bool synchronous_commit,
		   struct pg **ret, struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;

	if (pg_connect(config, &pg, err) < 0)
		return err->code;
	/* Statements are prepared once and the arrays' lengths vary: what is
	 * planned for any length is right for all. */
	if (pg_exec(pg,
		    "set jit = off; set plan_cache_mode = force_generic_plan;"
		    " set idle_in_transaction_session_timeout = 0",
		    err) < 0 ||
	    pg_exec(pg,
		    synchronous_commit ? "set synchronous_commit = on"
				       : "set synchronous_commit = off",
		    err) < 0)
		return err_wrap(err, "setting up the session");
	*ret = TAKE(pg);
	return 0;
}

int target_shapes_new(const struct mapping *mapping, struct target_shape **ret,
		      struct err *err)
{
	size_t count = mapping->target_count;
	CLEANUP(mem_freep)
	struct target_shape *shapes = mem_array(count, sizeof(*shapes));

	for (size_t i = 0; i < count; i++)
		if (target_shape_init(&shapes[i], mapping->targets[i], err) < 0)
			return err->code;
	*ret = TAKE(shapes);
	return 0;
}
