#include "transform/losses.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *loss_kind_name(enum loss_kind kind)
{
	static const char *const names[] = {
#define LOSS_NAME(name, label) [LOSS_##name] = (label),
		LOSS_KINDS(LOSS_NAME)
#undef LOSS_NAME
	};

	return names[kind];
}

struct losses {
	pthread_mutex_t lock;
	struct loss *first; /* owned, as all behind it; grows only */
};

struct losses *losses_new(void)
{
	struct losses *losses = mem_zalloc(sizeof(*losses));

	pthread_mutex_init(&losses->lock, NULL);
	return losses;
}

static void free_list(struct loss *loss)
{
	while (loss) {
		struct loss *gone = loss;

		loss = gone->next;
		free(gone->table);
		free(gone->column);
		free(gone);
	}
}

void losses_free(struct losses *losses)
{
	if (!losses)
		return;
	free_list(losses->first);
	pthread_mutex_destroy(&losses->lock);
	free(losses);
}

static struct loss *find(struct loss *loss, const char *table,
			 const char *column)
{
	while (loss && (strcmp(loss->column, column) != 0 ||
			strcmp(loss->table, table) != 0))
		loss = loss->next;
	return loss;
}

struct loss *losses_of(struct losses *losses, const char *table,
		       const char *column)
{
	struct loss *loss;

	if (!losses)
		return NULL;
	pthread_mutex_lock(&losses->lock);
	loss = find(losses->first, table, column);
	if (!loss) {
		loss = mem_zalloc(sizeof(*loss));
		loss->table = mem_strdup(table);
		loss->column = mem_strdup(column);
		loss->next = losses->first;
		losses->first = loss;
	}
	pthread_mutex_unlock(&losses->lock);
	return loss;
}

const struct loss *losses_first(struct losses *losses)
{
	pthread_mutex_lock(&losses->lock);
	const struct loss *first = losses->first;
	pthread_mutex_unlock(&losses->lock);
	return first;
}
