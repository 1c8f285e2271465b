/* MariaDB's UUID, INET4 and INET6: stored bytes as the text SELECT prints. */
#ifndef CDC_BINLOG_ADDRESS_H
#define CDC_BINLOG_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

enum address_kind { ADDRESS_NONE, ADDRESS_UUID, ADDRESS_INET4, ADDRESS_INET6 };

enum { ADDRESS_BYTES_MAX = 16, ADDRESS_TEXT_MAX = 64 };

/* Bytes of a value; 0 for ADDRESS_NONE. */
size_t address_width(enum address_kind kind);

/* `at` has address_width() bytes. Returns the length of the text. */
size_t address_format(enum address_kind kind, const uint8_t *at,
		      char out[ADDRESS_TEXT_MAX]);

#endif
