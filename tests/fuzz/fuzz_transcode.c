/* Magento's answers as any bytes: what comes out is JSON, or an error. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json_tree.h"
#include "router/transcode.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_json(const struct buf *out)
{
	struct arena arena;
	struct json_node *root;
	struct err err = { 0 };

	arena_init(&arena);
	assert(json_tree_parse(&arena, (struct str){ out->at, out->n }, &root,
			       &err) == 0);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct read_request request = { .id = 1, .page = 1, .limit = 20 };
	struct err err = { 0 };
	struct str body;
	struct buf out;
	bool found = false;

	if (n == 0)
		return 0;
	request.kind = (enum read_kind)(bytes[0] % READ_KIND_COUNT);
	body = (struct str){ (const char *)bytes + 1, n - 1 };
	buf_init(&out, 1 << 20);
	if (transcode_body(&request, body, &out, &found, &err) == 0 && found)
		check_json(&out);
	buf_reset(&out, 1 << 20);
	transcode_error(400, body, &out);
	check_json(&out);
	buf_done(&out);
	return 0;
}
