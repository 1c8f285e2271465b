#include "router/routes.h"

#include <stdlib.h>
#include <string.h>

#include "http/target.h"

static const struct {
	const char *name;
	enum domain domain;
} resources[] = {
#define RESOURCE_ROW(name, text, domain) [ROUTE_##name] = { text, domain },
	ROUTE_RESOURCES(RESOURCE_ROW)
#undef RESOURCE_ROW
};

const char *route_resource_name(enum route_resource resource)
{
	return resources[resource].name;
}

enum domain route_resource_domain(enum route_resource resource)
{
	return resources[resource].domain;
}

enum route_resource route_resource_of(struct str name)
{
	for (int i = ROUTE_NONE + 1; i < ROUTE_RESOURCE_N; i++) {
		if (str_eqs(name, resources[i].name))
			return (enum route_resource)i;
	}
	return ROUTE_NONE;
}

void routes_free(struct routes *routes)
{
	if (!routes)
		return;
	arena_done(&routes->arena);
	free(routes);
}

void routes_freep(struct routes **routes)
{
	routes_free(*routes);
}

/* "/a" is a prefix of "/a" and "/a/b", not of "/ab"; "/a/" of "/a/b" only. */
static bool prefix_fits(struct str prefix, struct str path)
{
	if (path.n < prefix.n || memcmp(path.at, prefix.at, prefix.n) != 0)
		return false;
	if (path.n == prefix.n || prefix.n == 0)
		return true;
	return prefix.at[prefix.n - 1] == '/' || path.at[prefix.n] == '/';
}

static bool path_fits(const struct route_match *match, struct str path)
{
	switch (match->kind) {
	case ROUTE_PATH_EXACT:
		return str_eq(match->path, path);
	case ROUTE_PATH_PREFIX:
		return prefix_fits(match->path, path);
	case ROUTE_PATH_ANY:
		break;
	}
	return true;
}

static const struct route_match *
rule_fits(const struct route *rule, enum http_method method, struct str path)
{
	for (size_t i = 0; i < rule->n_matches; i++) {
		const struct route_match *match = &rule->matches[i];

		if (match->methods & 1u << method && path_fits(match, path))
			return match;
	}
	return NULL;
}

const struct route *routes_find(const struct routes *routes,
				enum http_method method, struct str path,
				const struct route_match **ret_match)
{
	for (size_t i = 0; i < routes->n; i++) {
		const struct route_match *match =
			rule_fits(&routes->rules[i], method, path);

		if (!match)
			continue;
		if (ret_match)
			*ret_match = match;
		return &routes->rules[i];
	}
	return NULL;
}

int route_template(const struct route *route, const struct http_target *target)
{
	if (target->odd != HTTP_ODD_NONE)
		return -1;
	if (route->n_templates == 0)
		return 0;
	for (size_t i = 0; i < route->n_templates; i++) {
		if (template_match(&route->templates[i], target))
			return (int)i;
	}
	return -1;
}

bool route_match_covers(const struct route_match *a,
			const struct route_match *b)
{
	if ((a->methods & b->methods) != b->methods)
		return false;
	if (a->kind == ROUTE_PATH_ANY)
		return true;
	if (b->kind == ROUTE_PATH_ANY)
		return false;
	if (a->kind == ROUTE_PATH_EXACT)
		return b->kind == ROUTE_PATH_EXACT && str_eq(a->path, b->path);
	return prefix_fits(a->path, b->path);
}
