/* What a snapshot says about itself, and whether that is enough for a read.
 *
 * A pure judgement over one row of schema/read/proof.sql; doubt refuses. */
#ifndef ROUTER_READ_PROOF_H
#define ROUTER_READ_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "router/read/read.h"

struct entity;
struct pg_rows;

/* How far the status row may seem to lie in the future: rounding. */
enum { PROOF_SKEW_MS = 1000 };

struct proof {
	bool found; /* something was replicated */
	bool streaming;
	bool lag_known;
	int64_t lag_ms; /* cdc's, when the status row was written */
	int64_t age_ms; /* of the status row */
	bool fresh;	/* the domain */
	bool one_epoch; /* the status is the present applier's */
	int64_t epoch;
	bool one_start; /* PostgreSQL has not restarted since the status */
	int64_t postgres_start_us;
	int64_t system_identifier;
	int64_t passed_ticket;
	int64_t client_ticket; /* the client's highest; 0: none */
	bool partial;	       /* the copy has only some of the domain */
};

void proof_read(const struct pg_rows *rows, struct proof *ret);
/* READ_OK or what refuses; *reason is a constant sentence. The fence is looked
 * at last: READ_REFUSED_FENCE means that nothing else is wrong. */
enum read_outcome proof_judge(const struct proof *proof,
			      const struct read_needs *needs,
			      const char **reason);
/* The ticket that must have passed. */
int64_t proof_ticket(const struct proof *proof, const struct read_needs *needs);

/* Whether a dead letter among rows (record, key) spoils the entity `id`, or
 * with id 0 anything of its kind. by_sku: a lost product row could be the one
 * with that SKU. */
bool proof_unhealthy(const struct pg_rows *rows, const struct entity *entity,
		     int64_t id, bool by_sku);
/* The same for one of them: "entity_id=5", "product_id=5,website_id=1". */
bool proof_spoils(const struct entity *entity, struct str record,
		  struct str key, int64_t id);

#endif
