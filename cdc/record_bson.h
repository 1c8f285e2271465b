/* A record change as BSON, its durable form: dead letters, prepared XA
 * transactions, `cdc --print`.
 *
 *     { op: "upsert" | "delete" | "set" | "unset" | "truncate" | "refetch",
 *       record: "customers",
 *       values: { entity_id: "5", note: null, image: <binary> },
 *       attribute: "color", value: "12", json: "number" | "string",
 *       actions: true, source: "customer_entity" }
 *
 * Values are text as the source prints it, bytes are binary, and a column
 * that is absent is not there. attribute, value and json stand with set (the
 * first with unset too), actions only where true; source, without prefix, with
 * refetch, whose value is a selection or null, and with some set. */
#ifndef CDC_RECORD_BSON_H
#define CDC_RECORD_BSON_H

#include "base/defs.h"
#include "base/str.h"

struct arena;
struct buf;
struct err;
struct mapping;
struct record_change;

/* Appends the document. */
void record_bson_write(struct buf *out, const struct record_change *change);
/* ERR_CORRUPT: not such a document, or of a table the mapping lacks. Columns
 * that the target no longer has are left out. Texts borrow from `bytes`. */
int record_bson_read(struct str bytes, const struct mapping *mapping,
		     struct arena *arena, struct record_change *ret,
		     struct err *err) MUST_CHECK;
/* Appends the document as one line of JSON (relaxed extended), without its
 * end of line. */
void record_bson_json(struct buf *out, const struct record_change *change);

#endif
