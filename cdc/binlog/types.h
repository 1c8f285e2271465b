/* The numbers of the binlog: event types and column types.
 *
 * Sources: MySQL libs/mysql/binlog/event/binlog_event.h and
 * include/field_types.h; MariaDB sql/log_event.h and include/mysql_com.h. */
#ifndef CDC_BINLOG_TYPES_H
#define CDC_BINLOG_TYPES_H

/* What a reader of row events does with an event:
 *   USED     it carries rows, positions or schema changes
 *   PASSED   it changes nothing in a row-based log; counted only
 *   REFUSED  it carries data in a form that is not decoded: stop, with cure */
enum event_use { EVENT_USED, EVENT_PASSED, EVENT_REFUSED };

/*	X(name, code, use, cure when refused) */
#define EVENT_TYPES(X)                                                         \
	X(START_V3, 1, REFUSED, "the server is older than MySQL 5.0")          \
	X(QUERY, 2, USED, "")                                                  \
	X(STOP, 3, USED, "")                                                   \
	X(ROTATE, 4, USED, "")                                                 \
	X(INTVAR, 5, PASSED, "")                                               \
	X(APPEND_BLOCK, 9, PASSED, "")                                         \
	X(DELETE_FILE, 11, PASSED, "")                                         \
	X(RAND, 13, PASSED, "")                                                \
	X(USER_VAR, 14, PASSED, "")                                            \
	X(FORMAT_DESCRIPTION, 15, USED, "")                                    \
	X(XID, 16, USED, "")                                                   \
	X(BEGIN_LOAD_QUERY, 17, PASSED, "")                                    \
	X(EXECUTE_LOAD_QUERY, 18, USED, "")                                    \
	X(TABLE_MAP, 19, USED, "")                                             \
	X(PRE_GA_WRITE_ROWS, 20, REFUSED, "the server is older than 5.1.18")   \
	X(PRE_GA_UPDATE_ROWS, 21, REFUSED, "the server is older than 5.1.18")  \
	X(PRE_GA_DELETE_ROWS, 22, REFUSED, "the server is older than 5.1.18")  \
	X(WRITE_ROWS_V1, 23, USED, "")                                         \
	X(UPDATE_ROWS_V1, 24, USED, "")                                        \
	X(DELETE_ROWS_V1, 25, USED, "")                                        \
	X(INCIDENT, 26, USED, "")                                              \
	X(HEARTBEAT, 27, USED, "")                                             \
	X(IGNORABLE, 28, PASSED, "")                                           \
	X(ROWS_QUERY, 29, PASSED, "")                                          \
	X(WRITE_ROWS, 30, USED, "")                                            \
	X(UPDATE_ROWS, 31, USED, "")                                           \
	X(DELETE_ROWS, 32, USED, "")                                           \
	X(GTID, 33, USED, "")                                                  \
	X(ANONYMOUS_GTID, 34, USED, "")                                        \
	X(PREVIOUS_GTIDS, 35, USED, "")                                        \
	X(TRANSACTION_CONTEXT, 36, PASSED, "")                                 \
	X(VIEW_CHANGE, 37, PASSED, "")                                         \
	X(XA_PREPARE, 38, USED, "")                                            \
	X(PARTIAL_UPDATE_ROWS, 39, USED, "")                                   \
	X(TRANSACTION_PAYLOAD, 40, USED, "")                                   \
	X(HEARTBEAT_V2, 41, USED, "")                                          \
	X(GTID_TAGGED, 42, USED, "")                                           \
	X(ANNOTATE_ROWS, 160, PASSED, "")                                      \
	X(BINLOG_CHECKPOINT, 161, PASSED, "")                                  \
	X(MARIADB_GTID, 162, USED, "")                                         \
	X(GTID_LIST, 163, USED, "")                                            \
	X(START_ENCRYPTION, 164, PASSED, "")                                   \
	X(QUERY_COMPRESSED, 165, USED, "")                                     \
	X(WRITE_ROWS_COMPRESSED_V1, 166, USED, "")                             \
	X(UPDATE_ROWS_COMPRESSED_V1, 167, USED, "")                            \
	X(DELETE_ROWS_COMPRESSED_V1, 168, USED, "")                            \
	X(WRITE_ROWS_COMPRESSED, 169, USED, "")                                \
	X(UPDATE_ROWS_COMPRESSED, 170, USED, "")                               \
	X(DELETE_ROWS_COMPRESSED, 171, USED, "")                               \
	X(PARTIAL_ROW_DATA, 172, USED, "")

#define EVENT_ENUM(name, code, use, cure) EVENT_##name = (code),
enum event_type { EVENT_TYPES(EVENT_ENUM) };
#undef EVENT_ENUM

/* How the bytes of a value are measured:
 *   NONE     never in a row
 *   a width  that many bytes
 *   META     a number of bytes that the metadata give
 *   PREFIX   a length, whose own width the metadata give */
enum { WIDTH_NONE = -1, WIDTH_META = -2, WIDTH_PREFIX = -3 };

/*	X(name, code, metadata bytes in TABLE_MAP, width of a value) */
#define COLUMN_TYPES(X)                                                        \
	X(DECIMAL, 0, 0, WIDTH_NONE) /* before MySQL 5.0 */                    \
	X(TINY, 1, 0, 1)                                                       \
	X(SHORT, 2, 0, 2)                                                      \
	X(LONG, 3, 0, 4)                                                       \
	X(FLOAT, 4, 1, 4)                                                      \
	X(DOUBLE, 5, 1, 8)                                                     \
	X(NULL, 6, 0, 0)                                                       \
	X(TIMESTAMP, 7, 0, 4)                                                  \
	X(LONGLONG, 8, 0, 8)                                                   \
	X(INT24, 9, 0, 3)                                                      \
	X(DATE, 10, 0, 3)                                                      \
	X(TIME, 11, 0, 3)                                                      \
	X(DATETIME, 12, 0, 8)                                                  \
	X(YEAR, 13, 0, 1)                                                      \
	X(NEWDATE, 14, 0, 3)                                                   \
	X(VARCHAR, 15, 2, WIDTH_PREFIX)                                        \
	X(BIT, 16, 2, WIDTH_META)                                              \
	X(TIMESTAMP2, 17, 1, WIDTH_META)                                       \
	X(DATETIME2, 18, 1, WIDTH_META)                                        \
	X(TIME2, 19, 1, WIDTH_META)                                            \
	X(BLOB_COMPRESSED, 140, 1, WIDTH_PREFIX)    /* MariaDB */              \
	X(VARCHAR_COMPRESSED, 141, 2, WIDTH_PREFIX) /* MariaDB */              \
	X(VECTOR, 242, 1, WIDTH_PREFIX)                                        \
	X(JSON, 245, 1, WIDTH_PREFIX)                                          \
	X(NEWDECIMAL, 246, 2, WIDTH_META)                                      \
	X(ENUM, 247, 2, WIDTH_META)                                            \
	X(SET, 248, 2, WIDTH_META)                                             \
	X(TINY_BLOB, 249, 1, WIDTH_PREFIX)                                     \
	X(MEDIUM_BLOB, 250, 1, WIDTH_PREFIX)                                   \
	X(LONG_BLOB, 251, 1, WIDTH_PREFIX)                                     \
	X(BLOB, 252, 1, WIDTH_PREFIX)                                          \
	X(VAR_STRING, 253, 2, WIDTH_PREFIX)                                    \
	X(STRING, 254, 2, WIDTH_PREFIX)                                        \
	X(GEOMETRY, 255, 1, WIDTH_PREFIX)

#define TYPE_ENUM(name, code, meta, width) TYPE_##name = (code),
enum column_type { COLUMN_TYPES(TYPE_ENUM) };
#undef TYPE_ENUM

#endif
