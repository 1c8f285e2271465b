/* One binlog event: its common header, its checksum, what kind it is.
 *
 * A struct event borrows the bytes it was parsed from. All events start with
 * 19 bytes, little-endian: u32 timestamp, u8 type, u32 server id, u32 size,
 * u32 end position, u16 flags; and end in a CRC32 of everything before it,
 * when the log's format description says so. */
#ifndef CDC_BINLOG_EVENT_H
#define CDC_BINLOG_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/reader.h"

struct err;

enum {
	EVENT_HEADER = 19,
	EVENT_CHECKSUM = 4,
	EVENT_SIZE_MAX = 1 << 30, /* the servers' own limit */
};

enum event_flag {
	EVENT_IN_USE = 0x1,	  /* a format description of an open file */
	EVENT_ARTIFICIAL = 0x20,  /* made for this connection, in no file */
	EVENT_IGNORABLE_F = 0x80, /* whoever does not know it may pass it */
};

enum event_checksum {
	CHECKSUM_NONE,
	CHECKSUM_VERIFY, /* CRC32 at the end, must be right */
	CHECKSUM_SKIP,	 /* CRC32 at the end, not looked at */
};

struct event {
	uint32_t timestamp; /* seconds; start of the statement; 0 if none */
	uint8_t type;	    /* enum event_type, or one we do not know */
	uint32_t server_id;
	uint32_t size;	    /* with header and checksum */
	uint32_t log_pos;   /* end, modulo 2^32; 0 where the server has none */
	uint16_t flags;	    /* enum event_flag and others */
	struct reader body; /* after the header, without the checksum */
};

/* Take one whole event apart. A FORMAT_DESCRIPTION keeps its checksum in the
 * body whatever `checksum` says: format_parse() knows where it is.
 * ERR_CORRUPT when truncated, or the size or the checksum is wrong. */
int event_parse(const void *bytes, size_t n, enum event_checksum checksum,
		struct event *ret, struct err *err) MUST_CHECK;

/* 0 for an event that is used or may be passed over (*ret_pass says so), and
 * ERR_OPERATOR with number, position and cure for one that may not. */
int event_check_type(const struct event *event, bool *ret_pass,
		     struct err *err) MUST_CHECK;

/* The checksum over n bytes (header first, without itself). */
uint32_t event_crc(const void *bytes, size_t n);

const char *event_type_name(uint8_t type); /* "unknown" if so */
/* WRITE_, UPDATE_ and DELETE_ROWS of all kinds, but no fragments. */
bool event_is_rows(uint8_t type);
/* A ROTATE the server makes up at the start of each dump: no file ended. */
bool event_is_fake(const struct event *event);

#endif
