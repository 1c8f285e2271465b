/* The mapping: which source table goes where (schema/magento.yaml).
 *
 * Read once at start and never changed; owned by the program. Target columns
 * are not listed in the file but taken from the target's catalog
 * (mapping_target_columns): a source column goes to the target column of its
 * name, so that a new column is a migration and nothing else. Secrets and what
 * else must not leave the source are listed as `exclude`.
 *
 *     tables:
 *       - source: customer_entity
 *         kind: row                  # row | eav | metadata
 *         target: customers
 *         domain: customer           # customer | catalog | order | metadata
 *         family: customer_entity    # root whose key ranges are the chunks
 *         link: entity_id            # column that holds the root's key
 *         exclude: [password_hash, …]  # a name may end in `*`
 *         since: updated_at          # root: what bootstrap.since looks at
 *         extra: true                # columns that the target lacks go into
 *                                    # its column `extra jsonb`
 *         where: {path: [a/b, c/d]}   # only these rows (row_filter.h)
 *       - source: catalog_product_entity_varchar
 *         kind: eav
 *         target: product_values
 *         entity_type: catalog_product
 *         backend: varchar
 *         …
 *
 * Where `link` holds the key of another table instead of the root's (values of
 * an address), `via` names that table: its own link leads on. Metadata has
 * neither family nor link: it is read whole.
 *
 * Files of the user's are added to it (mapping_extend): new tables, and of
 * tables that are mapped already more `columns`, `exclude` and `extra`. What
 * they give a target stands in its wishes (mapping_wish.h). */
#ifndef TRANSFORM_MAPPING_H
#define TRANSFORM_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "transform/privacy.h"
#include "transform/row_filter.h"

struct err;

enum table_kind { TABLE_ROW, TABLE_EAV, TABLE_METADATA };
enum domain {
	DOMAIN_METADATA,
	DOMAIN_CUSTOMER,
	DOMAIN_CATALOG,
	DOMAIN_ORDER,
	DOMAIN_UNKNOWN /* no table's; for functions that say so */
};
enum { DOMAIN_COUNT = 4 };
enum { SINCE_BYTES = 20 };

struct target_column {
	char *name;	/* owned */
	char *type;	/* owned; format_type(): "bigint", "numeric(20,6)",
			 * "timestamp with time zone", "jsonb", … */
	uint16_t key;	/* place in the primary key from 1; 0: not in it */
	bool generated; /* computed by the target; never written */
};

struct target_wish; /* a column that a mapping gives it: mapping_wish.h */

struct target_table {
	char *name; /* owned; without schema */
	size_t count;
	struct target_column *columns; /* owned; empty until loaded */
	enum domain domain;
	size_t index; /* place in mapping.targets */
	bool values;  /* an EAV values table: key columns + attributes jsonb */
	size_t wish_count;
	struct target_wish *wishes; /* owned */
};

struct mapping_table {
	char *source; /* owned; without prefix */
	enum table_kind kind;
	enum domain domain;
	struct target_table *target; /* borrowed from mapping.targets */
	char *family, *link;	     /* owned; NULL for metadata */
	char *via;		     /* owned; NULL: link is the root's key */
	char **exclude;		     /* owned; NULL-terminated; may be NULL */
	char **hash;		     /* likewise; set by privacy.h */
	char *since;		     /* owned; root: column that … */
	/* … is not less in what is copied: "2024-01-01 00:00:00", UTC; "": all
	 * is */
	char bound[SINCE_BYTES];
	char *entity_type, *backend; /* owned; EAV only */
	struct row_filter where;     /* row and metadata only */
	bool extra;  /* columns the target lacks go into its column `extra` */
	bool user;   /* of a file that was added */
	char *place; /* owned; "magento.yaml:12" */
};

struct mapping {
	size_t table_count, target_count;
	struct mapping_table *tables;  /* in file order: parents first */
	struct target_table **targets; /* one per distinct target */
	char *prefix;		       /* source table prefix */
	struct privacy_list privacy;
};

int mapping_load(const char *path, const char *prefix, struct mapping **ret,
		 struct err *err) MUST_CHECK;
/* The same from memory; file is its name in errors. */
int mapping_parse(const char *file, struct str text, const char *prefix,
		  struct mapping **ret, struct err *err) MUST_CHECK;
/* Adds a file of the user's. After an error the mapping is of no use. */
int mapping_extend(struct mapping *mapping, const char *path,
		   struct err *err) MUST_CHECK;
int mapping_extend_parse(struct mapping *mapping, const char *file,
			 struct str text, struct err *err) MUST_CHECK;
void mapping_free(struct mapping *mapping);
void mapping_freep(struct mapping **mapping);

/* Entry of a source table by the name it has on the source (prefix included),
 * or NULL. */
const struct mapping_table *mapping_find(const struct mapping *mapping,
					 const char *source_table);
/* Must the column stay in the source? Names compare without ASCII case. */
bool mapping_excludes(const struct mapping_table *table, const char *column);
/* Is a keyed hash all that may leave it? */
bool mapping_hashes(const struct mapping_table *table, const char *column);
/* Does the column go into the target's `extra`? */
bool mapping_is_extra(const struct mapping_table *table, const char *column);
/* The entry of the table's root, which may be itself; NULL for metadata. */
const struct mapping_table *mapping_root(const struct mapping *mapping,
					 const struct mapping_table *table);
/* The entry of the table whose key its link holds; the root's own is itself. */
const struct mapping_table *mapping_parent(const struct mapping *mapping,
					   const struct mapping_table *table);
/* bootstrap.since, before anything is bound; bound: see mapping_table. */
void mapping_set_since(struct mapping *mapping, enum domain domain,
		       const char *bound);
bool mapping_has_since(const struct mapping *mapping, enum domain domain);
struct target_table *mapping_target(const struct mapping *mapping,
				    const char *target);
/* Give a target its columns (copied); called once per target at start. */
void mapping_target_columns(struct target_table *target,
			    const struct target_column *columns, size_t count);

const char *domain_name(enum domain domain); /* "customer", … */

#endif
