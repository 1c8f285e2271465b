/* A shop to test the transform with: the mapping that is shipped, with the
 * target columns that its migration makes, and every record change written
 * down as a line of text:
 *
 *     UPSERT products entity_id=5 sku=a
 *     DELETE! products entity_id=5        (! foreign-key actions)
 *     SET product_values 5/0 name="Lamp"
 *     SET product_prices 5/0 price=1.50
 *     UNSET product_values 5/2 name
 *
 *     SET product_values 5/0 name?="Lamp" (it is not known where it stood)
 *     REFETCH catalog_product_entity(entity_id=5)
 *
 * NULL columns are left out. An image with shop_absent is incomplete. */
#ifndef TESTS_UNIT_TRANSFORM_SHOP_H
#define TESTS_UNIT_TRANSFORM_SHOP_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "transform/row_change.h"

struct losses;
struct mapping;
struct table_def;
struct transform;

struct shop {
	struct mapping *mapping;
	struct transform *transform;
	struct losses *losses;
	struct arena arena;
	struct buf log;
	struct err err; /* of the last shop_row() */
};

enum { SHOP_COLUMNS_MAX = 32 };
extern const char shop_absent[]; /* a column the image does not hold */

/* Mapping and columns only; the caller frees it. */
struct mapping *shop_mapping(const char *prefix);
/* With two entity types and a few attributes:
 * 73 name varchar, 77 price decimal, 97 status int, 120 custom gallery in
 * backend_table (all catalog_product); 10 nick varchar (customer). */
void shop_open(struct shop *shop);
void shop_close(struct shop *shop);

/* "value_id* attribute_id entity_id qty:decimal(12,4)": * is in the key. */
struct table_def *shop_def(const char *name, const char *columns);

/* One row through the transform; texts by column, NULL is NULL. before and
 * after as in struct row_change. Returns what transform_row() did. */
int shop_row(struct shop *shop, const struct table_def *def,
	     enum row_actions actions, const char *const *before,
	     const char *const *after);
/* What was written down since the last call. */
const char *shop_log(struct shop *shop);

#define ROW(...) ((const char *const[SHOP_COLUMNS_MAX]){ __VA_ARGS__ })

#endif
