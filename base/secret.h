/* A secret that stands in a file of its own: read anew whenever it is needed,
 * so that changing the file is all that a rotation takes. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/defs.h"

struct err;

enum { SECRET_MAX = 64 * 1024 };

/* The content without the newline that editors end it with; *ret is the
 * caller's to secret_free(). Missing, empty, too long or with control
 * characters: ERR_CONFIG. */
int secret_read(const char *path, char **ret, struct err *err) MUST_CHECK;
/* Leaves nothing behind in memory. NULL is fine. */
void secret_free(char *secret);
void secret_freep(char **secret);

#endif
