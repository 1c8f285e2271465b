#include "transform/losses.h"

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
	struct loss *_Atomic first; /* owned, as all behind it; grows only */
};

struct losses *losses_new(void)
{
	return mem_zalloc(sizeof(struct losses));
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
	free_list(atomic_load(&losses->first));
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

static struct loss *new_loss(const char *table, const char *column)
{
	struct loss *loss = mem_zalloc(sizeof(*loss));

	loss->table = mem_strdup(table);
	loss->column = mem_strdup(column);
	return loss;
}

struct loss *losses_of(struct losses *losses, const char *table,
		       const char *column)
{
	struct loss *first, *made = NULL;

	if (!losses)
		return NULL;
	first = atomic_load(&losses->first);
	for (;;) {
		struct loss *found = find(first, table, column);

		if (found) {
			free_list(made); /* another thread was first */
			return found;
		}
		if (!made)
			made = new_loss(table, column);
		made->next = first;
		if (atomic_compare_exchange_strong(&losses->first, &first,
						   made))
			return made;
		made->next = NULL;
	}
}

const struct loss *losses_first(struct losses *losses)
{
	return atomic_load(&losses->first);
}
