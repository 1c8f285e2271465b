#include "router/routes_ficus.h"

#include <string.h>

#include "base/err.h"
#include "base/yaml.h"
#include "router/routes.h"
#include "router/routes_load.h"

enum { DURATION_MAX_MS = 24 * 3600 * 1000 };

static const unsigned reads = 1u << HTTP_METHOD_GET | 1u << HTTP_METHOD_HEAD;

int routes_duration(const struct yaml *doc, const struct yaml_node *node,
		    int64_t *ret_ms, struct err *err)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }
	};
	const char *text;
	int rc = yaml_text(doc, node, &text, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < LENGTH(units); i++) {
		struct str s = str_of(text);
		uint64_t n;

		if (!str_ends(s, units[i].unit))
			continue;
		s.n -= strlen(units[i].unit);
		if (!str_to_u64(s, &n))
			continue;
		if (n > DURATION_MAX_MS / units[i].ms)
			return yaml_error(doc, node, err,
					  "%s: longer than a day", text);
		*ret_ms = (int64_t)(n * units[i].ms);
		return 0;
	}
	return yaml_error(doc, node, err,
			  "\"%s\" is no duration: write 250ms, 2s, 5m or 1h",
			  text);
}

/* The texts of a choice, in the order of their enumerators. */
static int choice(const struct yaml *doc, const struct yaml_node *node,
		  const char *const *texts, int *ret, struct err *err)
{
	const char *text;
	int rc = yaml_text(doc, node, &text, err);

	if (rc < 0)
		return rc;
	for (int i = 0; texts[i]; i++) {
		if (strcmp(texts[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return yaml_error(doc, node, err,
			  "%s: \"%s\" is not known here (%s, "
			  "%s, …)",
			  node->key, text, texts[0], texts[1]);
}

/* "/rest/V1/customers/5" → customers: what a path says by itself. */
static enum route_resource resource_of_path(struct str path)
{
	enum route_resource found = ROUTE_NONE;

	while (path.at && found == ROUTE_NONE)
		found = route_resource_of(str_split(&path, '/'));
	return found;
}

static struct str effective_path(const struct route *rule)
{
	return rule->rewrite.at ? rule->rewrite : rule->matches[0].path;
}

static void guess(struct route *rule)
{
	struct str path = effective_path(rule);

	rule->resource = resource_of_path(path);
	if (str_starts(path, "/api/v1"))
		rule->shape = ROUTE_SHAPE_NATIVE;
	else if (str_starts(path, "/rest"))
		rule->shape = ROUTE_SHAPE_MAGENTO;
	rule->domain = route_resource_domain(rule->resource);
	rule->flag = rule->domain;
	rule->fallback = true;
}

static int texts_parse(struct routes *routes, const struct yaml *doc,
		       const struct yaml_node *list, const char ***ret,
		       size_t *ret_n, struct err *err)
{
	const char **texts =
		arena_array(&routes->arena, const char *, ROUTE_TEMPLATES_MAX);
	size_t n = 0;

	if (list->kind != YAML_LIST)
		return yaml_error(doc, list, err, "%s: a list is wanted",
				  list->key);
	for (const struct yaml_node *item = list->first; item;
	     item = item->next) {
		const char *text = NULL;
		int rc = yaml_text(doc, item, &text, err);

		if (rc < 0)
			return rc;
		if (n == ROUTE_TEMPLATES_MAX)
			return yaml_error(doc, item, err,
					  "%s: more than %d entries", list->key,
					  ROUTE_TEMPLATES_MAX);
		texts[n++] = arena_strndup(&routes->arena, text, strlen(text));
	}
	*ret = texts;
	*ret_n = n;
	return 0;
}

static int templates_parse(struct routes *routes, struct route *rule,
			   const struct yaml *doc, const struct yaml_node *list,
			   struct err *err)
{
	const char **texts = NULL;
	size_t n = 0;
	int rc = texts_parse(routes, doc, list, &texts, &n, err);

	if (rc < 0)
		return rc;
	rule->templates = arena_array(&routes->arena, struct template, n);
	for (size_t i = 0; i < n; i++) {
		if (!template_parse(&rule->templates[i], texts[i],
				    &routes->arena))
			return yaml_error(doc, list, err,
					  "templates: \"%s\" is no path "
					  "template like /products/{sku}",
					  texts[i]);
	}
	rule->n_templates = n;
	return 0;
}

static int domain_parse(const struct yaml *doc, const struct yaml_node *node,
			enum domain *ret, struct err *err)
{
	const char *text;
	int rc = yaml_text(doc, node, &text, err);

	if (rc < 0)
		return rc;
	*ret = domain_of(text);
	if (*ret == DOMAIN_NONE && strcmp(text, "none") != 0)
		return yaml_error(doc, node, err,
				  "%s: \"%s\" is not known (customer, catalog, "
				  "order; flags end in _read)",
				  node->key, text);
	return 0;
}

/* Keys whose value is one of a few words. */
static int words_parse(struct route *rule, const struct yaml *doc,
		       const struct yaml_node *node, struct err *err)
{
	static const char *const fallbacks[] = { "none", "magento", NULL };
	static const char *const auths[] = { "magento", "none", NULL };
	static const char *const ryws[] = { "strict", "weak", "none", NULL };
	static const char *const names[] = { "none",	 "customers",
					     "products", "categories",
					     "orders",	 NULL };
	int fallback = rule->fallback, auth = (int)rule->auth;
	int ryw = (int)rule->ryw, resource = (int)rule->resource;
	int rc = 0;

	if (strcmp(node->key, "fallback") == 0)
		rc = choice(doc, node, fallbacks, &fallback, err);
	else if (strcmp(node->key, "auth") == 0)
		rc = choice(doc, node, auths, &auth, err);
	else if (strcmp(node->key, "ryw") == 0)
		rc = choice(doc, node, ryws, &ryw, err);
	else
		rc = choice(doc, node, names, &resource, err);
	rule->fallback = fallback != 0;
	rule->auth = (enum route_auth)auth;
	rule->ryw = (enum route_ryw)ryw;
	if (resource != (int)rule->resource) {
		rule->resource = (enum route_resource)resource;
		rule->domain = route_resource_domain(rule->resource);
		rule->flag = rule->domain;
	}
	return rc;
}

static int key_parse(struct routes *routes, struct route *rule,
		     const struct yaml *doc, const struct yaml_node *node,
		     struct err *err)
{
	if (strcmp(node->key, "domain") == 0)
		return domain_parse(doc, node, &rule->domain, err);
	if (strcmp(node->key, "flag") == 0)
		return domain_parse(doc, node, &rule->flag, err);
	if (strcmp(node->key, "max_lag") == 0)
		return routes_duration(doc, node, &rule->max_lag_ms, err);
	if (strcmp(node->key, "omit") == 0)
		return texts_parse(routes, doc, node, &rule->omit,
				   &rule->n_omit, err);
	if (strcmp(node->key, "templates") == 0)
		return templates_parse(routes, rule, doc, node, err);
	return words_parse(rule, doc, node, err);
}

/* In this order, whatever the file's: a resource gives the domain, a domain
 * the flag. */
static int keys_parse(struct routes *routes, struct route *rule,
		      const struct yaml *doc, const struct yaml_node *map,
		      struct err *err)
{
	static const char *const keys[] = {
		"resource", "domain", "flag", "fallback",  "max_lag",
		"auth",	    "ryw",    "omit", "templates", NULL,
	};
	bool flag = yaml_get(map, "flag") != NULL;
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_error(doc, map, err, "x-ficus: a map is wanted");
	rc = yaml_known_keys(doc, map, keys, err);
	for (int i = 0; rc == 0 && keys[i]; i++) {
		const struct yaml_node *node = yaml_get(map, keys[i]);

		if (node)
			rc = key_parse(routes, rule, doc, node, err);
		if (i == 1 && !flag)
			rule->flag = rule->domain;
	}
	return rc;
}

static bool only_reads(const struct route *rule)
{
	for (size_t i = 0; i < rule->n_matches; i++) {
		if (rule->matches[i].methods & ~reads)
			return false;
	}
	return true;
}

static bool has_destination(const struct route *rule, bool copy)
{
	for (size_t i = 0; i < rule->n_destinations; i++) {
		uint16_t upstream = rule->destinations[i].upstream;

		if (copy ? upstream == ROUTE_COPY : upstream != ROUTE_MAGENTO)
			return true;
	}
	return false;
}

static int check(const struct route *rule, const struct yaml *doc,
		 const struct yaml_node *node, bool allow_auth_none,
		 struct err *err)
{
	if (has_destination(rule, true) && !only_reads(rule))
		return yaml_error(doc, node, err,
				  "the copy answers GET and HEAD only: give "
				  "the rule a method and send the others to "
				  "magento");
	if (has_destination(rule, true) &&
	    (rule->shape != ROUTE_SHAPE_NATIVE || rule->domain == DOMAIN_NONE))
		return yaml_error(doc, node, err,
				  "the copy answers /api/v1/customers, "
				  "products, categories and orders only: send "
				  "the rule elsewhere or rewrite its uri");
	if (rule->gated && rule->auth == ROUTE_AUTH_NONE && !allow_auth_none &&
	    rule->domain != DOMAIN_CATALOG)
		return yaml_error(doc, node, err,
				  "auth: none would show %s records to "
				  "anyone; if an outer gateway authorises, "
				  "set router.allow_auth_none: true",
				  domain_name(rule->domain));
	return 0;
}

int routes_ficus(struct routes *routes, struct route *rule,
		 const struct yaml *doc, const struct yaml_node *node,
		 const struct routes_conf *conf, struct err *err)
{
	const struct yaml_node *map = yaml_get(node, "x-ficus");
	int rc;

	guess(rule);
	rc = map ? keys_parse(routes, rule, doc, map, err) : 0;
	if (rc < 0)
		return rc;
	rule->gated = has_destination(rule, false) && only_reads(rule) &&
		      rule->domain != DOMAIN_NONE;
	if (!rule->gated)
		rule->fallback = false;
	return check(rule, doc, map ? map : node, conf->allow_auth_none, err);
}
