/* Reading small files whole. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "base/defs.h"

struct err;

/* *ret is owned by the caller and NUL-terminated beyond its *n bytes. A file
 * that is missing, not readable or longer than max is ERR_CONFIG: files are
 * named in settings. */
int file_read(const char *path, size_t max, char **ret, size_t *n,
	      struct err *err) MUST_CHECK;

#endif
