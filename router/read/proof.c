#include "router/read/proof.h"

#include "router/pg_rows.h"
#include "router/read/entity.h"

/* As in proof.sql. */
enum column {
	STATE,
	LAG,
	AGE,
	FRESH,
	ONE_EPOCH,
	EPOCH,
	ONE_START,
	START,
	SYSTEM,
	PASSED,
	CLIENT,
	PARTIAL,
};

enum { UNHEALTHY_MAX = 32 }; /* unhealthy.sql gives one more at most */

static bool is_true(const struct pg_rows *rows, enum column column)
{
	return str_eqs(pg_rows_value(rows, 0, column), "t");
}

static int64_t number(const struct pg_rows *rows, enum column column)
{
	int64_t value = 0;

	(void)str_to_i64(pg_rows_value(rows, 0, column), &value);
	return value;
}

void proof_read(const struct pg_rows *rows, struct proof *ret)
{
	*ret = (struct proof){ .found = pg_rows_count(rows) == 1 };
	if (!ret->found)
		return;
	ret->streaming = str_eqs(pg_rows_value(rows, 0, STATE), "streaming");
	ret->lag_known = pg_rows_value(rows, 0, LAG).at != NULL;
	ret->lag_ms = number(rows, LAG);
	ret->age_ms = number(rows, AGE);
	ret->fresh = is_true(rows, FRESH);
	ret->one_epoch = is_true(rows, ONE_EPOCH);
	ret->epoch = number(rows, EPOCH);
	ret->one_start = is_true(rows, ONE_START);
	ret->postgres_start_us = number(rows, START);
	ret->system_identifier = number(rows, SYSTEM);
	ret->passed_ticket = number(rows, PASSED);
	ret->client_ticket = number(rows, CLIENT);
	ret->partial = is_true(rows, PARTIAL);
}

static enum read_outcome refuse(enum read_outcome outcome, const char *text,
				const char **reason)
{
	*reason = text;
	return outcome;
}

static enum read_outcome judge_epoch(const struct proof *proof,
				     const struct read_needs *needs,
				     const char **reason)
{
	if (!proof->one_epoch)
		return refuse(READ_REFUSED_EPOCH,
			      "an applier is taking over from another", reason);
	if (needs->epoch && needs->epoch != proof->epoch)
		return refuse(READ_REFUSED_EPOCH, "another applier took over",
			      reason);
	if (!proof->one_start)
		return refuse(READ_REFUSED_EPOCH,
			      "PostgreSQL restarted since the applier's last "
			      "status",
			      reason);
	if ((needs->postgres_start_us &&
	     needs->postgres_start_us != proof->postgres_start_us) ||
	    (needs->system_identifier &&
	     needs->system_identifier != proof->system_identifier))
		return refuse(READ_REFUSED_EPOCH,
			      "PostgreSQL restarted or is another server",
			      reason);
	return READ_OK;
}

static enum read_outcome judge_lag(const struct proof *proof,
				   const struct read_needs *needs,
				   const char **reason)
{
	if (!proof->streaming)
		return refuse(READ_REFUSED_STALE,
			      "the applier is not streaming", reason);
	if (!proof->fresh)
		return refuse(READ_REFUSED_STALE, "the domain is not fresh",
			      reason);
	if (!proof->lag_known || proof->lag_ms < 0 ||
	    proof->age_ms < -PROOF_SKEW_MS)
		return refuse(READ_REFUSED_STALE, "the lag is unknown", reason);
	if (proof->lag_ms > needs->max_lag_ms ||
	    proof->age_ms > needs->max_lag_ms ||
	    proof->lag_ms + proof->age_ms > needs->max_lag_ms)
		return refuse(READ_REFUSED_STALE, "the lag is too high",
			      reason);
	return READ_OK;
}

int64_t proof_ticket(const struct proof *proof, const struct read_needs *needs)
{
	return needs->ticket > proof->client_ticket ? needs->ticket
						    : proof->client_ticket;
}

enum read_outcome proof_judge(const struct proof *proof,
			      const struct read_needs *needs,
			      const char **reason)
{
	enum read_outcome outcome;

	*reason = "";
	if (!proof->found)
		return refuse(READ_REFUSED_STALE, "nothing was replicated yet",
			      reason);
	outcome = judge_epoch(proof, needs, reason);
	if (outcome == READ_OK)
		outcome = judge_lag(proof, needs, reason);
	if (outcome == READ_OK && needs->whole && proof->partial)
		outcome = refuse(READ_REFUSED_PARTIAL,
				 "bootstrap.since leaves out a part of the "
				 "domain",
				 reason);
	if (outcome == READ_OK &&
	    proof->passed_ticket < proof_ticket(proof, needs))
		outcome = refuse(READ_REFUSED_FENCE,
				 "the client's last answer of Magento is not "
				 "in the copy yet",
				 reason);
	return outcome;
}

static const struct entity_record *find_record(const struct entity *entity,
					       struct str name)
{
	for (size_t i = 0; i < entity->record_count; i++)
		if (str_eqs(name, entity->records[i].name))
			return &entity->records[i];
	return NULL;
}

bool proof_spoils(const struct entity *entity, struct str record,
		  struct str key, int64_t id)
{
	const struct entity_record *known = find_record(entity, record);

	if (!known)
		return false;
	if (!known->root || id == 0)
		return true;
	while (key.at) {
		struct str value = str_trim(str_split(&key, ','));
		struct str name = str_split(&value, '=');
		int64_t number;

		if (str_eqs(name, known->root))
			return !str_to_i64(value, &number) || number == id;
	}
	return true;
}

bool proof_unhealthy(const struct pg_rows *rows, const struct entity *entity,
		     int64_t id, bool by_sku)
{
	size_t n = pg_rows_count(rows);

	if (n > UNHEALTHY_MAX)
		return true;
	for (size_t i = 0; i < n; i++) {
		struct str record = pg_rows_value(rows, i, 0);
		bool any = by_sku && str_eqs(record, entity->table);

		if (proof_spoils(entity, record, pg_rows_value(rows, i, 1),
				 any ? 0 : id))
			return true;
	}
	return false;
}
