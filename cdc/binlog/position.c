#include "cdc/binlog/position.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

void position_init(struct position *position)
{
	*position = (struct position){ 0 };
}

void position_done(struct position *position)
{
	gtid_set_done(&position->mysql);
	gtid_pos_done(&position->mariadb);
	free(position->file);
	position_init(position);
}

void position_copy(struct position *to, const struct position *from)
{
	struct position copy = { .kind = from->kind, .offset = from->offset };

	gtid_set_copy(&copy.mysql, &from->mysql);
	gtid_pos_copy(&copy.mariadb, &from->mariadb);
	copy.file = from->file ? mem_strdup(from->file) : NULL;
	position_done(to);
	*to = copy;
}

static bool take_prefix(struct str *text, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!str_starts(*text, prefix))
		return false;
	*text = (struct str){ text->at + n, text->n - n };
	return true;
}

/* "name:offset"; the name may have colons of its own. */
static bool parse_file(struct str text, struct position *position)
{
	const char *colon = text.n ? memrchr(text.at, ':', text.n) : NULL;
	struct str file, offset;

	if (!colon)
		return false;
	file = (struct str){ text.at, (size_t)(colon - text.at) };
	offset = (struct str){ colon + 1, text.n - file.n - 1 };
	if (file.n == 0 || file.n > POSITION_FILE_MAX ||
	    memchr(file.at, '\0', file.n) ||
	    !str_to_u64(offset, &position->offset))
		return false;
	position->kind = POSITION_FILE;
	position->file = mem_strndup(file.at, file.n);
	return true;
}

int position_parse(struct str text, struct position *ret, struct err *err)
{
	CLEANUP(position_done) struct position position = { 0 };
	struct str rest = str_trim(text);

	if (take_prefix(&rest, "mysql:")) {
		position.kind = POSITION_MYSQL;
		if (gtid_set_parse(&position.mysql, rest, err))
			return err_wrap(err, "position");
	} else if (take_prefix(&rest, "mariadb:")) {
		position.kind = POSITION_MARIADB;
		if (gtid_pos_parse(&position.mariadb, rest, err))
			return err_wrap(err, "position");
	} else if (!take_prefix(&rest, "file:") ||
		   !parse_file(rest, &position)) {
		return err_set(err, ERR_CONFIG,
			       "'%.*s' is not a position; it is one of"
			       " mysql:<GTID set>, mariadb:0-1-5,"
			       " file:mysql-bin.000007:4211",
			       (int)(text.n > 200 ? 200 : text.n),
			       text.n ? text.at : "");
	}
	*ret = position;
	position_init(&position);
	return 0;
}

void position_format(const struct position *position, struct buf *out)
{
	switch (position->kind) {
	case POSITION_NONE:
		return;
	case POSITION_MYSQL:
		buf_adds(out, "mysql:");
		gtid_set_format(&position->mysql, out);
		return;
	case POSITION_MARIADB:
		buf_adds(out, "mariadb:");
		gtid_pos_format(&position->mariadb, out);
		return;
	case POSITION_FILE:
		buf_adds(out, "file:");
		position_format_file(position, out);
	}
}

void position_format_file(const struct position *position, struct buf *out)
{
	if (!position->file)
		return;
	buf_adds(out, position->file);
	buf_addc(out, ':');
	buf_addu(out, position->offset);
}

void position_set_file(struct position *position, struct str file,
		       uint64_t offset)
{
	position->offset = offset;
	if (position->file && str_eqs(file, position->file))
		return;
	char *copy = mem_strndup(file.at, file.n);
	free(position->file);
	position->file = copy;
}

void position_advance(struct position *position, const struct gtid *gtid)
{
	if (position->kind == POSITION_FILE || gtid->kind == GTID_NONE)
		return;
	if (position->kind == POSITION_NONE)
		position->kind = gtid->kind == GTID_MYSQL ? POSITION_MYSQL
							  : POSITION_MARIADB;
	if (position->kind == POSITION_MYSQL && gtid->kind == GTID_MYSQL)
		gtid_set_add_gtid(&position->mysql, gtid);
	if (position->kind == POSITION_MARIADB && gtid->kind == GTID_MARIADB)
		gtid_pos_set(&position->mariadb,
			     (struct gtid_domain){ gtid->domain, gtid->server,
						   gtid->seq });
}

/* "mysql-bin.000007" → "mysql-bin", 7 */
static bool split_name(struct str name, struct str *base, uint64_t *number)
{
	const char *dot = name.n ? memrchr(name.at, '.', name.n) : NULL;

	if (!dot)
		return false;
	*base = (struct str){ name.at, (size_t)(dot - name.at) };
	return str_to_u64((struct str){ dot + 1, name.n - base->n - 1 },
			  number);
}

bool position_compare_files(struct str a, struct str b, int *ret)
{
	struct str a_base, b_base;
	uint64_t a_number, b_number;

	if (!split_name(a, &a_base, &a_number) ||
	    !split_name(b, &b_base, &b_number)) {
		if (!str_eq(a, b))
			return false;
		*ret = 0;
		return true;
	}
	if (!str_eq(a_base, b_base))
		return false;
	*ret = (a_number > b_number) - (a_number < b_number);
	return true;
}

static bool file_contains(const struct position *position,
			  const struct position *part)
{
	int order;

	if (!position->file || !part->file ||
	    !position_compare_files(str_of(position->file), str_of(part->file),
				    &order))
		return false;
	return order > 0 || (order == 0 && position->offset >= part->offset);
}

bool position_contains(const struct position *position,
		       const struct position *part)
{
	if (part->kind == POSITION_NONE)
		return true;
	if (position->kind != part->kind)
		return false;
	if (part->kind == POSITION_MYSQL)
		return gtid_set_contains(&position->mysql, &part->mysql);
	if (part->kind == POSITION_MARIADB)
		return gtid_pos_contains(&position->mariadb, &part->mariadb);
	return file_contains(position, part);
}

bool position_has(const struct position *position, const struct gtid *gtid)
{
	const struct gtid_domain *at;

	if (position->kind == POSITION_MYSQL && gtid->kind == GTID_MYSQL)
		return gtid_set_has(&position->mysql, gtid);
	if (position->kind != POSITION_MARIADB || gtid->kind != GTID_MARIADB)
		return false;
	at = gtid_pos_find(&position->mariadb, gtid->domain);
	return at && at->seq >= gtid->seq;
}

bool position_may_follow(const struct position *position,
			 const struct gtid *gtid)
{
	const struct gtid_domain *at;

	if (position->kind != POSITION_MARIADB || gtid->kind != GTID_MARIADB)
		return true;
	at = gtid_pos_find(&position->mariadb, gtid->domain);
	return !at || at->server == gtid->server || gtid->seq > at->seq;
}

bool position_equal(const struct position *a, const struct position *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == POSITION_MARIADB)
		return gtid_pos_equal(&a->mariadb, &b->mariadb);
	return position_contains(a, b) && position_contains(b, a);
}
