#include "router/fence.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FENCE_PROBES = 16 };

struct slot {
	struct client_key key;
	int64_t seen_us; /* 0: never used */
	int64_t n;	 /* ticket taken after seen_us; 0: none yet */
};

struct fence_table {
	pthread_mutex_t lock;
	size_t mask;
	int64_t full_us; /* the last time there was no room; 0: never */
	struct slot slots[];
};

struct fence_table *fence_new(size_t slots)
{
	struct fence_table *table;

	assert(slots >= FENCE_PROBES && (slots & (slots - 1)) == 0);
	table = mem_zalloc(sizeof(*table) + slots * sizeof(struct slot));
	pthread_mutex_init(&table->lock, NULL);
	table->mask = slots - 1;
	return table;
}

void fence_free(struct fence_table *table)
{
	if (!table)
		return;
	pthread_mutex_destroy(&table->lock);
	free(table);
}

static struct slot *slot_at(struct fence_table *table,
			    const struct client_key *key, size_t probe)
{
	return &table->slots[(client_key_hash(key) + probe) & table->mask];
}

static struct slot *slot_find(struct fence_table *table,
			      const struct client_key *key)
{
	for (size_t i = 0; i < FENCE_PROBES; i++) {
		struct slot *slot = slot_at(table, key, i);

		if (slot->seen_us && memcmp(&slot->key, key, sizeof(*key)) == 0)
			return slot;
	}
	return NULL;
}

static struct slot *slot_free(struct fence_table *table,
			      const struct client_key *key, int64_t passed_us)
{
	for (size_t i = 0; i < FENCE_PROBES; i++) {
		struct slot *slot = slot_at(table, key, i);

		if (slot->seen_us < passed_us || slot->seen_us == 0)
			return slot;
	}
	return NULL;
}

void fence_set(struct fence_table *table, const struct client_key *key,
	       int64_t now_us, int64_t passed_us)
{
	struct slot *slot;

	pthread_mutex_lock(&table->lock);
	slot = slot_find(table, key);
	if (!slot)
		slot = slot_free(table, key, passed_us);
	if (slot)
		*slot = (struct slot){ *key, now_us, 0 };
	else
		table->full_us = now_us;
	pthread_mutex_unlock(&table->lock);
}

void fence_ticket(struct fence_table *table, const struct client_key *key,
		  int64_t taken_us, int64_t n)
{
	struct slot *slot;

	pthread_mutex_lock(&table->lock);
	slot = slot_find(table, key);
	if (slot && slot->seen_us <= taken_us && slot->n < n)
		slot->n = n;
	pthread_mutex_unlock(&table->lock);
}

enum fence_state fence_check(struct fence_table *table,
			     const struct client_key *key, int64_t passed_us,
			     int64_t passed_n, int64_t *ret_n)
{
	enum fence_state state = FENCE_NONE;
	const struct slot *slot;

	pthread_mutex_lock(&table->lock);
	slot = slot_find(table, key);
	if (!slot && table->full_us && table->full_us >= passed_us)
		state = FENCE_UNKNOWN;
	if (slot && slot->seen_us >= passed_us &&
	    (slot->n == 0 || slot->n > passed_n)) {
		state = slot->n ? FENCE_TICKET : FENCE_UNKNOWN;
		*ret_n = slot->n;
	}
	pthread_mutex_unlock(&table->lock);
	return state;
}

size_t fence_count(struct fence_table *table, int64_t passed_us)
{
	size_t n = 0;

	pthread_mutex_lock(&table->lock);
	for (size_t i = 0; i <= table->mask; i++) {
		const struct slot *slot = &table->slots[i];

		n += slot->seen_us && slot->seen_us >= passed_us;
	}
	pthread_mutex_unlock(&table->lock);
	return n;
}
