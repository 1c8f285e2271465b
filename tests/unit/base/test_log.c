#include "tests/lib/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

static int real_stderr = -1, pipe_end = -1;
static char seen[1 << 20];

/* stderr is a pipe until released() gives what was written. */
static void capture(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	real_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	pipe_end = ends[0];
}

static const char *released(void)
{
	ssize_t n;
	size_t all = 0;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	while ((n = read(pipe_end, seen + all, sizeof(seen) - 1 - all)) > 0)
		all += (size_t)n;
	seen[all] = '\0';
	close(pipe_end);
	return seen;
}

static void name_stderr_as_journal(void)
{
	struct stat st;
	char name[64];

	fstat(STDERR_FILENO, &st);
	snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
}

TEST(journald_gets_a_level_and_no_time)
{
	capture();
	name_stderr_as_journal();
	log_setup("cdc", LOG_INFO, 0);
	log_info("checkpoint written", KV_STR("position", "mysql:1-5"),
		 KV_INT("rows", -12));
	log_warn("short");
	assert_string_equal(released(),
			    "<6>msg=\"checkpoint written\" position=mysql:1-5 "
			    "rows=-12\n<4>msg=short\n");
}

TEST(another_stream_than_journalds_gets_a_time)
{
	const char *line;

	capture();
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_setup("router", LOG_INFO, 0);
	log_err("lost", KV_STR("peer", "a>"), KV_STR("next", "b"));
	line = released();
	assert_int_equal(strncmp(line, "time=20", 7), 0);
	assert_string_equal(strchr(line, ' '),
			    " level=err program=router msg=lost peer=a> "
			    "next=b\n");
}

TEST(values_are_quoted_when_they_must_be)
{
	struct err err = { 0 };

	capture();
	name_stderr_as_journal();
	log_setup("cdc", LOG_INFO, 0);
	err_set(&err, ERR_IO, "line 1\nline \"2\"");
	log_info("m", KV_ERR(&err), KV_STR("e", ""), KV_STR("n", NULL),
		 KV_STR("q", "a=b"), KV_STR("u", "ü"));
	assert_string_equal(released(),
			    "<6>msg=m error=\"line 1\\nline \\\"2\\\"\" "
			    "e=\"\" n=\"\" q=\"a=b\" u=\"ü\"\n");
}

TEST(json_lines_are_objects)
{
	capture();
	name_stderr_as_journal();
	log_setup("cdc", LOG_INFO, 1);
	log_info("a b", KV_STR("k", "v\""), KV_INT("n", 7));
	assert_string_equal(released(),
			    "<6>{\"msg\":\"a b\",\"k\":\"v\\\"\",\"n\":7}\n");
}

TEST(what_is_below_the_level_is_not_written)
{
	capture();
	name_stderr_as_journal();
	log_setup("cdc", LOG_WARN, 0);
	log_info("no");
	log_debug("no");
	log_err("yes");
	assert_string_equal(released(), "<3>msg=yes\n");
}

TEST(long_values_are_cut_and_long_lines_say_so)
{
	char big[3000];
	const char *line;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (int json = 0; json < 2; json++) {
		capture();
		name_stderr_as_journal();
		log_setup("cdc", LOG_INFO, json);
		log_info("m", KV_STR("a", big), KV_STR("b", big),
			 KV_STR("c", big), KV_STR("d", big), KV_STR("e", big));
		line = released();
		assert_true(strlen(line) <= 4096);
		assert_true(strlen(line) > 3 * 1024);
		assert_string_equal(line + strlen(line) - (json ? 15 : 10),
				    json ? ",\"cut\":\"true\"}\n"
					 : " cut=true\n");
	}
}

TEST(levels_have_names)
{
	enum log_level level = LOG_INFO;

	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_false(log_level_parse("verbose", &level));
	assert_int_equal(level, LOG_DEBUG);
}

enum { THREADS = 4, LINES = 200 };

static void *write_lines(void *text)
{
	for (int i = 0; i < LINES; i++)
		log_info("line", KV_STR("v", text));
	return NULL;
}

TEST(lines_of_several_threads_do_not_mix)
{
	static char text[THREADS][64];
	pthread_t threads[THREADS];
	size_t lines = 0;

	capture();
	fcntl(pipe_end, F_SETPIPE_SZ, 1 << 20);
	name_stderr_as_journal();
	log_setup("cdc", LOG_INFO, 0);
	for (int i = 0; i < THREADS; i++) {
		memset(text[i], 'a' + i, sizeof(text[i]) - 1);
		assert_int_equal(
			pthread_create(&threads[i], NULL, write_lines, text[i]),
			0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (const char *at = released(); *at; lines++) {
		char expected[128];
		char who = at[strlen("<6>msg=line v=")];

		assert_in_range(who, 'a', 'a' + THREADS - 1);
		int n = snprintf(expected, sizeof(expected),
				 "<6>msg=line v=%s\n", text[who - 'a']);
		assert_int_equal(strncmp(at, expected, (size_t)n), 0);
		at += n;
	}
	assert_int_equal(lines, THREADS * LINES);
}

RUN(CASE(journald_gets_a_level_and_no_time),
    CASE(another_stream_than_journalds_gets_a_time),
    CASE(values_are_quoted_when_they_must_be), CASE(json_lines_are_objects),
    CASE(what_is_below_the_level_is_not_written),
    CASE(long_values_are_cut_and_long_lines_say_so), CASE(levels_have_names),
    CASE(lines_of_several_threads_do_not_mix))
