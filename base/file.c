#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

enum { STEP = 16 * 1024 };

/* Read on to the end, or to one byte over max. */
static void read_all(FILE *file, struct buf *out, size_t max)
{
	size_t n;

	do {
		char *room = buf_room(out, STEP);

		if (!room)
			return;
		n = fread(room, 1, STEP, file);
		out->n += n;
	} while (n > 0 && out->n <= max);
	out->at[out->n] = '\0';
}

int file_read(const char *path, size_t max, char **ret, size_t *n,
	      struct err *err)
{
	FILE *file = fopen(path, "rbe");

	if (!file)
		return err_set(err, ERR_CONFIG, "%s: %s", path,
			       strerror(errno));

	struct buf all;
	buf_init(&all, max + 2 * (size_t)STEP);
	errno = 0;
	read_all(file, &all, max);
	int failed = ferror(file) ? errno : 0;
	fclose(file);
	if (failed || all.n > max) {
		buf_done(&all);
		if (failed)
			return err_set(err, ERR_CONFIG, "%s: %s", path,
				       strerror(failed));
		return err_set(err, ERR_CONFIG, "%s: larger than %zu bytes",
			       path, max);
	}
	*ret = all.at;
	*n = all.n;
	return 0;
}
