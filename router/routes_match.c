#include "router/routes_match.h"

#include <string.h>

#include "base/err.h"
#include "base/yaml.h"
#include "router/routes.h"

enum { METHODS_ALL = ~0 };

/* Keys of Istio that change which requests a rule takes or what is done with
 * them, and that this router does not have. */
int routes_known(const struct routes_loader *l, const struct yaml_node *map,
		 const char *const *keys, struct err *err)
{
	static const char *const istio[] = {
		"regex",
		"headers",
		"queryParams",
		"withoutHeaders",
		"authority",
		"scheme",
		"port",
		"sourceLabels",
		"gateways",
		"ignoreUriCase",
		"statPrefix",
		"redirect",
		"directResponse",
		"delegate",
		"retries",
		"fault",
		"mirror",
		"mirrors",
		"mirrorPercent",
		"mirrorPercentage",
		"mirror_percent",
		"corsPolicy",
		"tls",
		"tcp",
		"exportTo",
		"subset",
		"uriRegexRewrite",
		"sourceNamespace",
	};

	if (map->kind != YAML_MAP)
		return yaml_error(l->doc, map, err, "%s: a map is wanted",
				  map->key ? map->key : "this place");
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		bool ours = false;

		for (int i = 0; keys[i]; i++)
			ours |= strcmp(keys[i], n->key) == 0;
		for (size_t i = 0; !ours && i < LENGTH(istio); i++) {
			if (strcmp(istio[i], n->key) == 0)
				return yaml_key_error(l->doc, n, err,
						      "%s is not supported by "
						      "this router",
						      n->key);
		}
	}
	return yaml_known_keys(l->doc, map, keys, err);
}

int routes_list(const struct routes_loader *l, const struct yaml_node *node,
		const char *what, const struct yaml_node *parent,
		struct err *err)
{
	if (node && node->kind == YAML_LIST && node->first)
		return 0;
	return yaml_error(l->doc, node ? node : parent, err,
			  "%s: a list with at least one entry is wanted", what);
}

char *routes_text(const struct routes_loader *l, const char *text)
{
	return arena_strndup(&l->routes->arena, text, strlen(text));
}

static int method_add(const struct routes_loader *l,
		      const struct yaml_node *node, unsigned *methods,
		      struct err *err)
{
	const char *text;
	enum http_method method;
	int rc = yaml_text(l->doc, node, &text, err);

	if (rc < 0)
		return rc;
	method = http_method_of(str_of(text));
	if (method == HTTP_METHOD_NONE)
		return yaml_error(l->doc, node, err,
				  "method \"%s\" is not known (GET, HEAD, "
				  "POST, PUT, PATCH, DELETE, OPTIONS; upper "
				  "case, one each)",
				  text);
	*methods |= 1u << method;
	return 0;
}

static int methods_parse(const struct routes_loader *l,
			 const struct yaml_node *node, unsigned *ret,
			 struct err *err)
{
	static const char *const keys[] = { "exact", "oneOf", NULL };
	const struct yaml_node *exact = yaml_get(node, "exact");
	const struct yaml_node *list = yaml_get(node, "oneOf");
	unsigned methods = 0;
	int rc = routes_known(l, node, keys, err);

	if (rc < 0)
		return rc;
	if (!exact == !list)
		return yaml_error(l->doc, node, err,
				  "method: either exact or oneOf");
	if (exact)
		rc = method_add(l, exact, &methods, err);
	else
		rc = routes_list(l, list, "oneOf", node, err);
	for (const struct yaml_node *n = list ? list->first : NULL;
	     rc == 0 && n; n = n->next)
		rc = method_add(l, n, &methods, err);
	if (rc < 0)
		return rc;
	/* GET rules answer HEAD also (RFC 9110 9.3.2). */
	if (methods & 1u << HTTP_METHOD_GET)
		methods |= 1u << HTTP_METHOD_HEAD;
	*ret = methods;
	return 0;
}

static int uri_parse(const struct routes_loader *l,
		     const struct yaml_node *node, struct route_match *ret,
		     struct err *err)
{
	static const char *const keys[] = { "exact", "prefix", NULL };
	const struct yaml_node *exact = yaml_get(node, "exact");
	const struct yaml_node *prefix = yaml_get(node, "prefix");
	const char *text = "";
	int rc = routes_known(l, node, keys, err);

	if (rc < 0)
		return rc;
	if (!exact == !prefix)
		return yaml_error(l->doc, node, err,
				  "uri: either exact or prefix");
	rc = yaml_text(l->doc, exact ? exact : prefix, &text, err);
	if (rc < 0)
		return rc;
	if (text[0] != '/' || strpbrk(text, "?# "))
		return yaml_error(l->doc, node, err,
				  "uri: \"%s\" is no path (it starts with / "
				  "and has no query)",
				  text);
	ret->kind = exact ? ROUTE_PATH_EXACT : ROUTE_PATH_PREFIX;
	ret->path = str_of(routes_text(l, text));
	return 0;
}

static int match_parse(const struct routes_loader *l,
		       const struct yaml_node *node, struct route *rule,
		       struct err *err)
{
	static const char *const keys[] = { "name", "uri", "method", NULL };
	struct route_match match = { .kind = ROUTE_PATH_ANY,
				     .path = STR(""),
				     .methods = (unsigned)METHODS_ALL,
				     .line = node->line };
	int rc = routes_known(l, node, keys, err);

	if (rc == 0 && yaml_get(node, "uri"))
		rc = uri_parse(l, yaml_get(node, "uri"), &match, err);
	if (rc == 0 && yaml_get(node, "method"))
		rc = methods_parse(l, yaml_get(node, "method"), &match.methods,
				   err);
	if (rc < 0)
		return rc;
	if (rule->n_matches == ROUTE_MATCHES_MAX)
		return yaml_error(l->doc, node, err, "more than %d matches",
				  ROUTE_MATCHES_MAX);
	rule->matches[rule->n_matches++] = match;
	return 0;
}

int routes_match(const struct routes_loader *l, const struct yaml_node *node,
		 struct route *rule, struct err *err)
{
	const struct yaml_node *list = yaml_get(node, "match");
	int rc = 0;

	rule->matches = arena_array(&l->routes->arena, struct route_match,
				    ROUTE_MATCHES_MAX);
	if (!list) {
		rule->n_matches = 1;
		rule->matches[0] = (struct route_match){
			.path = STR(""),
			.methods = (unsigned)METHODS_ALL,
			.line = node->line,
		};
		return 0;
	}
	rc = routes_list(l, list, "match", node, err);
	for (const struct yaml_node *n = list->first; rc == 0 && n; n = n->next)
		rc = match_parse(l, n, rule, err);
	return rc;
}
