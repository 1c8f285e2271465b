#include "cdc/binlog/gtid_pos.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/reader.h"
#include "cdc/binlog/event.h"

void gtid_pos_init(struct gtid_pos *pos)
{
	*pos = (struct gtid_pos){ 0 };
}

void gtid_pos_done(struct gtid_pos *pos)
{
	free(pos->domains);
	gtid_pos_init(pos);
}

void gtid_pos_copy(struct gtid_pos *to, const struct gtid_pos *from)
{
	gtid_pos_init(to);
	for (size_t i = 0; i < from->count; i++)
		gtid_pos_set(to, from->domains[i]);
}

static size_t lower_bound(const struct gtid_pos *pos, uint32_t domain)
{
	size_t low = 0, high = pos->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pos->domains[middle].domain < domain)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct gtid_domain *gtid_pos_find(const struct gtid_pos *pos,
					uint32_t domain)
{
	size_t i = lower_bound(pos, domain);

	if (i == pos->count || pos->domains[i].domain != domain)
		return NULL;
	return &pos->domains[i];
}

void gtid_pos_set(struct gtid_pos *pos, struct gtid_domain gtid)
{
	size_t i = lower_bound(pos, gtid.domain);

	if (i < pos->count && pos->domains[i].domain == gtid.domain) {
		pos->domains[i] = gtid;
		return;
	}
	if (pos->count == pos->room) {
		pos->room = pos->room ? pos->room * 2 : 4;
		pos->domains =
			mem_realloc(pos->domains, pos->room * sizeof(gtid));
	}
	memmove(&pos->domains[i + 1], &pos->domains[i],
		(pos->count - i) * sizeof(gtid));
	pos->domains[i] = gtid;
	pos->count++;
}

void gtid_pos_drop(struct gtid_pos *pos, uint32_t domain)
{
	size_t i = lower_bound(pos, domain);

	if (i == pos->count || pos->domains[i].domain != domain)
		return;
	pos->count--;
	memmove(&pos->domains[i], &pos->domains[i + 1],
		(pos->count - i) * sizeof(pos->domains[0]));
}

bool gtid_pos_contains(const struct gtid_pos *pos, const struct gtid_pos *part)
{
	for (size_t i = 0; i < part->count; i++) {
		const struct gtid_domain *have =
			gtid_pos_find(pos, part->domains[i].domain);

		if (!have || have->seq < part->domains[i].seq)
			return false;
	}
	return true;
}

bool gtid_pos_equal(const struct gtid_pos *a, const struct gtid_pos *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct gtid_domain *x = &a->domains[i];
		const struct gtid_domain *y = &b->domains[i];

		if (x->domain != y->domain || x->server != y->server ||
		    x->seq != y->seq)
			return false;
	}
	return true;
}

static bool parse_gtid(struct str text, struct gtid_domain *ret)
{
	uint64_t domain, server, seq;

	if (!str_to_u64(str_split(&text, '-'), &domain) ||
	    !str_to_u64(str_split(&text, '-'), &server) ||
	    !str_to_u64(text, &seq))
		return false;
	if (domain > UINT32_MAX || server > UINT32_MAX)
		return false;
	*ret = (struct gtid_domain){ (uint32_t)domain, (uint32_t)server, seq };
	return true;
}

int gtid_pos_parse(struct gtid_pos *pos, struct str text, struct err *err)
{
	struct str rest = str_trim(text);

	while (rest.n) {
		struct str part = str_trim(str_split(&rest, ','));
		struct gtid_domain gtid;

		if (!parse_gtid(part, &gtid) || gtid_pos_find(pos, gtid.domain))
			return err_set(err, ERR_CONFIG,
				       "'%.*s' is not a GTID position; it"
				       " looks like 0-1-5,1-2-9 with each"
				       " domain once",
				       (int)(part.n > 100 ? 100 : part.n),
				       part.n ? part.at : "");
		gtid_pos_set(pos, gtid);
	}
	return 0;
}

void gtid_pos_format(const struct gtid_pos *pos, struct buf *out)
{
	for (size_t i = 0; i < pos->count; i++)
		buf_addf(out, "%s%" PRIu32 "-%" PRIu32 "-%" PRIu64,
			 i ? "," : "", pos->domains[i].domain,
			 pos->domains[i].server, pos->domains[i].seq);
}

int gtid_pos_decode(const struct event *event, struct gtid_pos *ret,
		    struct err *err)
{
	enum { COUNT_MASK = 0x0fffffff, ENTRY = 16 };
	CLEANUP(gtid_pos_done) struct gtid_pos pos = { 0 };
	struct reader r = event->body;
	uint64_t count = reader_le(&r, 4) & COUNT_MASK;

	if (r.failed || reader_left(&r) / ENTRY < count || count > GTID_POS_MAX)
		return err_set(err, ERR_CORRUPT,
			       "GTID list of %" PRIu64 " in %" PRIu32 " bytes",
			       count, event->size);
	for (uint64_t i = 0; i < count; i++) {
		struct gtid_domain gtid = {
			.domain = (uint32_t)reader_le(&r, 4),
			.server = (uint32_t)reader_le(&r, 4),
			.seq = reader_le(&r, 8),
		};

		gtid_pos_set(&pos, gtid);
	}
	*ret = pos;
	gtid_pos_init(&pos);
	return 0;
}
