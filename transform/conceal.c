/* What privacy.h takes from a row. */
#include <string.h>

#include "base/arena.h"
#include "base/hmac.h"
#include "base/str.h"
#include "transform/attribute.h"
#include "transform/binding.h"
#include "transform/mapping.h"
#include "transform/transform_impl.h"

struct concealing {
	const struct transform *transform;
	const struct binding *binding;
	struct arena *arena;
};

static void hash(const struct concealing *c, struct value *v)
{
	struct str key = str_of(c->transform->mapping->privacy.key);
	char *text;

	if (!value_has(*v))
		return;
	text = arena_alloc(c->arena, HMAC_HEX);
	hmac_hex(key, (struct str){ v->at, v->n }, text);
	*v = (struct value){ text, HMAC_HEX, VALUE_TEXT };
}

/* The row's attribute decides; one that is not known may be any. */
static void conceal_value(const struct concealing *c, struct value *row)
{
	const struct binding *b = c->binding;
	struct value *value = &row[b->special[EAV_VALUE]];
	const struct attribute *attribute = attribute_map_find(
		&c->transform->attributes,
		attribute_id(row[b->special[EAV_ATTRIBUTE]]));

	if (!attribute)
		*value = (struct value){ .kind = VALUE_ABSENT };
	else if (attribute->privacy == PRIVACY_EXCLUDED)
		*value = (struct value){ .kind = VALUE_NULL };
	else if (attribute->privacy == PRIVACY_HASHED)
		hash(c, value);
}

static const struct value *conceal(const struct concealing *c,
				   const struct value *row)
{
	const struct binding *b = c->binding;
	struct value *copy;

	if (!row)
		return NULL;
	copy = arena_memdup(c->arena, row, b->columns * sizeof(*row));
	for (size_t i = 0; i < b->hashed_count; i++)
		hash(c, &copy[b->hashed[i]]);
	if (b->role == ROLE_EAV)
		conceal_value(c, copy);
	return copy;
}

void transform_conceal(const struct transform *transform,
		       const struct binding *binding,
		       const struct row_change *row, struct arena *arena,
		       struct row_change *ret)
{
	const struct concealing c = { transform, binding, arena };

	*ret = *row;
	if (!binding->conceals || row->concealed)
		return;
	ret->before = conceal(&c, row->before);
	ret->after = conceal(&c, row->after);
	ret->concealed = true;
}
