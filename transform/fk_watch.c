#include "transform/fk_watch.h"

#include <stdlib.h>

#include "base/mem.h"

void fk_watch_done(struct fk_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		free(watch->at[i].source);
		free(watch->at[i].children);
	}
	free(watch->at);
}

struct fk_watched *fk_watch_find(const struct fk_watch *watch,
				 struct str source)
{
	for (size_t i = 0; i < watch->count; i++)
		if (str_eqs(source, watch->at[i].source))
			return &watch->at[i];
	return NULL;
}

struct fk_watched *fk_watch_take(struct fk_watch *watch, const char *source)
{
	struct fk_watched *watched = fk_watch_find(watch, str_of(source));

	if (watched)
		return watched;
	watch->at =
		mem_realloc(watch->at, (watch->count + 1) * sizeof(*watch->at));
	watched = &watch->at[watch->count++];
	*watched = (struct fk_watched){ .source = mem_strdup(source) };
	return watched;
}

bool fk_watched_has(const struct fk_watched *watched,
		    const struct target_table *child)
{
	for (size_t i = 0; i < watched->count; i++)
		if (watched->children[i] == child)
			return true;
	return false;
}

bool fk_watched_add(struct fk_watched *watched,
		    const struct target_table *child)
{
	if (fk_watched_has(watched, child))
		return false;
	watched->children =
		mem_realloc(watched->children,
			    (watched->count + 1) * sizeof(*watched->children));
	watched->children[watched->count++] = child;
	return true;
}
