/* Flags: the hash's promises, versions, the file. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "router/flags.h"

enum { SUBJECTS = 100000 };

static struct flag flag_at(uint16_t bp, int64_t version)
{
	return (struct flag){ .known = true,
			      .enabled = true,
			      .percent_bp = bp,
			      .version = version,
			      .updated_us = 1000 };
}

static int included(uint16_t bp, enum domain domain)
{
	struct flag flag = flag_at(bp, 1);
	int n = 0;

	for (uint64_t i = 0; i < SUBJECTS; i++)
		n += flag_includes(&flag, domain, i * 0x9e3779b97f4a7c15u);
	return n;
}

TEST(nobody_at_zero_and_everybody_at_all)
{
	assert_int_equal(included(0, DOMAIN_CUSTOMER), 0);
	assert_int_equal(included(FLAG_PERCENT_ALL, DOMAIN_CUSTOMER), SUBJECTS);
}

TEST(ten_percent_are_ten_percent)
{
	assert_in_range(included(1000, DOMAIN_CATALOG), 9700, 10300);
	assert_in_range(included(1, DOMAIN_CATALOG), 1, 30);
}

TEST(raising_the_percentage_only_adds)
{
	struct flag low = flag_at(1000, 1), high = flag_at(2000, 2);

	for (uint64_t i = 0; i < SUBJECTS; i++) {
		if (flag_includes(&low, DOMAIN_ORDER, i))
			assert_true(flag_includes(&high, DOMAIN_ORDER, i));
	}
}

TEST(flags_do_not_pick_the_same_clients)
{
	struct flag flag = flag_at(1000, 1);
	int both = 0;

	for (uint64_t i = 0; i < SUBJECTS; i++)
		both += flag_includes(&flag, DOMAIN_ORDER, i) &&
			flag_includes(&flag, DOMAIN_CUSTOMER, i);
	assert_in_range(both, 800, 1200); /* a tenth of a tenth */
}

/* Routers of different versions must agree: these never change. */
TEST(buckets_are_fixed_for_ever)
{
	uint32_t customer = flag_bucket(DOMAIN_CUSTOMER, 1);
	uint32_t catalog = flag_bucket(DOMAIN_CATALOG, 1);

	assert_int_equal(customer, 0x1790);
	assert_int_equal(catalog, 0x1a3d);
}

TEST(a_lower_version_is_off_until_somebody_changes_it)
{
	struct flags flags = { 0 };
	struct flag row = flag_at(FLAG_PERCENT_ALL, 5);

	assert_true(flags_update(&flags, DOMAIN_ORDER, &row, 2000));
	assert_true(flag_on(&flags.flag[DOMAIN_ORDER]));
	assert_false(flags_update(&flags, DOMAIN_ORDER, &row, 3000));
	row.version = 3;
	assert_true(flags_update(&flags, DOMAIN_ORDER, &row, 4000));
	assert_false(flag_on(&flags.flag[DOMAIN_ORDER]));
	assert_false(flags_update(&flags, DOMAIN_ORDER, &row, 5000));
	row.version = 4;
	row.updated_us = 4500; /* changed after the version went back */
	assert_true(flags_update(&flags, DOMAIN_ORDER, &row, 5000));
	assert_true(flag_on(&flags.flag[DOMAIN_ORDER]));
	assert_true(flags_any_on(&flags));
	flags.admin_force = true;
	assert_false(flags_any_on(&flags));
}

/* Field by field: padding has no value. */
static void assert_flags_equal(const struct flags *a, const struct flags *b)
{
	assert_int_equal(a->admin_force, b->admin_force);
	for (int i = 0; i < DOMAIN_N; i++) {
		const struct flag *x = &a->flag[i], *y = &b->flag[i];

		assert_int_equal(x->known, y->known);
		assert_int_equal(x->enabled, y->enabled);
		assert_int_equal(x->regressed, y->regressed);
		assert_int_equal(x->percent_bp, y->percent_bp);
		assert_int_equal(x->version, y->version);
		assert_int_equal(x->updated_us, y->updated_us);
		assert_int_equal(x->noticed_us, y->noticed_us);
	}
}

TEST(the_file_brings_back_what_was_written)
{
	char dir[] = "/tmp/flagsXXXXXX", path[64];
	struct flags flags = { 0 }, back = { 0 };
	struct flag row = flag_at(1250, 9);
	struct err err = { 0 };

	assert_non_null(mkdtemp(dir));
	assert_int_equal(flags_read(dir, &back, &err), 0); /* none yet */
	flags_update(&flags, DOMAIN_CATALOG, &row, 1);
	flags.admin_force = true;
	assert_int_equal(flags_write(dir, &flags, &err), 0);
	assert_int_equal(flags_read(dir, &back, &err), 0);
	assert_flags_equal(&flags, &back);
	(void)snprintf(path, sizeof(path), "%s/flags", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

TEST(a_damaged_file_sends_all_to_magento)
{
	char dir[] = "/tmp/flagsXXXXXX", path[64];
	struct flags flags = { 0 };
	struct flag row = flag_at(FLAG_PERCENT_ALL, 9);
	struct err err = { 0 };
	int fd;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/flags", dir);
	flags_update(&flags, DOMAIN_CATALOG, &row, 1);
	for (off_t at = 0; at < 60; at++) {
		struct flags back = { 0 };

		assert_int_equal(flags_write(dir, &flags, &err), 0);
		fd = open(path, O_RDWR);
		assert_true(fd >= 0);
		assert_int_equal(pwrite(fd, "~", 1, at), 1);
		assert_int_equal(close(fd), 0);
		assert_int_equal(flags_read(dir, &back, &err), ERR_CORRUPT);
		assert_true(back.admin_force);
		assert_false(flags_any_on(&back));
	}
	(void)unlink(path);
	(void)rmdir(dir);
}

TEST(percentages_are_strict)
{
	static const struct {
		const char *text;
		bool ok, on;
		uint16_t bp;
	} cases[] = {
		{ "on", true, true, 10000 }, { "off", true, false, 10000 },
		{ "5", true, true, 500 },    { "12.5", true, true, 1250 },
		{ "0.01%", true, true, 1 },  { "100", true, true, 10000 },
		{ "0", true, false, 0 },     { "100.01", false, 0, 0 },
		{ "101", false, 0, 0 },	     { "-1", false, 0, 0 },
		{ "", false, 0, 0 },	     { "1.234", false, 0, 0 },
		{ "1.", false, 0, 0 },	     { "ON", false, 0, 0 },
		{ "5%%", false, 0, 0 },	     { "5x", false, 0, 0 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		bool on = false;
		uint16_t bp = 0;
		bool ok = flag_parse(str_of(cases[i].text), &on, &bp);

		assert_int_equal(ok, cases[i].ok);
		if (ok) {
			assert_int_equal(on, cases[i].on);
			assert_int_equal(bp, cases[i].bp);
		}
	}
}

RUN(CASE(nobody_at_zero_and_everybody_at_all),
    CASE(ten_percent_are_ten_percent), CASE(raising_the_percentage_only_adds),
    CASE(flags_do_not_pick_the_same_clients), CASE(buckets_are_fixed_for_ever),
    CASE(a_lower_version_is_off_until_somebody_changes_it),
    CASE(the_file_brings_back_what_was_written),
    CASE(a_damaged_file_sends_all_to_magento), CASE(percentages_are_strict))
