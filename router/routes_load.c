#include "router/routes_load.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "router/routes.h"
#include "router/routes_ficus.h"
#include "router/routes_match.h"
#include "router/routes_upstream.h"

static const char builtin[] = "apiVersion: networking.istio.io/v1beta1\n"
			      "kind: VirtualService\n"
			      "metadata:\n"
			      "  name: ficus-builtin\n"
			      "spec:\n"
			      "  hosts: [\"*\"]\n"
			      "  http:\n"
			      "  - name: customers-read\n"
			      "    match:\n"
			      "    - uri: {prefix: /api/v1/customers}\n"
			      "      method: {oneOf: [GET, HEAD]}\n"
			      "    route:\n"
			      "    - destination: {host: copy}\n"
			      "  - name: products-read\n"
			      "    match:\n"
			      "    - uri: {prefix: /api/v1/products}\n"
			      "      method: {oneOf: [GET, HEAD]}\n"
			      "    route:\n"
			      "    - destination: {host: copy}\n"
			      "  - name: categories-read\n"
			      "    match:\n"
			      "    - uri: {prefix: /api/v1/categories}\n"
			      "      method: {oneOf: [GET, HEAD]}\n"
			      "    route:\n"
			      "    - destination: {host: copy}\n"
			      "  - name: orders-read\n"
			      "    match:\n"
			      "    - uri: {prefix: /api/v1/orders}\n"
			      "      method: {oneOf: [GET, HEAD]}\n"
			      "    route:\n"
			      "    - destination: {host: copy}\n"
			      "  - name: magento\n"
			      "    route:\n"
			      "    - destination: {host: magento}\n";

/* port: {number: 80} */
static int port_parse(const struct routes_loader *l,
		      const struct yaml_node *node, uint16_t *ret,
		      struct err *err)
{
	static const char *const keys[] = { "number", NULL };
	int64_t number = 0;
	int rc = routes_known(l, node, keys, err);

	if (rc == 0)
		rc = yaml_int(l->doc, yaml_get(node, "number"), 1, 65535,
			      &number, err);
	*ret = (uint16_t)number;
	return rc;
}

static int destination_parse(const struct routes_loader *l,
			     const struct yaml_node *node,
			     struct route_destination *ret, struct err *err)
{
	static const char *const keys[] = { "destination", "weight", "port",
					    NULL };
	static const char *const inner[] = { "host", "port", NULL };
	const struct yaml_node *to = yaml_get(node, "destination");
	const struct yaml_node *port = yaml_get(node, "port");
	const char *host = NULL;
	uint16_t number = 0;
	int64_t weight = 100;
	int rc = routes_known(l, node, keys, err);

	if (rc < 0)
		return rc;
	if (!to || !yaml_get(to, "host"))
		return yaml_error(l->doc, node, err,
				  "route: a destination with a host is wanted");
	rc = routes_known(l, to, inner, err);
	if (rc == 0 && port && yaml_get(to, "port"))
		return yaml_error(l->doc, port, err,
				  "port stands in the destination already");
	port = port ? port : yaml_get(to, "port");
	if (rc == 0)
		rc = yaml_text(l->doc, yaml_get(to, "host"), &host, err);
	if (rc == 0 && port)
		rc = port_parse(l, port, &number, err);
	if (rc == 0 && yaml_get(node, "weight"))
		rc = yaml_int(l->doc, yaml_get(node, "weight"), 0, 100, &weight,
			      err);
	if (rc < 0)
		return rc;
	rc = routes_upstream(l->routes, host, number, node->line, err);
	if (rc < 0) {
		struct err why = *err;

		return yaml_error(l->doc, node, err, "%s", why.msg);
	}
	*ret = (struct route_destination){ (uint16_t)rc, (uint16_t)weight };
	return 0;
}

static int route_list_parse(const struct routes_loader *l,
			    const struct yaml_node *node, struct route *rule,
			    struct err *err)
{
	const struct yaml_node *list = yaml_get(node, "route");
	unsigned sum = 0;
	int rc = routes_list(l, list, "route", node, err);

	if (rc < 0)
		return rc;
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		struct route_destination to = { 0 };

		if (rule->n_destinations == ROUTE_DESTINATIONS_MAX)
			return yaml_error(l->doc, n, err,
					  "more than %d destinations",
					  ROUTE_DESTINATIONS_MAX);
		rc = destination_parse(l, n, &to, err);
		if (rc < 0)
			return rc;
		rule->destinations[rule->n_destinations++] = to;
		sum += to.weight;
	}
	if (sum != 100)
		return yaml_error(l->doc, list, err,
				  "weights sum up to %u, not to 100", sum);
	return 0;
}

static int rewrite_parse(const struct routes_loader *l,
			 const struct yaml_node *node, struct route *rule,
			 struct err *err)
{
	static const char *const keys[] = { "uri", NULL };
	const struct yaml_node *uri = yaml_get(node, "uri");
	const char *text = "";
	int rc = routes_known(l, node, keys, err);

	if (rc == 0)
		rc = yaml_text(l->doc, uri, &text, err);
	if (rc < 0)
		return rc;
	if (text[0] != '/' || strpbrk(text, "?# "))
		return yaml_error(l->doc, uri, err, "uri: \"%s\" is no path",
				  text);
	for (size_t i = 0; i < rule->n_matches; i++) {
		if (rule->matches[i].kind == ROUTE_PATH_ANY)
			return yaml_error(l->doc, node, err,
					  "rewrite: a match without uri has "
					  "nothing to be replaced");
	}
	rule->rewrite = str_of(routes_text(l, text));
	return 0;
}

static int rule_name(const struct routes_loader *l,
		     const struct yaml_node *node, struct route *rule,
		     struct err *err)
{
	const struct yaml_node *name = yaml_get(node, "name");
	const char *text = NULL;
	int rc = name ? yaml_text(l->doc, name, &text, err) : 0;

	if (rc < 0)
		return rc;
	if (text)
		rule->name = routes_text(l, text);
	else
		rule->name = arena_printf(&l->routes->arena, "rule %u",
					  rule->index + 1);
	return 0;
}

static int rule_parse(const struct routes_loader *l,
		      const struct yaml_node *node, struct err *err)
{
	static const char *const keys[] = { "name",    "match",	  "route",
					    "rewrite", "timeout", "x-ficus",
					    NULL };
	struct routes *routes = l->routes;
	struct route *rule;
	int rc = routes_known(l, node, keys, err);

	if (rc < 0)
		return rc;
	if (routes->n == ROUTE_RULES_MAX)
		return yaml_error(l->doc, node, err, "more than %d rules",
				  ROUTE_RULES_MAX);
	rule = &routes->rules[routes->n];
	rule->index = (unsigned)routes->n;
	rule->line = node->line;
	rc = rule_name(l, node, rule, err);
	if (rc == 0)
		rc = routes_match(l, node, rule, err);
	if (rc == 0)
		rc = route_list_parse(l, node, rule, err);
	if (rc == 0 && yaml_get(node, "rewrite"))
		rc = rewrite_parse(l, yaml_get(node, "rewrite"), rule, err);
	if (rc == 0 && yaml_get(node, "timeout"))
		rc = routes_duration(l->doc, yaml_get(node, "timeout"),
				     &rule->timeout_ms, err);
	if (rc == 0)
		rc = routes_ficus(routes, rule, l->doc, node, l->conf, err);
	if (rc == 0)
		routes->n++;
	return rc;
}

static void warn_shadowed(const struct routes_loader *l,
			  const struct route *rule,
			  const struct route_match *match)
{
	struct routes *routes = l->routes;

	for (size_t i = 0; i < rule->index; i++) {
		const struct route *above = &routes->rules[i];

		for (size_t j = 0; j < above->n_matches; j++) {
			if (!route_match_covers(&above->matches[j], match))
				continue;
			routes->warnings[routes->n_warnings++] = arena_printf(
				&routes->arena,
				"%s:%u: this match of \"%s\" is never reached: "
				"\"%s\" in line %u takes all of it",
				yaml_file(l->doc), match->line, rule->name,
				above->name, above->matches[j].line);
			return;
		}
	}
}

static void warnings_find(const struct routes_loader *l)
{
	struct routes *routes = l->routes;
	size_t n = 0;

	for (size_t i = 0; i < routes->n; i++)
		n += routes->rules[i].n_matches;
	routes->warnings = arena_array(&routes->arena, const char *, n);
	for (size_t i = 0; i < routes->n; i++) {
		struct route *rule = &routes->rules[i];

		for (size_t j = 0; j < rule->n_matches; j++)
			warn_shadowed(l, rule, &rule->matches[j]);
	}
}

static int document_parse(const struct routes_loader *l, struct err *err)
{
	static const char *const keys[] = { "apiVersion", "kind", "metadata",
					    "spec", NULL };
	static const char *const inner[] = { "hosts", "gateways", "http",
					     NULL };
	const struct yaml_node *root = yaml_root(l->doc);
	const struct yaml_node *spec = yaml_get(root, "spec");
	const struct yaml_node *kind = yaml_get(root, "kind");
	const struct yaml_node *http = yaml_get(spec, "http");
	size_t n = 0;
	int rc = routes_known(l, root, keys, err);

	if (rc < 0)
		return rc;
	if (!kind || !kind->text || strcmp(kind->text, "VirtualService") != 0)
		return yaml_error(l->doc, kind ? kind : root, err,
				  "kind: VirtualService is wanted");
	if (!spec)
		return yaml_error(l->doc, root, err, "spec is missing");
	rc = routes_known(l, spec, inner, err);
	if (rc == 0)
		rc = routes_list(l, http, "http", spec, err);
	if (rc < 0)
		return rc;
	for (const struct yaml_node *node = http->first; node;
	     node = node->next)
		n++;
	l->routes->rules = arena_array(&l->routes->arena, struct route, n);
	for (const struct yaml_node *node = http->first; rc == 0 && node;
	     node = node->next)
		rc = rule_parse(l, node, err);
	if (rc == 0)
		warnings_find(l);
	return rc;
}

static int routes_make(const struct yaml *doc, const struct routes_conf *conf,
		       struct routes **ret, struct err *err)
{
	CLEANUP(routes_freep)
	struct routes *routes = mem_zalloc(sizeof(*routes));
	struct routes_loader l = { routes, doc, conf };
	int rc;

	arena_init(&routes->arena);
	rc = routes_upstreams_init(routes, conf, err);
	if (rc == 0)
		rc = document_parse(&l, err);
	if (rc == 0)
		*ret = TAKE(routes);
	return rc;
}

int routes_parse(const char *file, const void *bytes, size_t n,
		 const struct routes_conf *conf, struct routes **ret,
		 struct err *err)
{
	CLEANUP(yaml_freep) struct yaml *doc = NULL;
	int rc = yaml_parse(file, bytes, n, &doc, err);

	return rc < 0 ? rc : routes_make(doc, conf, ret, err);
}

/* Who sets router.allow_auth_none says that somebody in front authorises; the
 * built-in routes have no x-ficus in which to say it again. */
static int builtin_parse(const struct routes_conf *conf, struct routes **ret,
			 struct err *err)
{
	int rc = routes_parse("built-in routes", builtin, sizeof(builtin) - 1,
			      conf, ret, err);

	for (size_t i = 0; rc == 0 && i < (*ret)->n; i++) {
		if (conf->allow_auth_none)
			(*ret)->rules[i].auth = ROUTE_AUTH_NONE;
	}
	return rc;
}

int routes_load(const char *path, const struct routes_conf *conf,
		struct routes **ret, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml *doc = NULL;
	int rc;

	if (!path || !*path)
		return builtin_parse(conf, ret, err);
	rc = yaml_load(path, &doc, err);
	return rc < 0 ? rc : routes_make(doc, conf, ret, err);
}
