#include "cdc/binlog/gtid_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/reader.h"

void gtid_set_init(struct gtid_set *set)
{
	*set = (struct gtid_set){ 0 };
}

void gtid_set_done(struct gtid_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->sources[i].intervals);
	free(set->sources);
	gtid_set_init(set);
}

static int compare(const struct gtid_source *source,
		   const uint8_t uuid[UUID_BYTES], const char *tag)
{
	int order = memcmp(source->uuid, uuid, UUID_BYTES);

	return order ? order : strcmp(source->tag, tag);
}

/* Index of the first source that is not before (uuid, tag). */
static size_t lower_bound(const struct gtid_set *set,
			  const uint8_t uuid[UUID_BYTES], const char *tag)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&set->sources[middle], uuid, tag) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct gtid_source *find(const struct gtid_set *set,
				      const uint8_t uuid[UUID_BYTES],
				      const char *tag)
{
	size_t i = lower_bound(set, uuid, tag);

	if (i == set->count || compare(&set->sources[i], uuid, tag) != 0)
		return NULL;
	return &set->sources[i];
}

static struct gtid_source *
obtain(struct gtid_set *set, const uint8_t uuid[UUID_BYTES], const char *tag)
{
	size_t i = lower_bound(set, uuid, tag);

	if (i < set->count && compare(&set->sources[i], uuid, tag) == 0)
		return &set->sources[i];
	if (set->count == set->room) {
		set->room = set->room ? set->room * 2 : 4;
		set->sources = mem_realloc(set->sources,
					   set->room * sizeof(*set->sources));
	}
	memmove(&set->sources[i + 1], &set->sources[i],
		(set->count - i) * sizeof(*set->sources));
	set->count++;

	struct gtid_source *source = &set->sources[i];
	*source = (struct gtid_source){ 0 };
	memcpy(source->uuid, uuid, UUID_BYTES);
	memcpy(source->tag, tag, strlen(tag));
	return source;
}

/* Index of the first interval that ends at or behind `number`. */
static size_t interval_at(const struct gtid_source *source, uint64_t number)
{
	size_t low = 0, high = source->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (source->intervals[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Put `interval` in the place of the intervals first..end-1. */
static void splice(struct gtid_source *source, size_t first, size_t end,
		   struct gtid_interval interval)
{
	size_t count = source->count - (end - first) + 1;

	if (count > source->room) {
		source->room = source->room ? source->room * 2 : 2;
		source->intervals = mem_realloc(
			source->intervals, source->room * sizeof(interval));
	}
	memmove(&source->intervals[first + 1], &source->intervals[end],
		(source->count - end) * sizeof(interval));
	source->intervals[first] = interval;
	source->count = count;
}

static void add_interval(struct gtid_source *source,
			 struct gtid_interval interval)
{
	/* One that ends right before ours is merged too. */
	size_t first = interval_at(source, interval.first - 1);
	size_t end = first;

	while (end < source->count &&
	       source->intervals[end].first <= interval.last + 1) {
		const struct gtid_interval *old = &source->intervals[end++];

		if (old->first < interval.first)
			interval.first = old->first;
		if (old->last > interval.last)
			interval.last = old->last;
	}
	splice(source, first, end, interval);
}

void gtid_set_add(struct gtid_set *set, const uint8_t uuid[UUID_BYTES],
		  const char *tag, struct gtid_interval interval)
{
	assert(interval.first >= 1 && interval.first <= interval.last &&
	       interval.last < UINT64_MAX);
	add_interval(obtain(set, uuid, tag), interval);
}

void gtid_set_add_gtid(struct gtid_set *set, const struct gtid *gtid)
{
	assert(gtid->kind == GTID_MYSQL);
	gtid_set_add(set, gtid->uuid, gtid->tag,
		     (struct gtid_interval){ gtid->gno, gtid->gno });
}

void gtid_set_merge(struct gtid_set *set, const struct gtid_set *more)
{
	for (size_t i = 0; i < more->count; i++) {
		const struct gtid_source *from = &more->sources[i];
		struct gtid_source *to = obtain(set, from->uuid, from->tag);

		for (size_t j = 0; j < from->count; j++)
			add_interval(to, from->intervals[j]);
	}
}

void gtid_set_copy(struct gtid_set *to, const struct gtid_set *from)
{
	gtid_set_init(to);
	gtid_set_merge(to, from);
}

static bool has_interval(const struct gtid_source *source,
			 struct gtid_interval interval)
{
	size_t i = interval_at(source, interval.first);

	return i < source->count &&
	       source->intervals[i].first <= interval.first &&
	       source->intervals[i].last >= interval.last;
}

bool gtid_set_has(const struct gtid_set *set, const struct gtid *gtid)
{
	const struct gtid_source *source = find(set, gtid->uuid, gtid->tag);

	assert(gtid->kind == GTID_MYSQL);
	return source && has_interval(source, (struct gtid_interval){
						      gtid->gno, gtid->gno });
}

bool gtid_set_contains(const struct gtid_set *set, const struct gtid_set *part)
{
	for (size_t i = 0; i < part->count; i++) {
		const struct gtid_source *want = &part->sources[i];
		const struct gtid_source *have =
			find(set, want->uuid, want->tag);

		for (size_t j = 0; j < want->count; j++)
			if (!have || !has_interval(have, want->intervals[j]))
				return false;
	}
	return true;
}

bool gtid_set_equal(const struct gtid_set *a, const struct gtid_set *b)
{
	return gtid_set_contains(a, b) && gtid_set_contains(b, a);
}

static uint64_t size(const struct gtid_set *set)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < set->count; i++)
		for (size_t j = 0; j < set->sources[i].count; j++)
			sum += set->sources[i].intervals[j].last -
			       set->sources[i].intervals[j].first + 1;
	return sum;
}

uint64_t gtid_set_missing(const struct gtid_set *part,
			  const struct gtid_set *set)
{
	CLEANUP(gtid_set_done) struct gtid_set both;

	/* |set \ part| = |set ∪ part| - |part| */
	gtid_set_copy(&both, part);
	gtid_set_merge(&both, set);
	return size(&both) - size(part);
}

static void add_entry(struct buf *out, uint64_t number)
{
	for (int i = 0; i < 8; i++)
		buf_addc(out, (char)(uint8_t)(number >> (8 * i)));
}

static bool has_tags(const struct gtid_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->sources[i].tag[0])
			return true;
	return false;
}

/* Layout: cdc.md 5.4. In the tagged one the first and last byte of the count
 * are 1 and every entry names its tag, with a length of 1 << 1 per byte. */
enum { TAG_LENGTH_SHIFT = 1, COUNT_SHIFT = 8 };
#define TAGGED_MARK ((UINT64_C(1) << 56) | 1)

void gtid_set_encode(const struct gtid_set *set, struct buf *out)
{
	bool tagged = has_tags(set);

	add_entry(out, tagged ? TAGGED_MARK | set->count << COUNT_SHIFT
			      : set->count);
	for (size_t i = 0; i < set->count; i++) {
		const struct gtid_source *source = &set->sources[i];

		buf_add(out, source->uuid, UUID_BYTES);
		if (tagged) {
			size_t n = strlen(source->tag);

			buf_addc(out, (char)(n << TAG_LENGTH_SHIFT));
			buf_add(out, source->tag, n);
		}
		add_entry(out, source->count);
		for (size_t j = 0; j < source->count; j++) {
			add_entry(out, source->intervals[j].first);
			add_entry(out, source->intervals[j].last + 1);
		}
	}
}

static bool decode_tag(struct reader *r, char tag[GTID_TAG_MAX + 1])
{
	uint64_t n = reader_le(r, 1);
	const uint8_t *at = reader_bytes(r, n >> TAG_LENGTH_SHIFT);

	if (!at || n & 1)
		return false;
	return n == 0 || gtid_tag_parse((struct str){ (const char *)at,
						      n >> TAG_LENGTH_SHIFT },
					tag);
}

static bool decode_source(struct gtid_set *set, struct reader *r, bool tagged)
{
	char tag[GTID_TAG_MAX + 1] = { 0 };
	const uint8_t *uuid = reader_bytes(r, UUID_BYTES);

	if (tagged && !decode_tag(r, tag))
		return false;
	uint64_t count = reader_le(r, 8);
	if (r->failed || count > GTID_SET_MAX)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t first = reader_le(r, 8), end = reader_le(r, 8);

		if (r->failed || first == 0 || end <= first || end > INT64_MAX)
			return false;
		gtid_set_add(set, uuid, tag,
			     (struct gtid_interval){ first, end - 1 });
	}
	return true;
}

int gtid_set_decode(struct gtid_set *set, struct reader *body, struct err *err)
{
	uint64_t head = reader_le(body, 8);
	bool tagged = (head & ~(UINT64_C(0xffffffffffff) << COUNT_SHIFT)) ==
		      TAGGED_MARK;
	uint64_t count = head;

	if (tagged)
		count = head >> COUNT_SHIFT & UINT64_C(0xffffffffffff);
	if (body->failed || count > GTID_SET_MAX)
		return err_set(err, ERR_CORRUPT, "GTID set: malformed");
	for (uint64_t i = 0; i < count; i++)
		if (!decode_source(set, body, tagged))
			return err_set(err, ERR_CORRUPT, "GTID set: malformed");
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct str trim(struct str s)
{
	while (s.n && is_blank(s.at[0])) {
		s.at++;
		s.n--;
	}
	while (s.n && is_blank(s.at[s.n - 1]))
		s.n--;
	return s;
}

static bool parse_interval(struct str text, struct gtid_interval *ret)
{
	struct str first = trim(str_split(&text, '-'));
	struct str last = trim(text);

	if (!str_to_u64(first, &ret->first))
		return false;
	if (!text.at)
		ret->last = ret->first;
	else if (!str_to_u64(last, &ret->last))
		return false;
	return ret->first >= 1 && ret->first <= ret->last &&
	       ret->last < INT64_MAX;
}

/* "uuid", then intervals and tags in any order; a tag holds for what stands
 * behind it. */
static bool parse_source(struct gtid_set *set, struct str text)
{
	uint8_t uuid[UUID_BYTES];
	char tag[GTID_TAG_MAX + 1] = { 0 };
	bool any = false;

	if (!uuid_parse(trim(str_split(&text, ':')), uuid))
		return false;
	while (text.at) {
		struct str part = trim(str_split(&text, ':'));
		struct gtid_interval interval;

		if (parse_interval(part, &interval)) {
			gtid_set_add(set, uuid, tag, interval);
			any = true;
		} else if (gtid_tag_parse(part, tag)) {
			any = false;
		} else {
			return false;
		}
	}
	return any;
}

int gtid_set_parse(struct gtid_set *set, struct str text, struct err *err)
{
	struct str rest = text;

	while (rest.at) {
		struct str source = trim(str_split(&rest, ','));

		/* MySQL allows empty parts: "", "uuid:1,". */
		if (source.n && !parse_source(set, source))
			return err_set(err, ERR_CONFIG,
				       "'%.*s' is not a GTID set; it looks"
				       " like uuid:1-5,uuid:tag:1-3",
				       (int)(source.n > 200 ? 200 : source.n),
				       source.at);
	}
	return 0;
}

void gtid_set_format(const struct gtid_set *set, struct buf *out)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct gtid_source *source = &set->sources[i];
		char uuid[UUID_TEXT];

		/* A further tag of the same server goes without its uuid. */
		if (i == 0 ||
		    memcmp(source->uuid, source[-1].uuid, UUID_BYTES) != 0) {
			if (i)
				buf_addc(out, ',');
			uuid_format(source->uuid, uuid);
			buf_add(out, uuid, sizeof(uuid));
		}
		if (source->tag[0]) {
			buf_addc(out, ':');
			buf_adds(out, source->tag);
		}
		for (size_t j = 0; j < source->count; j++) {
			const struct gtid_interval *at = &source->intervals[j];

			buf_addc(out, ':');
			buf_addu(out, at->first);
			if (at->last == at->first)
				continue;
			buf_addc(out, '-');
			buf_addu(out, at->last);
		}
	}
}
