/* Walks the events of a recorded binlog file: for tests and benchmarks. */
#ifndef TESTS_LIB_BINLOG_FILE_H
#define TESTS_LIB_BINLOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/binlog/event.h"
#include "cdc/binlog/format.h"

struct err;

struct binlog_file {
	uint8_t *bytes; /* owned; the whole file */
	size_t n, at;	/* at: the next event */
	struct format format;
};

/* -1 with *err when it can't be read or is no binlog. */
int binlog_file_open(struct binlog_file *file, const char *path,
		     struct err *err);
void binlog_file_close(struct binlog_file *file);
void binlog_file_rewind(struct binlog_file *file);
/* 1 and the next event, 0 at the end. Format descriptions are taken note of,
 * and given out like the others. */
int binlog_file_next(struct binlog_file *file, struct event *ret,
		     struct err *err);

#endif
