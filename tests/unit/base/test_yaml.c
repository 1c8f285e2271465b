#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/yaml.h"

static struct yaml *parse(const char *text)
{
	struct yaml *doc = NULL;
	struct err err = { 0 };

	if (yaml_parse("t.yaml", text, strlen(text), &doc, &err) != 0)
		fail_msg("%s", err.msg);
	return doc;
}

static const char *refusal_of(const void *bytes, size_t n)
{
	static struct err err;
	struct yaml *doc = NULL;

	err = (struct err){ 0 };
	assert_int_equal(yaml_parse("t.yaml", bytes, n, &doc, &err),
			 ERR_CONFIG);
	assert_null(doc);
	return err.msg;
}

static const char *refusal(const char *text)
{
	return refusal_of(text, strlen(text));
}

TEST(nodes_know_kind_text_and_place)
{
	CLEANUP(yaml_freep)
	struct yaml *doc = parse("a:\n  b: [1, \"two\"]\nc: ''\n");
	const struct yaml_node *b =
		yaml_get(yaml_get(yaml_root(doc), "a"), "b");

	assert_string_equal(yaml_file(doc), "t.yaml");
	assert_int_equal(b->kind, YAML_LIST);
	assert_int_equal(b->line, 2);
	assert_int_equal(b->column, 6);
	assert_int_equal(b->key_line, 2);
	assert_int_equal(b->key_column, 3);
	assert_string_equal(b->first->text, "1");
	assert_false(b->first->quoted);
	assert_string_equal(b->first->next->text, "two");
	assert_true(b->first->next->quoted);
	assert_null(b->first->next->next);
	assert_null(yaml_get(b, "a"));
	assert_null(yaml_get(NULL, "a"));
	assert_null(yaml_get(yaml_root(doc), "b"));
}

TEST(block_scalars_keep_their_lines)
{
	CLEANUP(yaml_freep) struct yaml *doc = parse("q: |\n  a\n  b\n");

	assert_string_equal(yaml_get(yaml_root(doc), "q")->text, "a\nb\n");
}

TEST(null_is_absent_tilde_null_or_nothing_but_not_quoted)
{
	CLEANUP(yaml_freep)
	struct yaml *doc =
		parse("a: ~\nb: null\nc:\nd: ''\ne: 'null'\nf: []\n");
	const struct yaml_node *root = yaml_root(doc);

	assert_true(yaml_is_null(yaml_get(root, "a")));
	assert_true(yaml_is_null(yaml_get(root, "b")));
	assert_true(yaml_is_null(yaml_get(root, "c")));
	assert_true(yaml_is_null(yaml_get(root, "none")));
	assert_false(yaml_is_null(yaml_get(root, "d")));
	assert_false(yaml_is_null(yaml_get(root, "e")));
	assert_false(yaml_is_null(yaml_get(root, "f")));
}

TEST(an_empty_document_is_null)
{
	static const char *const texts[] = { "", "# nothing\n", "---\n" };

	for (size_t i = 0; i < LENGTH(texts); i++) {
		CLEANUP(yaml_freep) struct yaml *doc = parse(texts[i]);

		assert_true(yaml_is_null(yaml_root(doc)));
		assert_null(yaml_get(yaml_root(doc), "a"));
	}
}

TEST(what_we_do_not_accept_is_refused_with_its_place)
{
	assert_string_equal(refusal("a: 1\nb: 2\na: 3\n"),
			    "t.yaml:3:1: key \"a\" is given twice, first in "
			    "line 1");
	assert_string_equal(refusal("a: &x 1\n"),
			    "t.yaml:1:4: anchors (&) and aliases (*) are not "
			    "accepted: write the value out");
	assert_string_equal(refusal("a: &x [1]\nb: *x\n"),
			    "t.yaml:1:4: anchors (&) and aliases (*) are not "
			    "accepted: write the value out");
	assert_string_equal(refusal("b: *x\n"),
			    "t.yaml:1:4: anchors (&) and aliases (*) are not "
			    "accepted: write the value out");
	assert_string_equal(refusal("a: !!int 1\n"),
			    "t.yaml:1:4: tags (!) are not accepted");
	assert_string_equal(refusal("a: 1\n---\nb: 2\n"),
			    "t.yaml:2:1: a second document: only one is "
			    "expected");
	assert_string_equal(refusal("? [a]\n: 1\n"),
			    "t.yaml:1:3: a key must be a plain word");
	assert_string_equal(refusal("? {a: 1}\n: 1\n"),
			    "t.yaml:1:3: a key must be a plain word");
	assert_string_equal(refusal("'': 1\n"),
			    "t.yaml:1:1: a key must be a plain word");
	assert_string_equal(refusal("a: \"x\\0y\"\n"),
			    "t.yaml:1:4: a NUL character is not accepted");
}

TEST(broken_yaml_is_refused_with_its_place)
{
	assert_string_equal(refusal("a: [1,\nb: 2\n"),
			    "t.yaml:3:1: while parsing a flow sequence, did "
			    "not find expected ',' or ']'");
	assert_string_equal(refusal("a: b: c\n"),
			    "t.yaml:1:5: mapping values are not allowed in "
			    "this context");
	assert_string_equal(refusal("a:\n\tb: 1\n"),
			    "t.yaml:2:1: while scanning for the next token, "
			    "found character that cannot start any token");
}

TEST(invalid_utf8_is_refused_with_its_line)
{
	const char *msg = refusal("a: 1\nb: \xff\n");

	assert_non_null(strstr(msg, "t.yaml:"));
	assert_non_null(strstr(msg, "UTF-8"));
}

TEST(every_limit_holds)
{
	char deep[2 * YAML_DEPTH_MAX + 8];
	memset(deep, '[', YAML_DEPTH_MAX);
	memset(deep + YAML_DEPTH_MAX, ']', YAML_DEPTH_MAX);
	deep[2 * YAML_DEPTH_MAX] = '\0';
	yaml_free(parse(deep));
	memset(deep, '[', YAML_DEPTH_MAX + 1);
	memset(deep + YAML_DEPTH_MAX + 1, ']', YAML_DEPTH_MAX + 1);
	deep[2 * YAML_DEPTH_MAX + 2] = '\0';
	assert_non_null(strstr(refusal(deep), "nested too deeply"));

	CLEANUP(mem_freep) char *big = mem_zalloc(YAML_BYTES_MAX + 1);
	memset(big, ' ', YAML_BYTES_MAX + 1);
	assert_non_null(strstr(refusal_of(big, YAML_BYTES_MAX + 1),
			       "larger than 4194304 bytes"));

	size_t n = 0;
	big[n++] = '[';
	for (int i = 0; i < YAML_NODES_MAX; i++) {
		big[n++] = '1';
		big[n++] = ',';
	}
	big[n++] = ']';
	assert_non_null(strstr(refusal_of(big, n), "too many values"));

	n = 0;
	for (int i = 0; i <= YAML_KEYS_MAX; i++)
		n += (size_t)snprintf(big + n, 32, "k%d: 1\n", i);
	assert_string_equal(refusal_of(big, n),
			    "t.yaml:4097:1: too many keys in one map");
}

TEST(unknown_keys_name_the_nearest_known_one)
{
	static const char *const known[] = { "source", "target", "router",
					     NULL };
	CLEANUP(yaml_freep) struct yaml *doc = parse("router: 1\nsuorce: 2\n");
	CLEANUP(yaml_freep) struct yaml *far = parse("  elephants: 1\n");
	CLEANUP(yaml_freep) struct yaml *good = parse("target: 1\n");
	struct err err = { 0 };

	assert_int_equal(yaml_known_keys(doc, yaml_root(doc), known, &err),
			 ERR_CONFIG);
	assert_string_equal(err.msg, "t.yaml:2:1: unknown key \"suorce\" (did "
				     "you mean \"source\"?)");
	assert_int_equal(yaml_known_keys(far, yaml_root(far), known, &err),
			 ERR_CONFIG);
	assert_string_equal(err.msg, "t.yaml:1:3: unknown key \"elephants\"");
	assert_int_equal(yaml_known_keys(good, yaml_root(good), known, &err),
			 0);
}

TEST(typed_values_are_checked)
{
	CLEANUP(yaml_freep)
	struct yaml *doc = parse("n: 12\nq: '12'\nt: word\nb: yes\nl: [1]\n");
	const struct yaml_node *root = yaml_root(doc);
	const char *text = NULL;
	struct err err = { 0 };
	int64_t number = 0;
	bool truth = false;

	assert_int_equal(
		yaml_int(doc, yaml_get(root, "n"), 0, 12, &number, &err), 0);
	assert_int_equal(number, 12);
	assert_int_equal(
		yaml_int(doc, yaml_get(root, "n"), 0, 11, &number, &err),
		ERR_CONFIG);
	assert_string_equal(err.msg, "t.yaml:1:4: a whole number from 0 to 11 "
				     "is expected");
	assert_int_equal(
		yaml_int(doc, yaml_get(root, "q"), 0, 99, &number, &err),
		ERR_CONFIG);
	assert_int_equal(yaml_bool(doc, yaml_get(root, "b"), &truth, &err), 0);
	assert_true(truth);
	assert_int_equal(yaml_bool(doc, yaml_get(root, "t"), &truth, &err),
			 ERR_CONFIG);
	assert_int_equal(yaml_text(doc, yaml_get(root, "t"), &text, &err), 0);
	assert_string_equal(text, "word");
	assert_int_equal(yaml_text(doc, yaml_get(root, "l"), &text, &err),
			 ERR_CONFIG);
	assert_int_equal(yaml_text(doc, NULL, &text, &err), ERR_CONFIG);
	assert_string_equal(err.msg, "t.yaml: a text is expected here");
}

TEST(a_file_is_loaded_by_its_path)
{
	char path[] = "/tmp/test_yaml_XXXXXX";
	struct yaml *doc = NULL;
	struct err err = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a: 5\n", 5), 5);
	close(fd);
	assert_int_equal(yaml_load(path, &doc, &err), 0);
	assert_string_equal(yaml_get(yaml_root(doc), "a")->text, "5");
	yaml_free(doc);
	unlink(path);
	doc = NULL;
	assert_int_equal(yaml_load(path, &doc, &err), ERR_CONFIG);
	assert_non_null(strstr(err.msg, "No such file"));
	assert_int_equal(yaml_load("/tmp", &doc, &err), ERR_CONFIG);
	assert_non_null(strstr(err.msg, "directory"));
	assert_null(doc);
	yaml_free(NULL);
}

RUN(CASE(nodes_know_kind_text_and_place), CASE(block_scalars_keep_their_lines),
    CASE(null_is_absent_tilde_null_or_nothing_but_not_quoted),
    CASE(an_empty_document_is_null),
    CASE(what_we_do_not_accept_is_refused_with_its_place),
    CASE(broken_yaml_is_refused_with_its_place),
    CASE(invalid_utf8_is_refused_with_its_line), CASE(every_limit_holds),
    CASE(unknown_keys_name_the_nearest_known_one),
    CASE(typed_values_are_checked), CASE(a_file_is_loaded_by_its_path))
