/* The golden binlogs of tests/golden/binlog: recorded from real servers by
 * tests/golden/record.py, decoded here without any.
 *
 * Each gives the text beside it. Then each event is cut off at every length
 * and has each of its bytes changed: as it is, which the checksum must find,
 * and with the checksum made right again, which the decoders must survive,
 * with the event that follows read by what the first one left behind. */
#include "tests/lib/test.h"

#include <glob.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/event.h"
#include "tests/lib/binlog_file.h"
#include "tests/lib/binlog_text.h"

enum { TEXT_MAX = 1 << 22, FILES_MIN = 20, SIZE_AT = 9, FLAGS_AT = 17 };

static struct err err;

/* ---- The text ---- */

static void read_text(const char *path, struct buf *ret)
{
	FILE *in = fopen(path, "re");
	char chunk[4096];
	size_t n;

	buf_init(ret, TEXT_MAX);
	if (!in)
		return;
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_add(ret, chunk, n);
	fclose(in);
}

static void write_text(const char *path, const struct buf *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fwrite(text->at, 1, text->n, out);
	fclose(out);
}

static void decodes_to_its_text(struct binlog_file *file, const char *path)
{
	CLEANUP(mem_freep)
	char *beside = mem_printf("%.*s.text", (int)(strlen(path) - 7), path);
	CLEANUP(buf_done) struct buf want, have;
	struct binlog_text text;

	buf_init(&have, TEXT_MAX);
	binlog_text_init(&text, &have);
	if (binlog_text_read(&text, file->bytes, file->n, &err))
		fail_msg("%s: %s", path, err.msg);
	binlog_text_done(&text);
	if (getenv("FICUS_GOLDEN_WRITE"))
		write_text(beside, &have);
	read_text(beside, &want);
	if (strcmp(buf_str(&have), buf_str(&want)) != 0)
		fail_msg("%s differs from what is decoded: see the head of"
			 " tests/golden/record.py",
			 beside);
	assert_true(want.n > 0);
}

/* ---- What is wrong with it ---- */

/* The event that is changed, and the one behind it. */
struct pair {
	const uint8_t *at, *next;
	size_t n, next_n;
	bool summed; /* it ends in a checksum */
};

static void put_le(uint8_t *at, size_t number)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> (8 * i));
}

/* In memory of exactly n bytes, where AddressSanitizer sees every step
 * outside. */
static uint8_t *copy_of(const uint8_t *at, size_t n)
{
	return memcpy(mem_zalloc(n ? n : 1), at, n);
}

/* The checksum of a format description is of the file when it is closed. */
static void make_right(uint8_t *event, size_t n, const struct pair *pair)
{
	uint8_t flags;

	if (n < EVENT_HEADER + EVENT_CHECKSUM)
		return;
	put_le(event + SIZE_AT, n);
	if (!pair->summed)
		return;
	flags = event[FLAGS_AT];
	event[FLAGS_AT] &= (uint8_t)~EVENT_IN_USE;
	put_le(event + n - EVENT_CHECKSUM,
	       event_crc(event, n - EVENT_CHECKSUM));
	event[FLAGS_AT] = flags;
}

/* Whatever comes of it, it must come to an end, and inside the bytes. */
static void survives(struct binlog_text *text, uint8_t *event, size_t n,
		     const struct pair *pair)
{
	uint8_t *next = copy_of(pair->next, pair->next_n);

	make_right(event, n, pair);
	if (binlog_text_feed(text, event, n, &err) == 0)
		(void)!binlog_text_feed(text, next, pair->next_n, &err);
	fragments_drop(&text->fragments);
	free(next);
}

static bool is_refused(struct binlog_text *text, const uint8_t *event, size_t n)
{
	return binlog_text_feed(text, event, n, &err) != 0;
}

static void is_cut(struct binlog_text *text, const struct pair *pair)
{
	for (size_t n = 0; n < pair->n; n++) {
		uint8_t *event = copy_of(pair->at, n);

		if (!is_refused(text, event, n))
			fail_msg("%zu of %zu bytes are taken", n, pair->n);
		survives(text, event, n, pair);
		free(event);
	}
}

/* What a flip may change without being found: in a file that is open. */
static bool is_in_use_flag(const struct pair *pair, size_t i, uint8_t mask)
{
	return pair->at[4] == 15 && i == FLAGS_AT && mask == EVENT_IN_USE;
}

static void is_changed(struct binlog_text *text, const struct pair *pair)
{
	for (size_t i = 0; i < pair->n * 2; i++) {
		uint8_t mask = (uint8_t)(i % 2 ? 0xff : 1 << i / 2 % 8);
		uint8_t *event = copy_of(pair->at, pair->n);

		event[i / 2] ^= mask;
		if (pair->summed && !is_in_use_flag(pair, i / 2, mask) &&
		    !is_refused(text, event, pair->n))
			fail_msg("byte %zu of type %u, changed by %02x, is"
				 " taken",
				 i / 2, pair->at[4], mask);
		survives(text, event, pair->n, pair);
		free(event);
	}
}

static struct pair pair_at(const struct binlog_file *file, size_t at)
{
	struct pair pair = { .at = file->bytes + at };
	struct reader r = reader_of(pair.at + SIZE_AT, 4);

	pair.n = reader_le(&r, 4);
	if (at + pair.n < file->n) {
		pair.next = pair.at + pair.n;
		r = reader_of(pair.next + SIZE_AT, 4);
		pair.next_n = reader_le(&r, 4);
	} else {
		pair.next = pair.at;
		pair.next_n = pair.n;
	}
	return pair;
}

/* A format that a changed event left behind is put right by its own. */
static void restore(struct binlog_text *text, const struct pair *pair,
		    const struct format *format)
{
	text->format = *format;
	if (binlog_text_feed(text, pair->at, pair->n, &err))
		fail_msg("%s", err.msg);
}

static uint64_t no_harm(struct binlog_file *file)
{
	struct binlog_text text;
	uint64_t events = 0;

	binlog_text_init(&text, NULL);
	for (size_t at = 4; at < file->n; events++) {
		struct pair pair = pair_at(file, at);
		struct format before = text.format;

		/* Before it is read, a format description's is not known. */
		restore(&text, &pair, &before);
		pair.summed = text.format.checksum != CHECKSUM_NONE;
		struct format format = text.format;
		is_cut(&text, &pair);
		text.format = format;
		is_changed(&text, &pair);
		restore(&text, &pair, &format);
		at += pair.n;
	}
	binlog_text_done(&text);
	return events;
}

/* ---- */

static void each_file(void (*test)(struct binlog_file *, const char *))
{
	CLEANUP(mem_freep)
	char *pattern =
		mem_printf("%s/*.binlog", getenv("FICUS_GOLDEN_BINLOG"));
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= FILES_MIN);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct binlog_file file;

		if (binlog_file_open(&file, found.gl_pathv[i], &err))
			fail_msg("%s", err.msg);
		test(&file, found.gl_pathv[i]);
		binlog_file_close(&file);
	}
	globfree(&found);
}

TEST(recorded_logs_decode_to_the_text_beside_them)
{
	each_file(decodes_to_its_text);
}

static void check_harm(struct binlog_file *file, const char *path)
{
	if (no_harm(file) == 0)
		fail_msg("%s: no events", path);
}

TEST(case_85_cut_and_changed_events_do_no_harm)
{
	each_file(check_harm);
}

RUN_WITH("FICUS_GOLDEN_BINLOG",
	 CASE(recorded_logs_decode_to_the_text_beside_them),
	 CASE(case_85_cut_and_changed_events_do_no_harm))
