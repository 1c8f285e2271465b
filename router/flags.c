#include "router/flags.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "router/hash.h"

enum { FLAGS_FILE_MAX = 4096, FLAGS_PATH_MAX = 1024 };

static const char flags_magic[] = "ficus-flags 1";

static bool same(const struct flag *a, const struct flag *b)
{
	return a->known == b->known && a->enabled == b->enabled &&
	       a->regressed == b->regressed && a->percent_bp == b->percent_bp &&
	       a->version == b->version && a->updated_us == b->updated_us &&
	       a->noticed_us == b->noticed_us;
}

bool flags_update(struct flags *flags, enum domain domain,
		  const struct flag *row, int64_t database_us)
{
	struct flag *flag = &flags->flag[domain];
	struct flag next = *row;

	next.known = true;
	if (flag->known && row->version < flag->version) {
		bool meant =
			flag->regressed && row->updated_us > flag->noticed_us;

		if (!meant) {
			next.version = flag->version;
			next.regressed = true;
			next.noticed_us = flag->regressed ? flag->noticed_us
							  : database_us;
		}
	}
	if (same(flag, &next))
		return false;
	*flag = next;
	return true;
}

bool flag_on(const struct flag *flag)
{
	return flag->known && flag->enabled && !flag->regressed &&
	       flag->percent_bp > 0;
}

bool flags_any_on(const struct flags *flags)
{
	for (int i = 0; i < DOMAIN_N; i++) {
		if (flag_on(&flags->flag[i]))
			return !flags->admin_force;
	}
	return false;
}

uint32_t flag_bucket(enum domain domain, uint64_t subject)
{
	struct hash_key key = hash_key_of(domain_flag(domain));
	struct str bytes = { (const char *)&subject, sizeof(subject) };

	return (uint32_t)(hash_sip(key, bytes) % FLAG_PERCENT_ALL);
}

bool flag_includes(const struct flag *flag, enum domain domain,
		   uint64_t subject)
{
	if (!flag_on(flag))
		return false;
	return flag->percent_bp >= FLAG_PERCENT_ALL ||
	       flag_bucket(domain, subject) < flag->percent_bp;
}

bool flag_parse(struct str text, bool *ret_enabled, uint16_t *ret_bp)
{
	struct str rest = text, whole;
	uint64_t percent, cents = 0;

	if (str_eqs(text, "on") || str_eqs(text, "off")) {
		*ret_enabled = str_eqs(text, "on");
		*ret_bp = FLAG_PERCENT_ALL;
		return true;
	}
	if (str_ends(rest, "%"))
		rest.n--;
	whole = str_split(&rest, '.');
	if (!str_to_u64(whole, &percent) || percent > 100)
		return false;
	if (rest.at && (rest.n > 2 || !str_to_u64(rest, &cents)))
		return false;
	if (rest.n == 1)
		cents *= 10;
	if (percent == 100 && cents > 0)
		return false;
	*ret_bp = (uint16_t)(percent * 100 + cents);
	*ret_enabled = *ret_bp > 0;
	return true;
}

static void body_write(const struct flags *flags, struct buf *out)
{
	buf_addf(out, "%s\nforce %d\n", flags_magic, flags->admin_force);
	for (int i = 0; i < DOMAIN_N; i++) {
		const struct flag *f = &flags->flag[i];

		if (f->known)
			buf_addf(out, "%s %d %d %u %jd %jd %jd\n",
				 domain_flag((enum domain)i), f->enabled,
				 f->regressed, (unsigned)f->percent_bp,
				 (intmax_t)f->version, (intmax_t)f->updated_us,
				 (intmax_t)f->noticed_us);
	}
}

static bool next_number(struct str *rest, int64_t max, int64_t *ret)
{
	return str_to_i64(str_split(rest, ' '), ret) && *ret >= 0 &&
	       *ret <= max;
}

static bool line_read(struct str line, struct flags *flags)
{
	struct str rest = line, word = str_split(&rest, ' ');
	int64_t n[6];
	char name[32];
	enum domain domain;
	const int64_t max[6] = { 1,	    1,	       FLAG_PERCENT_ALL,
				 INT64_MAX, INT64_MAX, INT64_MAX };

	if (str_eqs(word, "force")) {
		if (!next_number(&rest, 1, &n[0]))
			return false;
		flags->admin_force = n[0] != 0;
		return true;
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)word.n, word.at);
	domain = domain_of(name);
	if (domain == DOMAIN_NONE)
		return false;
	for (size_t i = 0; i < LENGTH(n); i++) {
		if (!next_number(&rest, max[i], &n[i]))
			return false;
	}
	flags->flag[domain] = (struct flag){
		.known = true,
		.enabled = n[0] != 0,
		.regressed = n[1] != 0,
		.percent_bp = (uint16_t)n[2],
		.version = n[3],
		.updated_us = n[4],
		.noticed_us = n[5],
	};
	return true;
}

/* The last line is "sum <hash of all before it>". */
static bool body_read(struct str text, struct flags *flags)
{
	const char *sum =
		text.n > 5 ? memmem(text.at, text.n, "\nsum ", 5) : NULL;
	struct str body, rest;
	char want[32];

	if (!sum)
		return false;
	body = (struct str){ text.at, (size_t)(sum + 1 - text.at) };
	rest = (struct str){ sum + 1, text.n - body.n };
	(void)snprintf(want, sizeof(want), "sum %016jx\n",
		       (uintmax_t)str_hash(body.at, body.n));
	if (!str_eqs(rest, want))
		return false;
	if (!str_eqs(str_split(&body, '\n'), flags_magic))
		return false;
	while (body.n > 0) {
		if (!line_read(str_split(&body, '\n'), flags))
			return false;
	}
	return true;
}

static bool path_of(char *path, const char *dir, const char *name)
{
	int n = snprintf(path, FLAGS_PATH_MAX, "%s/%s", dir, name);

	return n > 0 && n < FLAGS_PATH_MAX;
}

int flags_read(const char *dir, struct flags *flags, struct err *err)
{
	char path[FLAGS_PATH_MAX], text[FLAGS_FILE_MAX];
	struct flags read_flags = { 0 };
	ssize_t n;
	int fd;

	if (!*dir)
		return 0;
	if (!path_of(path, dir, "flags"))
		return err_set(err, ERR_CONFIG, "router.state_dir is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0)
		(void)close(fd);
	if (n < 0 || !body_read((struct str){ text, (size_t)n }, &read_flags)) {
		flags->admin_force = true;
		return err_set(err, ERR_CORRUPT,
			       "%s cannot be read or is damaged: everything "
			       "goes to Magento; remove it, or set flags by "
			       "the admin address",
			       path);
	}
	*flags = read_flags;
	return 0;
}

static int file_put(const char *path, const struct buf *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	ok = write(fd, text->at, text->n) == (ssize_t)text->n && fsync(fd) == 0;
	(void)close(fd);
	if (!ok)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	return 0;
}

int flags_write(const char *dir, const struct flags *flags, struct err *err)
{
	char path[FLAGS_PATH_MAX], aside[FLAGS_PATH_MAX];
	CLEANUP(buf_done) struct buf text;
	int rc;

	buf_init(&text, FLAGS_FILE_MAX);
	if (!*dir)
		return 0;
	if (!path_of(path, dir, "flags") || !path_of(aside, dir, "flags.new"))
		return err_set(err, ERR_CONFIG, "router.state_dir is too long");
	body_write(flags, &text);
	buf_addf(&text, "sum %016jx\n", (uintmax_t)str_hash(text.at, text.n));
	rc = file_put(aside, &text, err);
	if (rc == 0 && rename(aside, path) < 0)
		rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	return rc;
}
