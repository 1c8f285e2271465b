/* Prints docs/settings.md. */
#include <stdio.h>

#include "base/buf.h"
#include "base/settings.h"

enum { OUT_MAX = 1024 * 1024 };

int main(void)
{
	struct buf out;

	buf_init(&out, OUT_MAX);
	buf_adds(&out,
		 "# Settings\n\n"
		 "Generated from base/settings.h by tests/check_generated.sh "
		 "--write.\n"
		 "How files, environment and secrets work: "
		 "[configure.md](configure.md).\n\n");
	settings_markdown(&out);
	if (!out.failed)
		fwrite(out.at, 1, out.n, stdout);
	int rc = out.failed;
	buf_done(&out);
	return rc;
}
