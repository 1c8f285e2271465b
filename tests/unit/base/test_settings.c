#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/settings.h"

static struct settings parse(const char *text)
{
	struct settings s;
	struct err err = { 0 };

	if (settings_parse("f.yaml", str_of(text), &s, &err) != 0)
		fail_msg("%s", err.msg);
	return s;
}

static const char *refusal(const char *text)
{
	static struct err err;
	struct settings s;

	err = (struct err){ 0 };
	assert_int_equal(settings_parse("f.yaml", str_of(text), &s, &err),
			 ERR_CONFIG);
	return err.msg;
}

TEST(without_a_file_the_defaults_hold)
{
	struct settings s = parse("");

	assert_string_equal(s.source_host, "127.0.0.1");
	assert_int_equal(s.source_port, 3306);
	assert_int_equal(s.sync_interval, 5);
	assert_int_equal(s.source_connect_timeout, 5000);
	assert_int_equal(s.batch_bytes, 8 << 20);
	assert_string_equal(s.source_tls, "preferred");
	assert_string_equal(s.router_upstreams, "");
	assert_string_equal(s.target_password, "");
	assert_false(s.audit);
	settings_done(&s);
}

TEST(a_file_sets_every_type)
{
	struct settings s = parse("source:\n"
				  "  host: db1\n"
				  "  password: 'p: #w'\n"
				  "  tls: verify_ca\n"
				  "  head: {host: db0, port: 3307}\n"
				  "  connect_timeout: 1.5s\n"
				  "target:\n"
				  "router:\n"
				  "  upstreams: [a=x:1, 'b=y:2']\n"
				  "  trusted_peers: 10.0.0.0/8, ::1/128\n"
				  "replication:\n"
				  "  batch_bytes: 64KiB\n"
				  "  audit: on\n"
				  "  sync_interval: 0\n");

	assert_string_equal(s.source_host, "db1");
	assert_string_equal(s.source_password, "p: #w");
	assert_string_equal(s.source_tls, "verify_ca");
	assert_string_equal(s.source_head_host, "db0");
	assert_int_equal(s.source_head_port, 3307);
	assert_int_equal(s.source_connect_timeout, 1500);
	assert_string_equal(s.router_upstreams, "a=x:1,b=y:2");
	assert_string_equal(s.router_trusted, "10.0.0.0/8,::1/128");
	assert_int_equal(s.batch_bytes, 65536);
	assert_true(s.audit);
	assert_int_equal(s.sync_interval, 0);
	settings_done(&s);
}

TEST(faults_are_named_with_their_place)
{
	assert_string_equal(refusal("source:\n  hots: x\n"),
			    "f.yaml:2:3: unknown key \"source.hots\" (did you "
			    "mean \"source.host\"?)");
	assert_string_equal(refusal("soruce:\n  host: x\n"),
			    "f.yaml:1:1: unknown key \"soruce\" (did you mean "
			    "\"source\"?)");
	assert_string_equal(refusal("zebra: 1\n"),
			    "f.yaml:1:1: unknown key \"zebra\" "
			    "(--print-config lists all)");
	assert_string_equal(refusal("source:\n  port: 99999\n"),
			    "f.yaml:2:9: source.port: must be in the range 1 "
			    "to 65535");
	assert_string_equal(refusal("source:\n  port: 3306x\n"),
			    "f.yaml:2:9: source.port: must be a whole number");
	assert_string_equal(refusal("source: {connect_timeout: 1ms}\n"),
			    "f.yaml:1:27: source.connect_timeout: must be in "
			    "the range 100ms to 2min");
	assert_string_equal(refusal("source: {tls: maybe}\n"),
			    "f.yaml:1:15: source.tls: must be one of off|"
			    "preferred|required|verify_ca|verify_identity");
	assert_string_equal(refusal("source: {host: [a]}\n"),
			    "f.yaml:1:16: source.host: one value is expected, "
			    "not a list");
	assert_string_equal(refusal("source: 5\n"),
			    "f.yaml:1:9: source: a map of settings is "
			    "expected");
	assert_string_equal(refusal("- 1\n"),
			    "f.yaml:1:1: a map of settings is expected");
	assert_string_equal(refusal("replication: {audit: 1}\n"),
			    "f.yaml:1:22: replication.audit: must be true or "
			    "false");
	assert_string_equal(refusal("source: {host: \"a\\nb\"}\n"),
			    "f.yaml:1:16: source.host: must be UTF-8 without "
			    "control characters");
	assert_string_equal(refusal("router: {upstreams: ['a,b']}\n"),
			    "f.yaml:1:22: an item must be a text without a "
			    "comma");
	assert_string_equal(refusal("router: {upstreams: 'a,,b'}\n"),
			    "f.yaml:1:21: router.upstreams: an item of the "
			    "list is empty");
}

static void refuse_time(const char *value)
{
	char text[128];

	snprintf(text, sizeof(text), "source: {connect_timeout: %s}", value);
	assert_non_null(strstr(refusal(text), "must be a duration in whole"));
}

TEST(a_duration_needs_its_unit_and_whole_milliseconds)
{
	refuse_time("5");
	refuse_time("5m");
	refuse_time("-5s");
	refuse_time("s");
	refuse_time("1.s");
	refuse_time("1.2.3s");
	refuse_time("0.0001s");
	refuse_time("5 s");
	refuse_time("99999999999999999999s");
	refuse_time("9223372036854775807h");
}

static int64_t size_of_text(const char *value)
{
	char text[128];

	snprintf(text, sizeof(text), "replication: {max_value_size: %s}",
		 value);

	struct settings s = parse(text);
	int64_t size = s.max_value_size;
	settings_done(&s);
	return size;
}

TEST(sizes_have_binary_units)
{
	assert_int_equal(size_of_text("1GiB"), 1 << 30);
	assert_int_equal(size_of_text("1.5MiB"), 3 << 19);
	assert_int_equal(size_of_text("65536B"), 65536);
	assert_int_equal(size_of_text("65537"), 65537);
	assert_non_null(strstr(refusal("replication: {max_value_size: 8M}"),
			       "must be a size in whole bytes"));
}

TEST(the_environment_wins_over_the_file)
{
	setenv("MAGENTO_DB_HOST", "from-env", 1);
	setenv("BATCH_SIZE", "", 1);

	struct settings s = parse("source: {host: from-file}\n"
				  "replication: {batch_size: 7}\n");
	unsetenv("MAGENTO_DB_HOST");
	unsetenv("BATCH_SIZE");
	assert_string_equal(s.source_host, "from-env");
	assert_int_equal(s.batch_size, 7);
	settings_done(&s);
}

TEST(sync_interval_in_the_environment_is_seconds)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "2", 2000 }, { "0.25", 250 }, { "20ms", 20 }, { "0", 0 }
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		setenv("SYNC_INTERVAL", cases[i].text, 1);

		struct settings s = parse("");
		assert_int_equal(s.sync_interval, cases[i].ms);
		settings_done(&s);
	}
	setenv("SYNC_INTERVAL", "fast", 1);
	assert_string_equal(refusal(""),
			    "environment variable SYNC_INTERVAL: must be a "
			    "duration in whole ms, such as 250ms, 2s, 5min or "
			    "1h");
	unsetenv("SYNC_INTERVAL");
}

static void write_file(char *path, const char *content)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

TEST(a_secret_comes_from_a_file_without_its_last_newline)
{
	char path[] = "/tmp/test_settings_XXXXXX", text[160];
	write_file(path, "se cret\n");
	snprintf(text, sizeof(text), "source: {password_file: %s}\n", path);

	struct settings s = parse(text);
	assert_string_equal(s.source_password, "se cret");
	assert_string_equal(s.source_password_file, path);
	assert_string_equal(s.target_password_file, "");
	settings_done(&s);

	/* The environment's is not in the file. */
	setenv("MAGENTO_DB_PASS", "other", 1);
	s = parse(text);
	unsetenv("MAGENTO_DB_PASS");
	assert_string_equal(s.source_password, "other");
	assert_string_equal(s.source_password_file, "");
	settings_done(&s);

	snprintf(text, sizeof(text),
		 "source: {password_file: %s, password: x}\n", path);
	assert_non_null(strstr(refusal(text),
			       "f.yaml:1:10: both password and password_file "
			       "are given: remove one"));
	unlink(path);
	snprintf(text, sizeof(text), "source: {password_file: %s}\n", path);
	assert_non_null(strstr(refusal(text),
			       "f.yaml:1:25: source.password_file: /tmp/"));
	assert_non_null(strstr(refusal(text), "No such file"));
	assert_non_null(strstr(refusal("source: {host_file: /x}"),
			       "unknown key \"source.host_file\""));
}

TEST(a_secret_file_must_hold_something)
{
	char path[] = "/tmp/test_settings_XXXXXX", text[160];
	write_file(path, "\n");
	snprintf(text, sizeof(text), "source: {password_file: %s}\n", path);
	assert_non_null(strstr(refusal(text), "is empty"));
	unlink(path);
}

static void assert_same_text(const char *name, const char *a, const char *b)
{
	if (strcmp(a, b) != 0)
		fail_msg("%s: \"%s\" became \"%s\"", name, a, b);
}

static void assert_same_number(const char *name, int64_t a, int64_t b)
{
	if (a != b)
		fail_msg("%s: %lld became %lld", name, (long long)a,
			 (long long)b);
}

#define SAME_TEXT(field) assert_same_text(#field, a->field, b->field);
#define SAME_NUMBER(field)                                                     \
	assert_same_number(#field, (int64_t)a->field, (int64_t)b->field);
#define SAME_LIST(field) SAME_TEXT(field)
#define SAME_CHOICE(field) SAME_TEXT(field)
#define SAME_SECRET(field)
#define SAME_INT(field) SAME_NUMBER(field)
#define SAME_TIME(field) SAME_NUMBER(field)
#define SAME_SIZE(field) SAME_NUMBER(field)
#define SAME_BOOL(field) SAME_NUMBER(field)
#define SAME(field, key, type, def, least, most, env, help) SAME_##type(field)

static void assert_same(const struct settings *a, const struct settings *b)
{
	SETTINGS(SAME)
}

static void assert_printed_loads_back(struct settings s)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	settings_print(&s, &text);

	struct settings again = parse(buf_str(&text));
	assert_same(&s, &again);
	settings_done(&again);
	buf_done(&text);
	settings_done(&s);
}

TEST(the_printed_configuration_loads_back)
{
	assert_printed_loads_back(parse(""));
	assert_printed_loads_back(
		parse("source: {host: 'ü \"x\" \\ # 😀', port: 1,\n"
		      "  connect_timeout: 119999ms, table_prefix: null }\n"
		      "target: {schema: 'yes', options: '', user: '~'}\n"
		      "replication: {batch_bytes: 65537, audit: true}\n"
		      "router: {upstreams: [a=b:1, c=d:2], max_lag: 90s}\n"));
}

TEST(a_secret_is_never_printed)
{
	struct settings s = parse("source: {password: hunter2}\n");
	struct buf text;

	buf_init(&text, 1 << 20);
	settings_print(&s, &text);
	assert_null(strstr(buf_str(&text), "hunter2"));
	assert_non_null(strstr(buf_str(&text), "  # password: \"***\"\n"));
	buf_done(&text);
	settings_done(&s);
}

TEST(the_printed_configuration_reads_well)
{
	struct settings s = parse("");
	struct buf text;

	buf_init(&text, 1 << 20);
	settings_print(&s, &text);
	assert_non_null(strstr(buf_str(&text),
			       "source:\n"
			       "  # server whose binlog is read\n"
			       "  # environment: MAGENTO_DB_HOST\n"
			       "  host: \"127.0.0.1\"\n"
			       "  # its port\n"
			       "  # 1 to 65535, default 3306\n"));
	assert_non_null(strstr(buf_str(&text), "\n  head:\n    # server "));
	assert_non_null(strstr(buf_str(&text), "\n\ntarget:\n"));
	assert_non_null(strstr(buf_str(&text), "  connect_timeout: 5s\n"));
	buf_done(&text);
	settings_done(&s);
}

TEST(the_reference_lists_every_setting_once)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	settings_markdown(&text);
#define LISTED(field, key, type, def, least, most, env, help)                  \
	{                                                                      \
		const char *at = strstr(buf_str(&text), "| `" key "` |");      \
		assert_non_null(at);                                           \
		assert_null(strstr(at + 1, "| `" key "` |"));                  \
	}
	SETTINGS(LISTED)
	assert_non_null(strstr(buf_str(&text), "off\\|preferred"));
	buf_done(&text);
}

TEST(the_file_of_the_working_directory_is_found)
{
	char dir[] = "/tmp/test_settings_XXXXXX";
	struct settings s;
	struct err err = { 0 };

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(settings_load(NULL, &s, &err), 0);
	assert_string_equal(s.source_host, "127.0.0.1");
	settings_done(&s);

	FILE *file = fopen(SETTINGS_FILE, "w");
	assert_non_null(file);
	fputs("source: {host: found}\n", file);
	fclose(file);
	assert_int_equal(settings_load(NULL, &s, &err), 0);
	assert_string_equal(s.source_host, "found");
	settings_done(&s);
	unlink(SETTINGS_FILE);
	assert_int_equal(settings_load("missing.yaml", &s, &err), ERR_CONFIG);
	assert_string_equal(err.msg, "missing.yaml: No such file or directory");
	assert_int_equal(chdir("/"), 0);
	rmdir(dir);
}

RUN(CASE(without_a_file_the_defaults_hold), CASE(a_file_sets_every_type),
    CASE(faults_are_named_with_their_place),
    CASE(a_duration_needs_its_unit_and_whole_milliseconds),
    CASE(sizes_have_binary_units), CASE(the_environment_wins_over_the_file),
    CASE(sync_interval_in_the_environment_is_seconds),
    CASE(a_secret_comes_from_a_file_without_its_last_newline),
    CASE(a_secret_file_must_hold_something),
    CASE(the_printed_configuration_loads_back), CASE(a_secret_is_never_printed),
    CASE(the_printed_configuration_reads_well),
    CASE(the_reference_lists_every_setting_once),
    CASE(the_file_of_the_working_directory_is_found))
