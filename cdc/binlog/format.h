/* FORMAT_DESCRIPTION: who wrote this log, and how its events are laid out.
 *
 * Comes at the start of each dump and each file; valid until the next one.
 * A plain value: copy it. */
#ifndef CDC_BINLOG_FORMAT_H
#define CDC_BINLOG_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "cdc/binlog/event.h"

struct err;

enum { FORMAT_VERSION_MAX = 50, FORMAT_POST_HEADERS = 255 };

struct format {
	char server[FORMAT_VERSION_MAX +
		    1]; /* "8.4.2", "10.11.6-MariaDB-log" */
	bool mariadb;
	/* Seconds; not 0 only in the first file after a server start, when
	 * whatever was open in the file before is dead. */
	uint32_t created;
	enum event_checksum checksum; /* of the events that follow */
	uint8_t post_header[FORMAT_POST_HEADERS + 1]; /* by event type */
};

/* What holds before the first format description was seen. */
void format_init(struct format *format, enum event_checksum checksum);

/* ERR_CORRUPT when truncated or its checksum is wrong, ERR_OPERATOR for a
 * log version other than 4 or an unknown checksum algorithm. */
int format_parse(const struct event *event, struct format *ret,
		 struct err *err) MUST_CHECK;

#endif
