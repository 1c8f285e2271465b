/* Any file is refused, or printed as a file that prints the same again. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int load(struct str content, struct buf *printed)
{
	struct settings settings;
	struct err err = { 0 };

	buf_init(printed, 16 << 20);
	if (settings_parse("f", content, &settings, &err) != 0) {
		assert(err.code == ERR_CONFIG &&
		       strncmp(err.msg, "f:", 2) == 0);
		return err.code;
	}
	settings_print(&settings, printed);
	assert(!printed->failed);
	settings_done(&settings);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf first, second;

	if (load((struct str){ (const char *)bytes, n }, &first) == 0) {
		/* Secrets are not printed, so the first text may show a
		 * secret as set and the second can't. */
		int rc = load((struct str){ first.at, first.n }, &second);

		assert(rc == 0);
		assert(memmem(first.at, first.n, "\"***\"", 5) ||
		       (first.n == second.n &&
			memcmp(first.at, second.at, first.n) == 0));
		buf_done(&second);
	}
	buf_done(&first);
	return 0;
}
