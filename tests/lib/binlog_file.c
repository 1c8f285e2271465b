#include "tests/lib/binlog_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/types.h"

enum { MAGIC = 4 };

static int read_all(FILE *in, struct binlog_file *file)
{
	long n;

	if (fseek(in, 0, SEEK_END) != 0)
		return -1;
	n = ftell(in);
	if (n < MAGIC || fseek(in, 0, SEEK_SET) != 0)
		return -1;
	file->bytes = mem_zalloc((size_t)n);
	file->n = (size_t)n;
	return fread(file->bytes, 1, file->n, in) == file->n ? 0 : -1;
}

int binlog_file_open(struct binlog_file *file, const char *path,
		     struct err *err)
{
	FILE *in = fopen(path, "re");

	*file = (struct binlog_file){ 0 };
	if (!in)
		return err_set(err, ERR_IO, "%s: can't be opened", path);
	int failed = read_all(in, file);
	fclose(in);
	if (failed || memcmp(file->bytes,
			     "\xfe"
			     "bin",
			     MAGIC) != 0) {
		binlog_file_close(file);
		return err_set(err, ERR_IO, "%s: no binlog", path);
	}
	binlog_file_rewind(file);
	return 0;
}

void binlog_file_close(struct binlog_file *file)
{
	free(file->bytes);
	*file = (struct binlog_file){ 0 };
}

void binlog_file_rewind(struct binlog_file *file)
{
	file->at = MAGIC;
	format_init(&file->format, CHECKSUM_NONE);
}

int binlog_file_next(struct binlog_file *file, struct event *ret,
		     struct err *err)
{
	struct reader size =
		reader_of(file->bytes + file->at, file->n - file->at);

	if (reader_left(&size) == 0)
		return 0;
	reader_bytes(&size, 9);
	size_t n = reader_le(&size, 4);
	if (size.failed || n > file->n - file->at)
		return err_set(err, ERR_CORRUPT, "offset %zu: cut off",
			       file->at);
	if (event_parse(file->bytes + file->at, n, file->format.checksum, ret,
			err))
		return err_wrap(err, "offset %zu", file->at);
	if (ret->type == EVENT_FORMAT_DESCRIPTION &&
	    format_parse(ret, &file->format, err))
		return err_wrap(err, "offset %zu", file->at);
	file->at += n;
	return 1;
}
