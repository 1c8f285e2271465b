/* Any bytes: a tree whose nodes are all in order, or ERR_CONFIG. */
#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct yaml_node *node, int depth)
{
	assert(depth <= YAML_DEPTH_MAX);
	assert(node->line && node->column);
	assert((node->kind == YAML_SCALAR) == (node->text != NULL));
	assert(node->kind != YAML_SCALAR || !node->first);
	for (const struct yaml_node *n = node->first; n; n = n->next) {
		assert((node->kind == YAML_MAP) == (n->key != NULL));
		if (n->key)
			assert(*n->key && n->key_line &&
			       yaml_get(node, n->key) == n);
		check(n, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct yaml *doc = NULL;
	struct err err = { 0 };

	if (yaml_parse("f", bytes, n, &doc, &err) != 0) {
		assert(err.code == ERR_CONFIG &&
		       strncmp(err.msg, "f:", 2) == 0);
		assert(!doc);
		return 0;
	}
	check(yaml_root(doc), 0);
	yaml_free(doc);
	return 0;
}
